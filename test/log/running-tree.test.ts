import { expect, test } from 'vitest';
import { hashLeaf } from '../../src/log/merkle.ts';
import { RunningTree } from '../../src/log/running-tree.ts';
import { entryAt, NaiveTree } from '../support/naive-tree.ts';
import { toHex } from '../support/vectors.ts';

test('the root on the way is that of the tree so far, at every size', () => {
  const [tree, naive] = [new RunningTree(), new NaiveTree()];
  for (let size = 0; size <= 1100; size++) {
    expect(tree.size).toBe(size);
    expect(toHex(tree.root()), `${size} leaves`).toBe(toHex(naive.hash(0, size)));
    tree.append(hashLeaf(entryAt(size)));
  }
});

test('asking for the root changes nothing', () => {
  const tree = new RunningTree();
  for (let index = 0; index < 11; index++) tree.append(hashLeaf(entryAt(index)));
  const root = tree.root();
  root.fill(0);
  expect(toHex(tree.root())).toBe(toHex(new NaiveTree().hash(0, 11)));
});

test('another root comes of leaves in another order, of one twice, and of one less', () => {
  const rootOf = (indexes: readonly number[]) => {
    const tree = new RunningTree();
    for (const index of indexes) tree.append(hashLeaf(entryAt(index)));
    return toHex(tree.root());
  };
  const roots = [
    [0, 1, 2, 3, 4],
    [1, 0, 2, 3, 4],
    [0, 1, 2, 3, 4, 4],
    [0, 1, 2, 3],
    [0, 1, 2, 4, 3],
    [1, 2, 3, 4],
  ];
  expect(new Set(roots.map(rootOf)).size).toBe(roots.length);
});
