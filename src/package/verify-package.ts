import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { requireRefusal } from '../attempt.ts';
import type { Ed25519PublicKey } from '../crypto/ed25519.ts';
import { HanaperError } from '../errors.ts';
import type { HanaperEvent, Observer } from '../events.ts';
import { type OptionNames, requireKnownOptions } from '../options.ts';
import type { PackageIdentity } from '../signature/verify.ts';
import { trustBareKeys } from '../trust/resolve.ts';
import type { TrustMaterial, TrustSource } from '../trust/source.ts';
import { type TrustVerdict, verifyByTrust } from '../trust/verify.ts';
import { explainRefusal } from './explain-refusal.ts';
import { hashPackage, type Progress } from './hash-package.ts';
import type { ReadProofs } from './proof-file.ts';
import { proofPathOf } from './proof-path.ts';
import { signaturePathOf } from './signature-file.ts';
import {
  findProblemBeside,
  gatherCandidates,
  readBeside,
  requireSignatureSource,
  type SignatureSource,
} from './signature-source.ts';
import type { VerificationResult } from './verification-result.ts';

/** How a package is verified. */
export interface VerifyOptions {
  /** Name, DID or id of the organisation whose trust decides; absent: the only one that `trust` knows. */
  readonly organisation?: string;
  readonly trust: TrustSource;
  /** Default: `auto`. */
  readonly source?: SignatureSource;
  /** Files with proofs of where signatures stand in the log. Default: the `.proof.json` file beside the package, if it is there. */
  readonly proofs?: readonly string[];
  /** The name the package must have been signed under. Default: the file's base name. */
  readonly name?: string;
  /** DID of the only authority whose trust counts. */
  readonly authority?: string;
  readonly observer?: Observer;
  /** Default: the present. */
  readonly now?: Date;
  readonly onProgress?: Progress;
}

/** How a package is verified with given keys and nothing else. */
export interface OfflineOptions {
  /** The `.sig` file. Default: `<path>.sig`. */
  readonly signature?: string;
  readonly trustedKeys: readonly Ed25519PublicKey[];
  readonly name?: string;
  readonly observer?: Observer;
  readonly now?: Date;
  readonly onProgress?: Progress;
}

/**
 * Verifies a file on disk against an organisation's trust. The file is hashed as a stream.
 *
 * @throws HanaperError one of the reasons of `verifySignatures`, `policy_not_met`, `package_unreadable`, `package_empty`,
 * `authority_changed`; `not_found` where a file of proofs, or the organisation, is not there, `bad_input` where it cannot be read;
 * `bad_config` for an option that is unknown
 * @example
 * const { signerName } = await verifyPackage('plugin.wasm', { organisation: 'acme', trust: authority });
 */
export async function verifyPackage(path: string, options: VerifyOptions): Promise<VerificationResult> {
  requireKnownOptions('verifyPackage', options, verifyNames);
  requireSignatureSource(options.source);
  return verify(path, options, () => hashPackage(path, options.onProgress));
}

/**
 * Verifies a file on disk with public keys alone: no database, no network.
 *
 * @throws HanaperError one of the reasons of `verifySignatures`, `package_unreadable`, `package_empty`; `bad_config` for an
 * option that is unknown
 */
export async function verifyPackageOffline(path: string, options: OfflineOptions): Promise<VerificationResult> {
  requireKnownOptions('verifyPackageOffline', options, offlineNames);
  const { signature, trustedKeys, ...rest } = options;
  const material = trustBareKeys(trustedKeys);
  return verifyPackage(path, {
    ...rest,
    trust: { trustFor: async () => material },
    source: { kind: 'detached', path: signature ?? signaturePathOf(path) },
  });
}

/** Verifies bytes whose SHA-256 is known, as {@link verifyPackage} does with a file; `path` names them and their `.sig`. */
export async function verifyHash(
  packageHash: string,
  path: string,
  options: VerifyOptions,
): Promise<VerificationResult> {
  return verify(path, options, async () => packageHash);
}

const verifyNames: OptionNames<VerifyOptions> = {
  organisation: true,
  trust: true,
  source: true,
  proofs: true,
  name: true,
  authority: true,
  observer: true,
  now: true,
  onProgress: true,
};

const offlineNames: OptionNames<OfflineOptions> = {
  signature: true,
  trustedKeys: true,
  name: true,
  observer: true,
  now: true,
  onProgress: true,
};

async function verify(path: string, options: VerifyOptions, hash: () => Promise<string>): Promise<VerificationResult> {
  const name = options.name ?? basename(path);
  let now = presentFor(options);
  const organisation = options.organisation === undefined ? {} : { organisation: options.organisation };
  let packageHash: string | undefined;
  try {
    packageHash = await hash();
    // Hashing can take minutes: what expired in the meantime has expired.
    now = presentFor(options);
    const material = await options.trust.trustFor({ packageHash, name, ...organisation });
    requireAuthority(material, options.authority);
    const identity = { hash: packageHash, name };
    const result = await judge(identity, path, { ...options, now }, material);
    options.observer?.(verificationEvent('verification.success', now, { name, ...tellOf(result) }));
    return result;
  } catch (error) {
    const reason = error instanceof HanaperError ? error.code : 'internal';
    const details = { name, ...(packageHash && { package_hash: packageHash }), ...organisation };
    options.observer?.({ ...verificationEvent('verification.failure', now, details), reason });
    throw error instanceof HanaperError ? (options.trust.explain?.(error) ?? error) : error;
  }
}

async function judge(
  identity: PackageIdentity,
  path: string,
  { source = { kind: 'auto' }, proofs: named, now = new Date() }: VerifyOptions,
  material: TrustMaterial,
): Promise<VerificationResult> {
  const proofs = await findProofs(path, named, material);
  const { places, problem } = proofs;
  const beside = readBeside(path, source);
  const candidates = gatherCandidates(source, beside, material, proofs.candidates);
  const common = { identity, now, places };
  try {
    const verdict = await verifyByTrust({ ...common, candidates, material });
    const signatureProblem = await findProblemBeside(verdict, { ...common, candidates: beside, material });
    return { ...describeVerdict(verdict, material, proofs), ...(signatureProblem && { signatureProblem }) };
  } catch (error) {
    throw explainRefusal(requireRefusal(error), material, problem);
  }
}

// The file is looked for before the code that reads it is loaded.
async function findProofs(
  path: string,
  named: readonly string[] | undefined,
  { openLog }: TrustMaterial,
): Promise<ReadProofs> {
  const beside = proofPathOf(path);
  if (named === undefined && (openLog === undefined || !existsSync(beside))) return { candidates: [], places: [] };
  const { readProofs, readProofsBeside } = await import('./proof-file.ts');
  const log = await openLog?.();
  return named === undefined ? readProofsBeside(beside, log) : readProofs(named, log);
}

// A clock that was put back must not bring to life what has expired.
function presentFor({ now = new Date(), trust }: VerifyOptions): Date {
  const earliest = trust.now?.();
  return earliest && earliest > now ? earliest : now;
}

function describeVerdict(
  { first: { key, signature, place }, policy }: TrustVerdict,
  material: TrustMaterial,
  { places, problem }: ReadProofs,
): VerificationResult {
  const expiresAt = signature.statement?.expiresAt;
  const checkpoint = places.find((proven) => proven === place)?.checkpoint;
  const isRemembered = checkpoint !== undefined && material.isRemembered?.(checkpoint) === true;
  return {
    packageHash: signature.packageHash,
    signerFingerprint: key.fingerprint,
    signerName: key.name,
    ...(key.label === undefined ? {} : { signerLabel: key.label }),
    organisation: material.organisation,
    organisationName: material.organisationName ?? null,
    ...(key.via === undefined ? {} : { via: key.via }),
    format: signature.format,
    signedAt: signature.signedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(place && { place: { index: place.index, enrolledAt: place.enrolledAt, isRemembered } }),
    ...(problem && { proofProblem: problem }),
    ...(policy && { policy }),
    ...(material.rollback && { rollback: material.rollback }),
  };
}

function tellOf(result: VerificationResult): HanaperEvent['details'] {
  const { packageHash, signerFingerprint, signerName, organisation, via, format } = result;
  return {
    package_hash: packageHash,
    fingerprint: signerFingerprint,
    key: signerName,
    organisation,
    ...(via && { via }),
    format,
  };
}

function requireAuthority(material: TrustMaterial, expected: string | undefined): void {
  if (expected === undefined || material.authority === expected) return;
  throw new HanaperError(
    'authority_changed',
    `Trust was given by the authority ${material.authority ?? '(none)'}, but only ${expected} is accepted.`,
    { expected, actual: material.authority },
  );
}

function verificationEvent(
  name: 'verification.success' | 'verification.failure',
  now: Date,
  details: object,
): HanaperEvent {
  return { name, time: now.toISOString(), details: { ...details } };
}
