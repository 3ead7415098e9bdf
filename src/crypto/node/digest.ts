import { createHash, type Hash, hash } from 'node:crypto';

export function hashSha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hash('sha256', bytes, 'buffer'));
}

export class PlatformSha256 {
  readonly #hash: Hash = createHash('sha256');

  update(part: Uint8Array): void {
    this.#hash.update(part);
  }

  digest(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#hash.digest());
  }
}
