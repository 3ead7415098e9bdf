import { type EcdsaCurve, type EcdsaPublicKey, type SigningCurve, verifyEcdsa } from '../crypto/ecdsa.ts';
import { type Ed25519PublicKey, verify } from '../crypto/ed25519.ts';
import { type RsaPublicKey, verifyRsa } from '../crypto/rsa.ts';

/** The kinds of keys that are made here and sign. */
export type SigningKeyType = 'ed25519' | SigningCurve;

/** The kinds of keys that a did:key can name here: those that sign, and P-384, P-521 and RSA, which only verify. */
export type KeyType = PublicKey['type'];

/** A public key of one of those kinds, checked. */
export type PublicKey =
  | { readonly type: 'ed25519'; readonly bytes: Ed25519PublicKey }
  | { readonly type: EcdsaCurve; readonly bytes: EcdsaPublicKey }
  | { readonly type: 'rsa'; readonly bytes: RsaPublicKey };

/** Whether `signature` is that of `message` by `key`: 64 bytes, 96 of P-384, 132 of P-521, those of its modulus of RSA. */
export function verifyWithKey(key: PublicKey, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  if (key.type === 'ed25519') return verify(key.bytes, message, signature);
  if (key.type === 'rsa') return verifyRsa(key.bytes, message, signature);
  return verifyEcdsa(key.type, key.bytes, message, signature);
}
