/** Decentralized identifiers: the names of keys. */
export {
  decodeDidKey,
  decodeDidKeyToVerify,
  decodeEd25519DidKey,
  encodeDidKey,
  encodeEd25519DidKey,
  isDidKey,
} from './did-key.ts';
export {
  type DidWebRequest,
  type DidWebResolution,
  didWebLimits,
  didWebUrl,
  type FetchDidDocument,
  isDidWeb,
  type ResolvedDidWeb,
  resolveDidWeb,
} from './did-web.ts';
export {
  createDidDocument,
  type DidDocument,
  didDocumentLimits,
  type MultikeyMethod,
  readDidDocument,
  selectVerificationMethods,
  type VerificationMethod,
  type VerificationPurpose,
} from './document.ts';
export { decodeIdentityKey, encodeIdentityKeyPem, encryptIdentityKeyPem } from './identity-key-file.ts';
export { decodePublicJwk, encodeJwk, type PublicJwk } from './jwk.ts';
export { generatePrivateKey, PrivateKey, publicKeyOfPrivate, signWithKey } from './private-key.ts';
export { type KeyType, type PublicKey, type SigningKeyType, verifyWithKey } from './public-key.ts';
export { sealToDid } from './seal-to-did.ts';
