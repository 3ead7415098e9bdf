import { encodeHex } from '../bytes.ts';
import type { AcceptedSignature, PackageIdentity } from '../signature/verify.ts';
import { matchesNamePattern } from './name-pattern.ts';
import type { PolicyGroup, VerificationPolicy } from './policy.ts';

/** Something that a policy asks and that is not so, as it is told in results, events and errors. */
export type UnmetRule =
  | {
      readonly rule: 'group';
      /** Name of the group. */
      readonly group: string;
      readonly threshold: number;
      /** How many keys of the group have signed in a way that counts. */
      readonly signed: number;
    }
  | {
      readonly rule: 'names' | 'max_age_seconds' | 'require_inclusion_proof';
      /** Fingerprints of the keys whose signatures do not count for it. */
      readonly keys: readonly string[];
    };

/** What a policy asks of the signatures of one package. */
export interface PolicySubject {
  readonly identity: PackageIdentity;
  /** Valid ones, by trusted keys, each with its place in the log where that is proven. */
  readonly accepted: readonly AcceptedSignature[];
  readonly now: Date;
}

/** What a policy asks and does not get; nothing where it is met. Its level is not looked at. */
export function findUnmetRules(policy: VerificationPolicy, subject: PolicySubject): readonly UnmetRule[] {
  const refused = rules.map(({ rule, holds }) => ({
    rule,
    signatures: subject.accepted.filter((signature) => !holds(policy, signature, subject)),
  }));
  const counted = subject.accepted.filter((each) => !refused.some(({ signatures }) => signatures.includes(each)));
  const short = policy.groups
    .map((group) => countGroup(group, counted))
    .filter(({ threshold, signed }) => signed < threshold);
  if (short.length === 0 && (policy.groups.length > 0 || counted.length > 0)) return [];
  const broken = refused
    .filter(({ signatures }) => signatures.length > 0)
    .map(({ rule, signatures }) => ({ rule, keys: [...new Set(signatures.map(({ key }) => key.fingerprint))] }));
  return [...short, ...broken];
}

// Distinct public keys, not names of keys: one that goes by two names counts once.
function countGroup({ name, keys, threshold }: PolicyGroup, counted: readonly AcceptedSignature[]) {
  const own = counted.filter(({ key }) => keys.includes(key.fingerprint));
  const signed = new Set(own.map(({ key }) => encodeHex(key.publicKey))).size;
  return { rule: 'group', group: name, threshold, signed } as const;
}

type Holds = (policy: VerificationPolicy, accepted: AcceptedSignature, subject: PolicySubject) => boolean;

const rules = [
  { rule: 'names', holds: mayHaveSignedName },
  { rule: 'max_age_seconds', holds: isYoungEnough },
  { rule: 'require_inclusion_proof', holds: isProven },
] as const satisfies readonly { rule: UnmetRule['rule']; holds: Holds }[];

// A hash signature says no name: a key that is held to names has not signed one by it.
function mayHaveSignedName({ names }: VerificationPolicy, { key, signature }: AcceptedSignature): boolean {
  const own = names.filter(({ keys }) => keys.includes(key.fingerprint));
  const { statement } = signature;
  return (
    own.length === 0 ||
    (statement !== undefined && own.some(({ pattern }) => matchesNamePattern(pattern, statement.name)))
  );
}

// Attaching a signature again gives it a later position: the signer's statement keeps its age, and a hash signature
// states nothing.
function isYoungEnough(
  { max_age_seconds }: VerificationPolicy,
  { signature: { statement }, place }: AcceptedSignature,
  { now }: PolicySubject,
): boolean {
  if (max_age_seconds === undefined) return true;
  const earliest = now.getTime() - max_age_seconds * 1000;
  const isSince = (time: string) => Date.parse(time) >= earliest;
  return statement !== undefined && isSince(statement.signedAt) && (place === undefined || isSince(place.enrolledAt));
}

function isProven({ require_inclusion_proof }: VerificationPolicy, { place }: AcceptedSignature): boolean {
  return require_inclusion_proof === undefined || place !== undefined;
}
