import { concatBytes } from '../bytes.ts';
import { sha256 } from '../crypto/digest.ts';

const leafPrefix = Uint8Array.of(0x00);
const nodePrefix = Uint8Array.of(0x01);

/** The Merkle tree hash of a list (RFC 6962, section 2.1): 32 bytes. */
export function treeHash(leaves: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const [first] = leaves;
  if (first === undefined) return sha256(new Uint8Array(0));
  if (leaves.length === 1) return sha256(concatBytes(leafPrefix, first));
  const split = largestPowerBelow(leaves.length);
  return sha256(concatBytes(nodePrefix, treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split))));
}

function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}
