import { fillRandom } from '#crypto/random';

/** Bytes from the platform's cryptographic generator, in a buffer of their own. */
export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  fillRandom(bytes);
  return bytes;
}
