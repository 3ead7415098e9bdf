import { readFileSync } from 'node:fs';
import type { Ed25519PublicKey } from '../crypto/ed25519.ts';
import { decodePublicKey } from '../crypto/key-format.ts';
import { HanaperError, systemCodeOf } from '../errors.ts';

/**
 * Reads a public key file: SPKI in PEM, or 32 raw bytes.
 *
 * @throws HanaperError `bad_input` where it cannot be read, `malformed_key`, `weak_key`
 */
export function readPublicKey(file: string): Ed25519PublicKey {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unreadable';
    throw new HanaperError('bad_input', `${file} cannot be read (${reason}).`, { path: file, reason }, cause);
  }
  return decodePublicKey(bytes);
}
