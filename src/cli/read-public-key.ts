import type { Ed25519PublicKey } from '../crypto/ed25519.ts';
import { decodePublicKey } from '../crypto/key-format.ts';
import { readSecretFile } from './read-secret-file.ts';

/**
 * Reads a public key file: SPKI in PEM, or 32 raw bytes.
 *
 * @throws HanaperError `bad_input` where it cannot be read, `malformed_key`, `weak_key`
 */
export async function readPublicKey(file: string): Promise<Ed25519PublicKey> {
  using content = (await readSecretFile(file)).content;
  const key = decodePublicKey(content.bytes);
  return key;
}

/** Reads several, one after the other, as {@link readPublicKey} does. */
export async function readPublicKeys(files: readonly string[]): Promise<readonly Ed25519PublicKey[]> {
  const keys: Ed25519PublicKey[] = [];
  for (const file of files) keys.push(await readPublicKey(file));
  return keys;
}
