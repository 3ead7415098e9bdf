import { equalBytes } from '../bytes.ts';
import { type HashReader, readRanges, requireSize } from './hash-reader.ts';
import { hashLength, hashNode } from './merkle.ts';
import { rangesBeside } from './ranges.ts';
import { logTampered } from './tampered.ts';

/** That a leaf is the one at `index`, from 0, of a tree of `size` leaves. */
export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  /** 32 bytes. */
  readonly leafHash: Uint8Array;
  /** The hashes beside the way from the leaf to the root, nearest first: 32 bytes each. */
  readonly proof: readonly Uint8Array[];
  /** The root of the tree, from a checkpoint: 32 bytes. */
  readonly root: Uint8Array;
}

/**
 * The hashes that prove the leaf at `index` to be in the tree of `size` leaves, nearest first: 32 bytes each
 * (RFC 6962, section 2.1.1). What is not below `size` is a `TypeError`.
 */
export async function proveInclusion(
  reader: HashReader,
  index: number,
  size: number,
): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  requireSize(size, 1);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new TypeError(`a tree of ${size} leaves has none with the index ${index}`);
  }
  return readRanges(reader, rangesBeside(index, size));
}

/**
 * Checks an inclusion proof against a root (RFC 9162, section 2.1.3.2); of any other length than its own it is refused.
 *
 * @throws HanaperError `log_tampered`
 */
export function verifyInclusion(claim: InclusionClaim): void {
  const { index, size, leafHash, proof, root } = claim;
  requireClaim(claim);
  let [node, last, hash] = [index, size - 1, leafHash];
  for (const beside of proof) {
    if (last === 0) throw refused('is too long');
    if (node % 2 === 1 || node === last) {
      hash = hashNode(beside, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      hash = hashNode(hash, beside);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw refused('is too short');
  if (!equalBytes(hash, root)) throw refused('leads to another root');
}

function requireClaim({ index, size, leafHash, proof, root }: InclusionClaim): void {
  const counted = Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size;
  if (!counted) throw refused('is about a leaf outside of its tree');
  if ([leafHash, root, ...proof].some(({ length }) => length !== hashLength)) {
    throw refused(`has a hash that is not of ${hashLength} bytes`);
  }
}

function refused(reason: string): Error {
  return logTampered('inclusion proof', reason);
}
