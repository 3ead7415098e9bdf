import { encodeHex } from '../bytes.ts';
import { sha256 } from './digest.ts';
import type { Ed25519PublicKey } from './ed25519.ts';

/** The name of a public key: lower-case hex SHA-256 of its 32 bytes, 64 characters. */
export function fingerprintOf(publicKey: Ed25519PublicKey): string {
  return encodeHex(sha256(publicKey));
}

/** Whether `text` is a fingerprint, or any SHA-256, in its one canonical form. */
export function isSha256Hex(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
