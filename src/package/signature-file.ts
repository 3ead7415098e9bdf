import { encodeUtf8 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { readRegularFile } from '../read-file.ts';
import { failedCandidate, listCandidates } from '../signature/candidates.ts';
import {
  decodeSignature,
  maxSignatureFileLength,
  type PackageSignature,
  parseSignatureFile,
  type SignatureDocument,
  serializeSignatureFile,
} from '../signature/document.ts';
import { maxSignatures, splitEnvelope } from '../signature/dsse.ts';
import type { Candidate } from '../signature/verify.ts';
import { openUnderLock, withFileLock } from './file-lock.ts';
import { ReservedFile } from './reserve-file.ts';

// A name of at most 255 bytes, and fields of fixed length.
const largestSignature = 16 * 1024;

/** The signature file of a package: always `<file name>.sig` beside it. */
export function signaturePathOf(packagePath: string): string {
  return `${packagePath}.sig`;
}

/** The signatures of a `.sig` file as candidates; none where there is no such file. What is malformed is a failed candidate. */
export function readCandidates(path: string): readonly Candidate[] {
  try {
    return (readDocuments(path) ?? []).flatMap(listCandidates);
  } catch (error) {
    return [failedCandidate(error)];
  }
}

/**
 * The signatures of a `.sig` file, a document each, and each well-formed; whether they are valid is for others to find out.
 *
 * @throws HanaperError `malformed_signature`, `signature_not_found` where there is no such file
 */
export function readSignatureDocuments(path: string): readonly SignatureDocument[] {
  const documents = readDocuments(path);
  if (documents === undefined) {
    throw new HanaperError('signature_not_found', `There is no signature file ${path}.`, { path });
  }
  return documents.flatMap(splitEnvelope).map((document) => {
    decodeSignature(document);
    return document as SignatureDocument;
  });
}

/** A `.sig` file to which one signature is to be added, locked until this is disposed of. */
export interface SignatureFilePlace extends Disposable {
  /** Whether another signer's signature fits. */
  readonly isFull: boolean;
  /**
   * Makes sure that the signature of a key fits, in place of its earlier one of that format where there is one.
   *
   * @throws HanaperError `too_large`
   */
  requireRoomFor(signer: SignerOfFormat): void;
  /**
   * Adds the signature, in place of the same signer's earlier one of that format; others stay.
   *
   * @throws HanaperError `too_large` beyond 16 signatures or 1 MiB, `bad_input`, `unavailable` where it cannot be written
   */
  add(document: SignatureDocument): void;
}

/** By what the signatures in a file are told apart. */
export type SignerOfFormat = Pick<PackageSignature, 'keyFingerprint' | 'format'>;

/**
 * Finds what would refuse any signature in a `.sig` file as it is now, without its lock: nothing is promised for later.
 *
 * @throws HanaperError as {@link reserveSignature} does, but for the lock
 */
export function checkSignaturePlace(path: string): void {
  using _place = openPlace(path);
}

/**
 * Takes the lock of a `.sig` file and finds whatever could refuse a signature there, before anything is signed.
 *
 * @throws HanaperError `malformed_signature` where the file is there but unreadable, `too_large` where it has no room in bytes,
 * `bad_input` where it cannot be written, `unavailable` where the lock stays held, or the disk is full
 */
export function reserveSignature(path: string): Promise<SignatureFilePlace> {
  return openUnderLock(path, (lock) => openPlace(path, lock));
}

/**
 * Adds a signature to a `.sig` file, in place of the same signer's earlier one of that format; others stay, even with
 * concurrent signers. The file is written beside and renamed.
 *
 * @throws HanaperError `malformed_signature` where the file is there but unreadable, `unavailable`, `too_large` beyond 16 signatures
 * or 1 MiB, `bad_input` where it cannot be written
 */
export function appendSignature(path: string, document: SignatureDocument): void {
  withFileLock(path, () => {
    using place = openPlace(path);
    place.add(document);
  });
}

function openPlace(path: string, lock?: Disposable): SignatureFilePlace {
  using stack = new DisposableStack();
  const documents = readDocuments(path) ?? [];
  const signers = documents.map(signerOf);
  const { length: count } = documents.flatMap(splitEnvelope);
  const length = lengthOf(documents);
  if (length + largestSignature > maxSignatureFileLength) throw full(path, 'would become too large to be read');
  const file = stack.use(ReservedFile.reserve(path, { mode: 0o644, room: length + largestSignature }));
  if (lock) stack.use(lock);
  const othersThan = (signer: SignerOfFormat) =>
    documents.filter((_, index) => !signers[index] || !isOfSameSigner(signer, signers[index]));
  const requireRoomFor = (signer: SignerOfFormat) => {
    const { length: kept } = othersThan(signer).flatMap(splitEnvelope);
    if (kept >= maxSignatures) throw full(path, `holds ${kept} signatures already, and no more fit`);
  };
  const held = stack.move();
  return {
    isFull: count >= maxSignatures,
    requireRoomFor,
    add: (document) => {
      const added = decodeSignature(document);
      requireRoomFor(added);
      const text = serializeSignatureFile([...othersThan(added), document]);
      if (encodeUtf8(text).length > maxSignatureFileLength) throw full(path, 'would become too large to be read');
      file.write(text);
    },
    [Symbol.dispose]: () => held.dispose(),
  };
}

// An envelope of several signatures is nobody's alone, and is never taken out.
function signerOf(document: unknown): SignerOfFormat | undefined {
  const [signature, ...others] = splitEnvelope(document).map(decodeSignature);
  return others.length === 0 ? signature : undefined;
}

function lengthOf(documents: readonly unknown[]): number {
  return documents.length === 0 ? 0 : encodeUtf8(serializeSignatureFile(documents)).length;
}

/** Whether two signatures are by one key, in one format: then the newer takes the place of the older in a file. */
export function isOfSameSigner(one: SignerOfFormat, other: SignerOfFormat): boolean {
  return one.keyFingerprint === other.keyFingerprint && one.format === other.format;
}

function full(path: string, reason: string): HanaperError {
  return new HanaperError('too_large', `${path} ${reason}.`, {
    path,
    signatures: maxSignatures,
    bytes: maxSignatureFileLength,
  });
}

function readDocuments(path: string): readonly unknown[] | undefined {
  const file = readRegularFile(path, maxSignatureFileLength, unreadable);
  return file && parseSignatureFile(file);
}

function unreadable(path: string, reason: string, cause?: unknown): HanaperError {
  return new HanaperError(
    'malformed_signature',
    `The signature file ${path} cannot be read (${reason}).`,
    { path, reason },
    cause,
  );
}
