import { decryptAes256Gcm, encryptAes256Gcm } from '#crypto/aead';
import { concatBytes } from '../bytes.ts';
import { randomBytes } from './random.ts';
import { Secret } from './secret.ts';

const keyLength = 32;
const nonceLength = 12;
const tagLength = 16;

/** How many bytes {@link seal} adds to its plaintext: nonce (12) and tag (16). */
export const sealOverhead: number = nonceLength + tagLength;

/**
 * Seals `plaintext` with AES-256-GCM (NIST SP 800-38D): nonce (12) | ciphertext | tag (16).
 * `nonce` is random unless a published vector fixes it.
 */
export async function seal(
  key: Secret,
  plaintext: Uint8Array,
  aad: Uint8Array,
  nonce: Uint8Array = randomBytes(nonceLength),
): Promise<Uint8Array<ArrayBuffer>> {
  requireLength('key', key.length, keyLength);
  requireLength('nonce', nonce.length, nonceLength);
  return concatBytes(nonce, await encryptAes256Gcm(key.bytes, nonce, plaintext, aad));
}

/** Opens what {@link seal} made; `undefined` where key, associated data or any sealed byte differ. */
export async function open(key: Secret, sealed: Uint8Array, aad: Uint8Array): Promise<Secret | undefined> {
  requireLength('key', key.length, keyLength);
  if (sealed.length < sealOverhead) return undefined;
  const plaintext = await decryptAes256Gcm(
    key.bytes,
    sealed.subarray(0, nonceLength),
    sealed.subarray(nonceLength),
    aad,
  );
  return plaintext && Secret.hold(plaintext);
}

function requireLength(what: string, length: number, expected: number): void {
  if (length !== expected) throw new TypeError(`an AES-256-GCM ${what} has ${expected} bytes, not ${length}`);
}
