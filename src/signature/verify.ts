import { type Ed25519PublicKey, verify } from '../crypto/ed25519.ts';
import { type ErrorCode, type ErrorDetails, HanaperError } from '../errors.ts';
import type { PackageSignature } from './document.ts';
import { type FindPlace, findEachOnce, type VerifySignature, verifyEachOnce } from './each-once.ts';
import { countsDespite, describeRevocation, type KeyRevocation, type SignaturePlace } from './key-revocation.ts';
import { aheadTolerance, parseTime } from './time.ts';

export type { FindPlace, VerifySignature } from './each-once.ts';

/** A public key that the verifying organisation accepts. */
export interface TrustedKey {
  /** 64 hex characters. */
  readonly fingerprint: string;
  readonly publicKey: Ed25519PublicKey;
  readonly name: string | null;
  /** What people call it, by the rows of the verifier; nobody has signed it. Absent: nothing else than its name. */
  readonly label?: string;
  /** DIDs of the organisations known to own the key; a statement must name one of them. Empty: not known. */
  readonly owners: readonly string[];
  /** The organisation whose keys are accepted through a trust ACL; absent: trusted directly. */
  readonly via?: string;
  /** Absent: the key is not revoked. */
  readonly revocation?: KeyRevocation;
}

/** What is verified: a package, by its SHA-256 (64 hex characters) and the file name it is expected under. */
export interface PackageIdentity {
  readonly hash: string;
  readonly name: string;
}

/** A signature to try: one that was read, or the reason why one could not be. */
export type Candidate =
  | { readonly origin: 'detached' | 'database'; readonly signature: PackageSignature }
  | { readonly malformed: HanaperError };

/** The signature that was accepted. */
export interface AcceptedSignature {
  readonly key: TrustedKey;
  readonly signature: PackageSignature;
  /** Where it stands in the log, if that was asked and is proven. */
  readonly place?: SignaturePlace;
}

/** What a verification may be handed besides trust. */
export interface VerificationAids {
  /** `verify` of `hanaper/crypto`, which is the default, or one that remembers. */
  readonly verify?: VerifySignature;
  /** Asked about signatures by keys that were revoked with a reason. Default: nothing is proven. */
  readonly findPlace?: FindPlace;
}

/** What verification found in all candidates. */
export interface CollectedSignatures {
  /** Those that passed, in their order. */
  readonly accepted: readonly AcceptedSignature[];
  /** Why the candidate that came furthest was refused; absent where none was. */
  readonly refusal?: HanaperError;
}

interface Case {
  readonly identity: PackageIdentity;
  readonly signature: PackageSignature;
  readonly key: TrustedKey | undefined;
  readonly place: SignaturePlace | undefined;
  readonly now: number;
  readonly verify: VerifySignature;
}

type Common = Pick<Case, 'identity' | 'now' | 'verify'> & Pick<VerificationAids, 'findPlace'>;

// How far a candidate came, as the index of the check that refused it; before the first: malformed, or not there.
interface FailedCandidate {
  readonly reached: number;
  readonly error: HanaperError;
}

type Check = (subject: Case) => HanaperError | undefined | Promise<HanaperError | undefined>;

// In the order of docs/formats/package-signature.md, section "Order of checks".
const checks: readonly Check[] = [
  isOfThisPackage,
  isByTrustedSigner,
  isValidSignature,
  isUnderExpectedName,
  isByOwningOrganisation,
  isSignedBeforeNow,
  isNotExpired,
];

/**
 * Finds the first of `candidates` that a trusted key made for exactly this package. A revoked key counts for what is proven
 * to have been in the log before its revocation took effect. Where none passes, the error is that of the one that came
 * furthest.
 *
 * @throws HanaperError `signature_not_found`, `malformed_signature`, `package_tampered`, `untrusted_signer`,
 * `invalid_signature`, `package_name_mismatch`, `signature_not_yet_valid`, `signature_expired`
 */
export async function verifySignatures(
  identity: PackageIdentity,
  candidates: readonly Candidate[],
  trustedKeys: ReadonlyMap<string, TrustedKey>,
  now: Date,
  aids: VerificationAids = {},
): Promise<AcceptedSignature> {
  const common = gatherCommon(identity, now, aids);
  let furthest: FailedCandidate | undefined;
  for (const candidate of candidates) {
    const verdict = await judge(candidate, trustedKeys, common);
    if ('key' in verdict) return verdict;
    furthest = furtherOf(furthest, verdict);
  }
  // Made only where it is needed: an error with its trace costs a twentieth of a verification.
  throw (furthest ?? notFound(identity)).error;
}

/** Like {@link verifySignatures}, but tries every candidate, and tells what came of them all: for who needs more than one. */
export async function collectSignatures(
  identity: PackageIdentity,
  candidates: readonly Candidate[],
  trustedKeys: ReadonlyMap<string, TrustedKey>,
  now: Date,
  aids: VerificationAids = {},
): Promise<CollectedSignatures> {
  const common = gatherCommon(identity, now, aids);
  const accepted: AcceptedSignature[] = [];
  let furthest = candidates.length === 0 ? notFound(identity) : undefined;
  for (const candidate of candidates) {
    const verdict = await judge(candidate, trustedKeys, common);
    if ('key' in verdict) accepted.push(verdict);
    else furthest = furtherOf(furthest, verdict);
  }
  return furthest ? { accepted, refusal: furthest.error } : { accepted };
}

function gatherCommon(identity: PackageIdentity, now: Date, aids: VerificationAids): Common {
  const { verify: verifySignature = verify, findPlace } = aids;
  return {
    identity,
    now: now.getTime(),
    verify: verifyEachOnce(verifySignature),
    ...(findPlace && { findPlace: findEachOnce(findPlace) }),
  };
}

function furtherOf(furthest: FailedCandidate | undefined, refusal: FailedCandidate): FailedCandidate {
  return furthest === undefined || refusal.reached > furthest.reached ? refusal : furthest;
}

async function judge(
  candidate: Candidate,
  trustedKeys: ReadonlyMap<string, TrustedKey>,
  common: Common,
): Promise<AcceptedSignature | FailedCandidate> {
  if ('malformed' in candidate) return { reached: -1, error: candidate.malformed };
  const { origin, signature } = candidate;
  const { identity } = common;
  // A stored signature of another package is as good as none.
  if (origin === 'database' && signature.packageHash !== identity.hash) return notFound(identity);
  const key = trustedKeys.get(signature.keyFingerprint);
  const place = key?.revocation?.reason ? await common.findPlace?.(signature) : undefined;
  const subject: Case = { identity, now: common.now, verify: common.verify, signature, key, place };
  for (const [reached, check] of checks.entries()) {
    const error = await check(subject);
    if (error) return { reached, error };
  }
  if (key === undefined) throw new TypeError('a signature without a trusted key passed every check');
  return place === undefined ? { key, signature } : { key, signature, place };
}

function isOfThisPackage({ identity, signature }: Case): HanaperError | undefined {
  if (signature.packageHash === identity.hash) return undefined;
  return refuse('package_tampered', `${identity.name} is not the file that was signed: its SHA-256 differs.`, {
    expected: signature.packageHash,
    actual: identity.hash,
  });
}

function isByTrustedSigner({ identity, signature, key, place }: Case): HanaperError | undefined {
  if (key?.revocation) return judgeRevoked(identity, key.fingerprint, key.revocation, place);
  if (key) return undefined;
  return refuse(
    'untrusted_signer',
    `${identity.name} is signed by the key ${signature.keyFingerprint}, which is not trusted here. Trust the key or accept its organisation only if you know whose it is.`,
    { fingerprint: signature.keyFingerprint },
  );
}

function judgeRevoked(
  { name }: PackageIdentity,
  fingerprint: string,
  revocation: KeyRevocation,
  place: SignaturePlace | undefined,
): HanaperError | undefined {
  if (countsDespite(revocation, place?.index)) return undefined;
  const { revokedAt, reason, effectiveAt, effectiveIndex } = revocation;
  const when = `which was revoked at ${revokedAt}`;
  const why =
    reason === null
      ? `${when} without a reason: nothing that it signed counts`
      : `${when} as ${reason}, effective ${effectiveAt}: it counts for what the log held before entry ${effectiveIndex}, and this signature ${place ? `is in entry ${place.index}` : 'is not proven to be in it'}`;
  return refuse(
    'untrusted_signer',
    `${name} is signed by the key ${fingerprint}, ${why}. Ask its signer to sign it again with a key that is trusted.`,
    { fingerprint, ...describeRevocation(revocation, place?.index) },
  );
}

async function isValidSignature({
  identity,
  signature,
  key,
  verify: verifySignature,
}: Case): Promise<HanaperError | undefined> {
  if (key && (await verifySignature(key.publicKey, signature.message, signature.signature))) return undefined;
  return refuse('invalid_signature', `The signature of ${identity.name} is not valid: it was altered or forged.`, {
    fingerprint: signature.keyFingerprint,
  });
}

function isUnderExpectedName({ identity, signature: { statement } }: Case): HanaperError | undefined {
  if (statement === undefined || statement.name === identity.name) return undefined;
  const details = { expected: identity.name, actual: statement.name };
  if (statement.name.normalize() === identity.name.normalize()) {
    return refuse(
      'package_name_mismatch',
      `The package was signed under a name that looks like ${identity.name} and is written in other characters: ${escapeUnicode(statement.name)}, and here it is ${escapeUnicode(identity.name)}. The two differ in their Unicode form alone. Give the name it was signed under if that is what you expect.`,
      { ...details, reason: 'unicode form', expected_form: formOf(identity.name), actual_form: formOf(statement.name) },
    );
  }
  return refuse(
    'package_name_mismatch',
    `The package was signed under the name ${statement.name}, and not under ${identity.name}. Give the name it was signed under if that is what you expect.`,
    details,
  );
}

function formOf(name: string): 'NFC' | 'NFD' | 'mixed' {
  if (name === name.normalize('NFC')) return 'NFC';
  return name === name.normalize('NFD') ? 'NFD' : 'mixed';
}

function escapeUnicode(name: string): string {
  return name.replace(/[^ -~]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

function isByOwningOrganisation({ identity, signature: { statement }, key }: Case): HanaperError | undefined {
  if (statement === undefined || !key || key.owners.length === 0) return undefined;
  if (key.owners.includes(statement.organisation)) return undefined;
  return refuse(
    'untrusted_signer',
    `${identity.name} is signed in the name of ${statement.organisation}, which does not own the key that signed it.`,
    { fingerprint: key.fingerprint, organisation: statement.organisation, owners: key.owners },
  );
}

function isSignedBeforeNow({ identity, signature: { statement }, now }: Case): HanaperError | undefined {
  if (statement === undefined || timeOf(statement.signedAt) <= now + aheadTolerance) return undefined;
  return refuse(
    'signature_not_yet_valid',
    `The signature of ${identity.name} is dated ${statement.signedAt}, after now. Check the clock of this machine and the signer's.`,
    { signedAt: statement.signedAt, now: new Date(now).toISOString() },
  );
}

function isNotExpired({ identity, signature: { statement }, now }: Case): HanaperError | undefined {
  if (statement?.expiresAt === undefined || now <= timeOf(statement.expiresAt)) return undefined;
  return refuse(
    'signature_expired',
    `The signature of ${identity.name} expired at ${statement.expiresAt}. Ask its signer to sign it again.`,
    { expiresAt: statement.expiresAt, now: new Date(now).toISOString() },
  );
}

function timeOf(text: string): number {
  return parseTime(text) ?? Number.NaN;
}

function notFound(identity: PackageIdentity): FailedCandidate {
  const error = refuse(
    'signature_not_found',
    `No signature was found for ${identity.name}. Get its .sig file from its publisher, or sign it.`,
    {
      packageHash: identity.hash,
    },
  );
  return { reached: -2, error };
}

function refuse(code: ErrorCode, message: string, details: ErrorDetails): HanaperError {
  return new HanaperError(code, message, details);
}
