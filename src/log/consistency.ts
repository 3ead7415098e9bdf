import { equalBytes } from '../bytes.ts';
import { type HashReader, readRanges, requireSize } from './hash-reader.ts';
import { emptyRoot, hashLength, hashNode } from './merkle.ts';
import { rangesBetween } from './ranges.ts';
import { logTampered } from './tampered.ts';

/** That a tree of `newSize` leaves begins with all the leaves of one of `oldSize`. */
export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly newSize: number;
  /** 32 bytes. */
  readonly oldRoot: Uint8Array;
  /** 32 bytes. */
  readonly newRoot: Uint8Array;
  /** 32 bytes each, nearest first; none where the sizes are the same, or the older is 0. */
  readonly proof: readonly Uint8Array[];
}

/**
 * The hashes that prove a tree to continue an older one: 32 bytes each (RFC 6962, section 2.1.2). None where the sizes
 * are the same, or the older is 0. An older size above the newer is a `TypeError`.
 */
export async function proveConsistency(
  reader: HashReader,
  oldSize: number,
  newSize: number,
): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  requireSize(oldSize);
  requireSize(newSize, oldSize);
  return oldSize === 0 ? [] : readRanges(reader, rangesBetween(oldSize, newSize));
}

/**
 * Checks a consistency proof against two roots (RFC 9162, section 2.1.4.2); of any other length than its own it is
 * refused.
 *
 * @throws HanaperError `log_tampered`
 */
export function verifyConsistency(claim: ConsistencyClaim): void {
  requireClaim(claim);
  const { oldSize, newSize, oldRoot, newRoot, proof } = claim;
  if (oldSize === 0 && !equalBytes(oldRoot, emptyRoot())) throw refused('is about another root than that of no leaves');
  if (oldSize === newSize && !equalBytes(oldRoot, newRoot)) throw refused('is about two trees of one size');
  if (oldSize === 0 || oldSize === newSize) {
    if (proof.length > 0) throw refused('is too long');
    return;
  }
  const roots = walk(claim);
  if (!equalBytes(roots.old, oldRoot)) throw refused('leads to another root of the older tree');
  if (!equalBytes(roots.new, newRoot)) throw refused('leads to another root of the newer tree');
}

function walk({ oldSize, newSize, oldRoot, proof }: ConsistencyClaim): { old: Uint8Array; new: Uint8Array } {
  let [node, last] = [oldSize - 1, newSize - 1];
  while (node % 2 === 1) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  // Where the older tree is one subtree of the newer, node is 0 now: its hash is the older root, which is in no proof.
  const [first, ...rest] = node === 0 ? [oldRoot, ...proof] : proof;
  if (first === undefined) throw refused('is too short');
  let [older, newer] = [first, first];
  for (const beside of rest) {
    if (last === 0) throw refused('is too long');
    if (node % 2 === 1 || node === last) {
      [older, newer] = [hashNode(beside, older), hashNode(beside, newer)];
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      newer = hashNode(newer, beside);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw refused('is too short');
  return { old: older, new: newer };
}

function requireClaim({ oldSize, newSize, oldRoot, newRoot, proof }: ConsistencyClaim): void {
  const counted = Number.isSafeInteger(oldSize) && Number.isSafeInteger(newSize) && oldSize >= 0 && oldSize <= newSize;
  if (!counted) throw refused('is about an older tree that is larger than the newer');
  if ([oldRoot, newRoot, ...proof].some(({ length }) => length !== hashLength)) {
    throw refused(`has a hash that is not of ${hashLength} bytes`);
  }
}

function refused(reason: string): Error {
  return logTampered('consistency proof', reason);
}
