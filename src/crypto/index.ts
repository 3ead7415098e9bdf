/** Primitives, without a word of the domain. They name no Node module; what differs by platform is behind `#crypto/…`. */

export { allocateSecret, type SecretBytes } from '../secret-bytes.ts';
export { open, seal, sealOverhead } from './aead.ts';
export { type Argon2Inputs, type Argon2Parameters, argon2id } from './argon2.ts';
export { createSha256, type Sha256, sha256 } from './digest.ts';
export {
  compressEcdsaPublicKey,
  decompressEcdsaPublicKey,
  type EcdsaCurve,
  type EcdsaPublicKey,
  ecdsaPublicKeyOf,
  ecdsaSignatureLength,
  generateEcdsaKey,
  importEcdsaPublicKey,
  malleateEcdsa,
  type SigningCurve,
  signEcdsa,
  verifyEcdsa,
} from './ecdsa.ts';
export {
  type Ed25519PublicKey,
  generateSeed,
  importPublicKey,
  importPublicKeyToVerify,
  publicKeyOf,
  sign,
  verify,
} from './ed25519.ts';
export { fingerprintOf, isSha256Hex } from './fingerprint.ts';
export { hkdfSha256 } from './hkdf.ts';
export { decodePrivateKey, decodePublicKey, encodePrivateKeyPem, encodePublicKeyPem } from './key-format.ts';
export { randomBytes } from './random.ts';
export { importRsaPublicKey, type RsaPublicKey, rsaSignatureLength, verifyRsa } from './rsa.ts';
export { Secret, wipeAllSecrets } from './secret.ts';
export { createUuid, isUuid } from './uuid.ts';
