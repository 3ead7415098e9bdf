/** The trees and proofs of RFC 6962, section 2.1, word for word, by Node's own hash: slow, and easily believed. */
import { createHash } from 'node:crypto';
import type { HashReader } from '../../src/log/hash-reader.ts';

/** The entry at an index: some bytes, no two alike. */
export function entryAt(index: number): Buffer {
  return Buffer.from(`entry ${index}`);
}

/** A tree of as many leaves as are asked about. */
export class NaiveTree implements HashReader {
  readonly #hashes = new Map<number, Buffer>();

  /** MTH(D[start:end]). */
  hash(start: number, end: number): Buffer {
    const key = start * 2 ** 26 + end;
    const hash = this.#hashes.get(key) ?? this.#compute(start, end);
    this.#hashes.set(key, hash);
    return hash;
  }

  /** PATH(m, D[start:end]), m being counted from the start. */
  path(m: number, start: number, end: number): readonly Buffer[] {
    if (end - start === 1) return [];
    const k = splitOf(end - start);
    return m < k
      ? [...this.path(m, start, start + k), this.hash(start + k, end)]
      : [...this.path(m - k, start + k, end), this.hash(start, start + k)];
  }

  /** PROOF(m, D[0:end]). */
  proof(m: number, end: number): readonly Buffer[] {
    return this.#subproof(m, 0, end, true);
  }

  async readHashes(nodes: readonly { readonly level: number; readonly index: number }[]): Promise<readonly Buffer[]> {
    return nodes.map(({ level, index }) => this.hash(index * 2 ** level, (index + 1) * 2 ** level));
  }

  #subproof(m: number, start: number, end: number, known: boolean): readonly Buffer[] {
    if (m === end - start) return known ? [] : [this.hash(start, end)];
    const k = splitOf(end - start);
    return m <= k
      ? [...this.#subproof(m, start, start + k, known), this.hash(start + k, end)]
      : [...this.#subproof(m - k, start + k, end, false), this.hash(start, start + k)];
  }

  #compute(start: number, end: number): Buffer {
    const hash = createHash('sha256');
    if (end === start) return hash.digest();
    if (end - start === 1) return hash.update(Uint8Array.of(0)).update(entryAt(start)).digest();
    const k = splitOf(end - start);
    return hash
      .update(Uint8Array.of(1))
      .update(this.hash(start, start + k))
      .update(this.hash(start + k, end))
      .digest();
  }
}

/** A tree whose leaves are all alike, so that it can be of any size: every subtree of a level has the same hash. */
export class UniformTree implements HashReader {
  readonly #levels: Buffer[] = [createHash('sha256').update(Uint8Array.of(0)).digest()];

  /** The hash of each leaf. */
  readonly leafHash: Buffer = this.#hashOf(0);

  async readHashes(nodes: readonly { readonly level: number }[]): Promise<readonly Buffer[]> {
    return nodes.map(({ level }) => this.#hashOf(level));
  }

  #hashOf(level: number): Buffer {
    const known = this.#levels[level];
    if (known !== undefined) return known;
    const below = this.#hashOf(level - 1);
    const hash = createHash('sha256').update(Uint8Array.of(1)).update(below).update(below).digest();
    this.#levels[level] = hash;
    return hash;
  }
}

function splitOf(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}
