import type { CID } from 'multiformats/cid';
import { concatBytes } from '../../../bytes.ts';
import { sha256 } from '../../../crypto/digest.ts';
import { randomBytes } from '../../../crypto/random.ts';

const firstCapacity = 1024;

/**
 * The tokens that entries name, eight bytes for each, by a hash with a key of its own: nobody can prepare another token
 * that would be taken for one of them.
 */
export class CidSet {
  readonly #key = randomBytes(32);
  #hashes = new BigUint64Array(firstCapacity);
  #count = 0;
  #isSorted = false;

  /** Notes that an entry names a token. */
  add(cid: CID): void {
    if (this.#count === this.#hashes.length) {
      const larger = new BigUint64Array(2 * this.#count);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes[this.#count++] = this.#hash(cid);
    this.#isSorted = false;
  }

  /** Whether some entry names a token. */
  has(cid: CID): boolean {
    this.#sort();
    const wanted = this.#hash(cid);
    let [start, end] = [0, this.#count];
    while (start < end) {
      const middle = Math.floor((start + end) / 2);
      const found = this.#hashes[middle] ?? 0n;
      if (found === wanted) return true;
      if (found < wanted) start = middle + 1;
      else end = middle;
    }
    return false;
  }

  /** How often a token was named once more. */
  countRepeated(): number {
    this.#sort();
    let repeated = 0;
    for (let i = 1; i < this.#count; i++) if (this.#hashes[i] === this.#hashes[i - 1]) repeated++;
    return repeated;
  }

  #sort(): void {
    if (!this.#isSorted) this.#hashes.subarray(0, this.#count).sort();
    this.#isSorted = true;
  }

  #hash({ multihash }: CID): bigint {
    const { buffer, byteOffset } = sha256(concatBytes(this.#key, multihash.digest));
    return new DataView(buffer, byteOffset).getBigUint64(0);
  }
}
