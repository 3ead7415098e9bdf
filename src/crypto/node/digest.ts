import { createHash, type Hash, hash } from 'node:crypto';

export function hashSha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hash('sha256', bytes, 'buffer'));
}

export async function hashSha512(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const digest = hash('sha512', bytes, 'buffer');
  const output = new Uint8Array(digest);
  digest.fill(0);
  return output;
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
