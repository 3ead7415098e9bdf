import { type EcdsaPublicKey, verifyEcdsa } from '../crypto/ecdsa.ts';
import { type Ed25519PublicKey, verify } from '../crypto/ed25519.ts';

/** The kinds of keys that a did:key can name here. */
export type KeyType = 'ed25519' | 'p256' | 'secp256k1';

/** A public key of one of those kinds, checked. */
export type PublicKey =
  | { readonly type: 'ed25519'; readonly bytes: Ed25519PublicKey }
  | { readonly type: 'p256' | 'secp256k1'; readonly bytes: EcdsaPublicKey };

/** Whether `signature` (64 bytes) is that of `message` by `key`. */
export function verifyWithKey(key: PublicKey, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return key.type === 'ed25519'
    ? verify(key.bytes, message, signature)
    : verifyEcdsa(key.type, key.bytes, message, signature);
}
