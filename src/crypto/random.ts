import { fillRandom } from '#crypto/random';
import { allocateSecret, type SecretBytes } from '../secret-bytes.ts';

/** Returns `length` bytes from the platform's cryptographic generator, allocated as secrets are. */
export function randomBytes(length: number): SecretBytes {
  const bytes = allocateSecret(length);
  fillRandom(bytes);
  return bytes;
}
