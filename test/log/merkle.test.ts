import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { treeHash } from '../../src/log/merkle.ts';
import { fromHex, toHex } from '../support/vectors.ts';

// The leaves and roots that Certificate Transparency tests its trees with (RFC 6962, section 2.1).
const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  fromHex,
);
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('published trees', () => {
  test.each(roots.map((root, size) => [size, root] as const))('of %i leaves', (size, root) => {
    expect(toHex(treeHash(leaves.slice(0, size)))).toBe(root);
  });
});

test('a tree of any size is what its definition says', () => {
  for (let size = 0; size <= 300; size++) {
    const some = Array.from({ length: size }, (_, index) => new Uint8Array(32).fill(index % 251));
    expect(toHex(treeHash(some)), `${size} leaves`).toBe(naiveHash(some).toString('hex'));
  }
});

test('no two lists of leaves have the same tree that differ in a leaf, their order or their number', () => {
  const seen = new Set<string>();
  const lists = [leaves, leaves.toReversed(), leaves.slice(1), [...leaves, new Uint8Array(0)], [...leaves, ...leaves]];
  for (const list of lists) seen.add(toHex(treeHash(list)));
  expect(seen.size).toBe(lists.length);
});

test('a node is no leaf: the tree of two leaves is not that of their hashes joined', () => {
  const [left = new Uint8Array(0), right = new Uint8Array(0)] = leaves.slice(3, 5).map((leaf) => treeHash([leaf]));
  expect(toHex(treeHash(leaves.slice(3, 5)))).not.toBe(toHex(treeHash([Buffer.concat([left, right])])));
});

// MTH(D[n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n])), k being the largest power of two below n.
function naiveHash(list: readonly Uint8Array[]): Buffer {
  const [first] = list;
  if (first === undefined) return createHash('sha256').digest();
  if (list.length === 1) return createHash('sha256').update(Uint8Array.of(0)).update(first).digest();
  const split = 2 ** (31 - Math.clz32(list.length - 1));
  return createHash('sha256')
    .update(Uint8Array.of(1))
    .update(naiveHash(list.slice(0, split)))
    .update(naiveHash(list.slice(split)))
    .digest();
}
