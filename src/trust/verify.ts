import { equalBytes } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import type { PackageSignature } from '../signature/document.ts';
import type { SignaturePlace } from '../signature/key-revocation.ts';
import {
  type AcceptedSignature,
  type Candidate,
  collectSignatures,
  type FindPlace,
  type PackageIdentity,
  type VerifySignature,
  verifySignatures,
} from '../signature/verify.ts';
import type { UnmetRule } from './evaluate-policy.ts';
import type { VerificationPolicy } from './policy.ts';
import type { TrustMaterial } from './source.ts';

/** What is verified, and by what. */
export interface TrustCase {
  readonly identity: PackageIdentity;
  readonly candidates: readonly Candidate[];
  readonly material: TrustMaterial;
  readonly now: Date;
  /** Where signatures were proven to stand in the log, by `checkPackageProof`. */
  readonly places?: readonly SignaturePlace[];
  /** `verify` of `hanaper/crypto`, which is the default, or one that remembers. */
  readonly verify?: VerifySignature;
}

/** What came of a policy. */
export interface PolicyOutcome {
  readonly level: 'enforce' | 'audit';
  readonly met: boolean;
  /** Empty where it is met. */
  readonly unmet: readonly UnmetRule[];
}

/** What was accepted, and how that stands to the policy. */
export interface TrustVerdict {
  /** The signature that the verdict is told by: the first that was accepted. */
  readonly first: AcceptedSignature;
  /** That one alone, unless a policy asks for more; then all that are good. */
  readonly accepted: readonly AcceptedSignature[];
  /** Absent where there is no policy, or it is off. */
  readonly policy?: PolicyOutcome;
}

/**
 * Verifies a package by the trust of an organisation: at least one signature by a key that it trusts, whatever its policy
 * says, and then what the policy asks.
 *
 * @throws HanaperError the reasons of `verifySignatures`; `policy_not_met` where the policy's level is `enforce`
 */
export async function verifyByTrust(subject: TrustCase): Promise<TrustVerdict> {
  const { identity, candidates, material, now, places = [], verify } = subject;
  const find = combine(places, material.findPlace);
  const aids = { ...(verify && { verify }), ...(find && { findPlace: find }) };
  const { policy } = material;
  if (policy && policy.level !== 'off') return judge(policy, subject, aids);
  const accepted = await verifySignatures(identity, candidates, knownKeys(material), now, aids);
  const first = places.length > 0 ? await locate(accepted, find) : accepted;
  return { first, accepted: [first] };
}

// Those that were withdrawn count for nothing, and are here so that a refusal names their revocation.
function knownKeys({ keys, withdrawn }: TrustMaterial): TrustMaterial['keys'] {
  return withdrawn && withdrawn.size > 0 ? new Map([...withdrawn, ...keys]) : keys;
}

async function judge(
  policy: VerificationPolicy,
  { identity, candidates, material, now, places = [] }: TrustCase,
  aids: { readonly verify?: VerifySignature; readonly findPlace?: FindPlace },
): Promise<TrustVerdict> {
  const { accepted: found, refusal } = await collectSignatures(identity, candidates, knownKeys(material), now, aids);
  const asksForPlace = policy.max_age_seconds !== undefined || policy.require_inclusion_proof !== undefined;
  const find = asksForPlace || places.length > 0 ? aids.findPlace : undefined;
  const accepted = await Promise.all(found.map((each) => locate(each, find)));
  const [first] = accepted;
  if (first === undefined) throw refusal ?? new TypeError('no candidate was accepted, and none refused');
  const { findUnmetRules } = await import('./evaluate-policy.ts');
  const unmet = findUnmetRules(policy, { identity, accepted, now });
  const level = policy.level === 'audit' ? 'audit' : 'enforce';
  if (level === 'enforce' && unmet.length > 0) throw notMet(identity, unmet);
  return { first, accepted, policy: { level, met: unmet.length === 0, unmet } };
}

async function locate(accepted: AcceptedSignature, find: FindPlace | undefined): Promise<AcceptedSignature> {
  const place = accepted.place ?? (await find?.(accepted.signature));
  return place === undefined ? accepted : { ...accepted, place };
}

function combine(places: readonly SignaturePlace[], find: FindPlace | undefined): FindPlace | undefined {
  if (places.length === 0) return find;
  return async (signature) => {
    const found = await find?.(signature);
    return earliest(found === undefined ? places : [...places, found], signature);
  };
}

// One signature may stand in the log twice: that it was there is told by the first.
function earliest(places: readonly SignaturePlace[], { signature }: PackageSignature): SignaturePlace | undefined {
  return places
    .filter((place) => equalBytes(place.signature, signature))
    .reduce<SignaturePlace | undefined>(
      (first, place) => (first && first.index <= place.index ? first : place),
      undefined,
    );
}

function notMet({ name }: PackageIdentity, unmet: readonly UnmetRule[]): HanaperError {
  return new HanaperError(
    'policy_not_met',
    `${name} is signed, but not as the policy of the organisation asks: ${unmet.map(describeRule).join('; ')}. Get the signatures that are missing.`,
    { unmet },
  );
}

function describeRule(unmet: UnmetRule): string {
  switch (unmet.rule) {
    case 'group':
      return `${unmet.signed} of ${unmet.threshold} keys of the group ${unmet.group} have signed`;
    case 'names':
      return 'a key has signed a name that it may not sign';
    case 'max_age_seconds':
      return 'a signature is too old, or has no time that counts';
    case 'require_inclusion_proof':
      return 'the place of a signature in the log is not proven';
  }
}
