import { deriveHkdf } from '#crypto/hkdf';
import { authenticateSha256 } from '#crypto/hmac';
import { concatBytes } from '../bytes.ts';
import { Secret } from './secret.ts';

const hashLength = 32;

/** HKDF-SHA256 (RFC 5869). `length` in bytes, at most 8,160. */
export async function hkdfSha256(
  key: Secret,
  info: Uint8Array,
  length: number,
  salt: Uint8Array = new Uint8Array(0),
): Promise<Secret> {
  return Secret.hold(await deriveHkdf(key.bytes, salt, info, length));
}

/** The first half of HKDF-SHA256, HKDF-Extract (RFC 5869, section 2.2): a key of 32 bytes. */
export async function hkdfExtract(salt: Uint8Array, key: Secret): Promise<Secret> {
  // RFC 5869, section 2.2: no salt is a salt of zeros. WebCrypto refuses an empty key.
  const known = salt.length === 0 ? new Uint8Array(hashLength) : salt;
  return Secret.hold(await authenticateSha256(known, key.bytes));
}

/** The second half, HKDF-Expand (RFC 5869, section 2.3), as far as its first block: `length` is at most 32 bytes. */
export async function hkdfExpand(key: Secret, info: Uint8Array, length: number): Promise<Secret> {
  if (length > hashLength) throw new TypeError(`one block of HKDF has ${hashLength} bytes, not ${length}`);
  using block = Secret.hold(await authenticateSha256(key.bytes, concatBytes(info, Uint8Array.of(1))));
  const output = Secret.copyOf(block.bytes.subarray(0, length));
  return output;
}
