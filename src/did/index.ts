/** Decentralized identifiers: the names of keys. */
export {
  decodeDidKey,
  decodeDidKeyToVerify,
  decodeEd25519DidKey,
  encodeDidKey,
  encodeEd25519DidKey,
  isDidKey,
} from './did-key.ts';
export { importPublicKeyOf, type KeyType, type PublicKey, verifyWithKey } from './public-key.ts';
