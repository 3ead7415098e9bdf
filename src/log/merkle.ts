import { sha256 } from '../crypto/digest.ts';
import { largestPowerBelow } from './ranges.ts';

/** How many bytes a hash of the tree has. */
export const hashLength = 32;

const leafPrefix = 0x00;
const nodePrefix = 0x01;
const node = Uint8Array.of(nodePrefix, ...new Uint8Array(2 * hashLength));
let leaf = new Uint8Array(1024);

/** The hash of an entry as a leaf of the tree: SHA-256 of `00` and its bytes (RFC 6962, section 2.1). */
export function hashLeaf(entry: Uint8Array): Uint8Array<ArrayBuffer> {
  if (entry.length >= leaf.length) leaf = new Uint8Array(2 * entry.length);
  leaf[0] = leafPrefix;
  leaf.set(entry, 1);
  return sha256(leaf.subarray(0, entry.length + 1));
}

/** The hash of a node: SHA-256 of `01` and the hashes of its two children, 32 bytes each (RFC 6962, section 2.1). */
export function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  node.set(left, 1);
  node.set(right, 1 + hashLength);
  return sha256(node);
}

/** The hash of a tree without leaves: SHA-256 of nothing. */
export function emptyRoot(): Uint8Array<ArrayBuffer> {
  return sha256(new Uint8Array(0));
}

/** The Merkle tree hash of a list (RFC 6962, section 2.1): 32 bytes. */
export function treeHash(leaves: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [first] = leaves;
  if (first === undefined) return emptyRoot();
  if (leaves.length === 1) return hashLeaf(first);
  const split = largestPowerBelow(leaves.length);
  return hashNode(treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)));
}

/** The hash of the complete subtree above a row of 1, 2, 4, … or 256 hashes, 32 bytes each. */
export function hashRow(row: Uint8Array): Uint8Array<ArrayBuffer> {
  if (row.length === hashLength) return new Uint8Array(row);
  const half = row.length / 2;
  return hashNode(hashRow(row.subarray(0, half)), hashRow(row.subarray(half)));
}

/** The one hash of neighbouring subtrees, each of them larger than all that follow together; of none, that of no leaves. */
export function foldSubtrees(hashes: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const last = hashes.at(-1);
  if (last === undefined) return emptyRoot();
  return hashes
    .slice(0, -1)
    .reduceRight<Uint8Array<ArrayBuffer>>((right, left) => hashNode(left, right), new Uint8Array(last));
}
