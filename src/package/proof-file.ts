import { requireRefusal } from '../attempt.ts';
import { encodeUtf8 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { readRegularFile } from '../read-file.ts';
import type { PackageSignature } from '../signature/document.ts';
import { maxSignatures } from '../signature/dsse.ts';
import type { Candidate } from '../signature/verify.ts';
import { checkPackageProof, type ProvenPlace } from '../trust/check-proof.ts';
import {
  decodePackageProof,
  formatProofFile,
  maxProofFileLength,
  type PackageProof,
  parseProofFile,
} from '../trust/proof.ts';
import type { TrustedLog } from '../trust/trusted-log.ts';
import { openUnderLock, withFileLock } from './file-lock.ts';
import { ReservedFile } from './reserve-file.ts';
import { isOfSameSigner, type SignerOfFormat } from './signature-file.ts';

// A receipt and an entry of at most some kilobytes, and a hash for each level of the log.
const largestProof = 64 * 1024;

/** A `.proof.json` file to which proofs are to be added, locked until this is disposed of. */
export interface ProofFilePlace extends Disposable {
  readonly path: string;
  /**
   * Makes sure that the proof of a signature fits.
   *
   * @throws HanaperError `too_large`
   */
  requireRoomFor(signer: SignerOfFormat): void;
  /** Whether another signer's proof fits. */
  readonly isFull: boolean;
  /**
   * Adds proofs, in place of those of the same signers' earlier signatures of that format; others stay.
   *
   * @throws HanaperError `too_large` beyond 16 proofs or 4 MiB, `bad_input`, `unavailable` where it cannot be written
   */
  add(proofs: readonly PackageProof[]): void;
}

/**
 * Finds what would refuse any proof in a `.proof.json` file as it is now, without its lock: nothing is promised for later.
 *
 * @throws HanaperError as {@link reserveProofs} does, but for the lock
 */
export function checkProofs(path: string): void {
  using _place = openPlace(path);
}

/**
 * Takes the lock of a `.proof.json` file and finds whatever could refuse a proof there, before anything is signed.
 *
 * @throws HanaperError `log_tampered` where the file holds something else, `too_large` where it has no room in bytes,
 * `bad_input` where it cannot be read or written, `unavailable` where the lock stays held, or the disk is full
 */
export function reserveProofs(path: string): Promise<ProofFilePlace> {
  return openUnderLock(path, (lock) => openPlace(path, lock));
}

/**
 * Adds proofs to a `.proof.json` file, as signatures are added to a `.sig` file: in place of those of the same signers'
 * earlier signatures of that format; others stay, even with concurrent writers. The file is written beside and renamed.
 *
 * @throws HanaperError `log_tampered` where the file holds something else, `unavailable`, `too_large` beyond 16 proofs or 4 MiB,
 * `bad_input` where it cannot be read or written
 */
export function appendProofs(path: string, added: readonly PackageProof[]): void {
  withFileLock(path, () => {
    using place = openPlace(path);
    place.add(added);
  });
}

function openPlace(path: string, lock?: Disposable): ProofFilePlace {
  using stack = new DisposableStack();
  const proofs = readAll(path);
  const length = encodeUtf8(formatProofFile(proofs)).length;
  if (length + largestProof > maxProofFileLength) throw full(path);
  const file = stack.use(ReservedFile.reserve(path, { mode: 0o644, room: length + largestProof }));
  if (lock) stack.use(lock);
  const othersThan = (signers: readonly SignerOfFormat[]) =>
    proofs.filter(({ signature }) => !signers.some((signer) => isOfSameSigner(signer, signature)));
  const held = stack.move();
  return {
    path,
    isFull: proofs.length >= maxSignatures,
    requireRoomFor: (signer) => {
      if (othersThan([signer]).length >= maxSignatures) throw full(path);
    },
    add: (added) => {
      const all = [...othersThan(added.map(({ signature }) => signature)), ...added];
      const text = encodeUtf8(formatProofFile(all));
      if (all.length > maxSignatures || text.length > maxProofFileLength) throw full(path);
      file.write(text);
    },
    [Symbol.dispose]: () => held.dispose(),
  };
}

/** What the proofs of a package hold. */
export interface ReadProofs {
  /** The signatures in them, whether or not their places are proven. */
  readonly candidates: readonly Candidate[];
  /** Where signatures are proven to stand in the log. */
  readonly places: readonly ProvenPlace[];
  /** Why one of them proves nothing: of several, the first. */
  readonly problem?: HanaperError;
}

/**
 * Reads files of proofs, and checks each proof against the log; without a log none proves anything. What proves
 * nothing is no veto, neither for the others nor for its own signature, which counts as made now.
 *
 * @throws HanaperError `not_found` where a file is not there, `bad_input` where it cannot be read
 */
export async function readProofs(paths: readonly string[], log: TrustedLog | undefined): Promise<ReadProofs> {
  const proofs = paths.flatMap(readProofFile);
  const checked: CheckedProof[] = [];
  if (log) for (const proof of proofs) checked.push(await checkProof(proof, log));
  const problem = checked.find((proof) => proof.problem)?.problem;
  return {
    candidates: checked.flatMap(({ signature }) => (signature ? [{ origin: 'detached', signature }] : [])),
    places: checked.flatMap(({ place }) => place ?? []),
    ...(problem && { problem }),
  };
}

/** Reads the proofs beside a package, as {@link readProofs} does; nobody has named them, so that nothing is wrong with them. */
export async function readProofsBeside(path: string, log: TrustedLog | undefined): Promise<ReadProofs> {
  try {
    return await readProofs([path], log);
  } catch (error) {
    return { candidates: [], places: [], problem: requireRefusal(error) };
  }
}

type ReadProof = { readonly document: unknown } | { readonly problem: HanaperError };

interface CheckedProof {
  readonly signature?: PackageSignature;
  readonly place?: ProvenPlace;
  readonly problem?: HanaperError;
}

function readProofFile(path: string): readonly ReadProof[] {
  const bytes = readRegularFile(path, maxProofFileLength, unreadable);
  if (bytes === undefined) throw missing(path);
  try {
    return parseProofFile(bytes).map((document) => ({ document }));
  } catch (error) {
    return [{ problem: requireRefusal(error) }];
  }
}

async function checkProof(read: ReadProof, log: TrustedLog): Promise<CheckedProof> {
  if ('problem' in read) return read;
  let signature: PackageSignature | undefined;
  try {
    const proof = decodePackageProof(read.document);
    signature = proof.signature;
    return { signature, place: await checkPackageProof(proof, log) };
  } catch (error) {
    const problem = requireRefusal(error);
    return signature ? { signature, problem } : { problem };
  }
}

function readAll(path: string): readonly PackageProof[] {
  const bytes = readRegularFile(path, maxProofFileLength, unreadable);
  if (bytes === undefined) return [];
  try {
    return parseProofFile(bytes).map(decodePackageProof);
  } catch (cause) {
    throw isNoProofFile(path, requireRefusal(cause));
  }
}

function isNoProofFile(path: string, cause: HanaperError): HanaperError {
  return new HanaperError(
    'log_tampered',
    `${path} is there, and cannot be added to: it holds something else than proofs. Move it out of the way, and have the proof written again.`,
    { ...cause.details, path, remedy: 'prove_package' },
    cause,
  );
}

function full(path: string): HanaperError {
  return new HanaperError(
    'too_large',
    `${path} would become too large to be read: at most ${maxSignatures} proofs fit.`,
    {
      path,
      proofs: maxSignatures,
      bytes: maxProofFileLength,
    },
  );
}

function missing(path: string): HanaperError {
  return new HanaperError('not_found', `There is no proof ${path}.`, {
    kind: 'package proof',
    path,
    remedy: 'prove_package',
  });
}

function unreadable(path: string, reason: string, cause?: unknown): HanaperError {
  return new HanaperError('bad_input', `The proof ${path} cannot be read (${reason}).`, { path, reason }, cause);
}
