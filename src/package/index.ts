/** Packages as files: hashed, verified, and the `.sig` file beside them. */
export { hashPackage, type Progress } from './hash-package.ts';
export { type BundleTrust, openTrustBundle, type TrustBundleOptions } from './open-trust-bundle.ts';
export { readPackage } from './read-package.ts';
export { appendSignature, readCandidates, signaturePathOf } from './signature-file.ts';
export type { SignatureSource } from './signature-source.ts';
export type { VerificationResult, VerifiedPlace } from './verification-result.ts';
export {
  type OfflineOptions,
  type VerifyOptions,
  verifyHash,
  verifyPackage,
  verifyPackageOffline,
} from './verify-package.ts';
