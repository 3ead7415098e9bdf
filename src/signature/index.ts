/** Package signatures: the two formats, made and verified. Pure: packages are hashed and `.sig` files read by `hanaper/package`. */
export { listCandidates } from './candidates.ts';
export {
  decodeSignature,
  decodeSignatures,
  hashOnlySignature,
  maxSignatureFileLength,
  type PackageSignature,
  parseSignatureFile,
  type SignatureDocument,
  type SignatureFormat,
  serializeSignatureFile,
  statementSignatures,
} from './document.ts';
export { type DsseEnvelope, maxSignatures } from './dsse.ts';
export type { HashSignature } from './hash-signature.ts';
export {
  countsDespite,
  type KeyRevocation,
  type RevocationReason,
  type SignaturePlace,
  stricterRevocation,
} from './key-revocation.ts';
export { signHash, signStatement } from './sign.ts';
export type { PackageStatement } from './statement.ts';
export { parseTime } from './time.ts';
export {
  type AcceptedSignature,
  type Candidate,
  type CollectedSignatures,
  collectSignatures,
  type FindPlace,
  type PackageIdentity,
  type TrustedKey,
  type VerificationAids,
  type VerifySignature,
  verifySignatures,
} from './verify.ts';
