import { deriveHkdf } from '#crypto/hkdf';
import { Secret } from './secret.ts';

/** HKDF-SHA256 (RFC 5869). `length` in bytes, at most 8,160. */
export async function hkdfSha256(
  key: Secret,
  info: Uint8Array,
  length: number,
  salt: Uint8Array = new Uint8Array(0),
): Promise<Secret> {
  return Secret.adopt(await deriveHkdf(key.bytes, salt, info, length));
}
