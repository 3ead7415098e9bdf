import { sha256 } from '@noble/hashes/sha2.js';
import { type SecretBytes, takeSecret } from '../../secret-bytes.ts';
import { asSource, subtle } from './web-crypto.ts';

// WebCrypto has SHA-256, but answers later, and takes its input whole.
export function hashSha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(sha256(bytes));
}

export async function hashSha512(bytes: Uint8Array): Promise<SecretBytes> {
  return takeSecret(new Uint8Array(await subtle.digest('SHA-512', asSource(bytes))));
}

export class PlatformSha256 {
  readonly #hash: ReturnType<typeof sha256.create> = sha256.create();

  update(part: Uint8Array): void {
    this.#hash.update(part);
  }

  digest(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#hash.digest());
  }
}
