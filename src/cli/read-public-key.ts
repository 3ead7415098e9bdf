import type { Ed25519PublicKey } from '../crypto/ed25519.ts';
import { decodePublicKey } from '../crypto/key-format.ts';
import { readSecretFile } from './read-secret-file.ts';

/**
 * Reads a public key file: SPKI in PEM, or 32 raw bytes.
 *
 * @throws HanaperError `bad_input` where it cannot be read, `malformed_key`, `weak_key`
 */
export function readPublicKey(file: string): Ed25519PublicKey {
  using content = readSecretFile(file).content;
  return decodePublicKey(content.bytes);
}
