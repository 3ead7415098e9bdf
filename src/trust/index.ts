/** Whose signatures count: trust as a value that is handed to verification, and the interface of whatever gives it. */
export {
  type BundleClaims,
  bundlePayloadType,
  maxBundleLength,
  signBundle,
} from './bundle.ts';
export { createBundleSource } from './bundle-source.ts';
export { checkPackageProof, type ProvenPlace } from './check-proof.ts';
export { checkSnapshot } from './check-snapshot.ts';
export { compareTrustState } from './compare-state.ts';
export type { UnmetRule } from './evaluate-policy.ts';
export { matchesNamePattern } from './name-pattern.ts';
export { type BundleContext, openBundle, requireNotExpired, type TrustBundle } from './open-bundle.ts';
export { openSnapshot } from './open-snapshot.ts';
export { parsePolicy, parsePolicyText, policyLimits } from './parse-policy.ts';
export {
  formatPolicy,
  type NameRule,
  type PolicyGroup,
  type PolicyLevel,
  type VerificationPolicy,
} from './policy.ts';
export {
  decodePackageProof,
  formatProofFile,
  maxProofFileLength,
  type PackageProof,
  parseProofFile,
} from './proof.ts';
export { resolveStateKeys, resolveTrustedKeys, trustBareKeys } from './resolve.ts';
export {
  aheadOf,
  checkBundle,
  formatSeen,
  knowsBefore,
  laterOf,
  maxSeenLength,
  nothingSeen,
  parseSeen,
  type SeenAuthority,
  type SeenTrust,
  wasSeen,
  withoutSeen,
} from './seen.ts';
export {
  type SignedSnapshot,
  type SnapshotAuthority,
  type SnapshotClaims,
  signSnapshot,
} from './snapshot.ts';
export type { TrustMaterial, TrustQuery, TrustSource } from './source.ts';
export { encodeTrustState, type StateKey, type TrustState } from './state.ts';
export { TrustedLog } from './trusted-log.ts';
export { type PolicyOutcome, type TrustCase, type TrustVerdict, verifyByTrust } from './verify.ts';
