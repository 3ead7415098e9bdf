import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { computeRoot } from '../../src/log/hash-reader.ts';
import { type InclusionClaim, proveInclusion, verifyInclusion } from '../../src/log/inclusion.ts';
import { hashLeaf } from '../../src/log/merkle.ts';
import { expectCode, failureOf } from '../support/codes.ts';
import { entryAt, NaiveTree, UniformTree } from '../support/naive-tree.ts';
import { flipBit, fromHex, readVectors, toHex } from '../support/vectors.ts';

interface Vector {
  readonly index: number;
  readonly size: number;
  readonly leafHash: string;
  readonly root: string;
  readonly proof: readonly string[];
}

const { inclusion: vectors } = readVectors<{ inclusion: readonly Vector[] }>('log/proofs.json');
const tree = new NaiveTree();

async function claimOf(index: number, size: number): Promise<InclusionClaim> {
  const proof = await proveInclusion(tree, index, size);
  return { index, size, proof, leafHash: hashLeaf(entryAt(index)), root: tree.hash(0, size) };
}

describe('a published proof holds, and no other in its place:', () => {
  test.each(vectors)('leaf $index of $size', async ({ index, size, leafHash, root, proof }) => {
    const claim = { index, size, leafHash: fromHex(leafHash), root: fromHex(root), proof: proof.map(fromHex) };
    verifyInclusion(claim);
    await expectEveryChangeRefused(claim);
  });
});

test('the proofs of every leaf of every tree up to 130 leaves are those of the definition', async () => {
  for (let size = 1; size <= 130; size++) {
    for (let index = 0; index < size; index++) {
      const proof = await proveInclusion(tree, index, size);
      expect(proof.map(toHex), `${index} of ${size}`).toEqual(tree.path(index, 0, size).map(toHex));
    }
  }
});

test('the proofs of every leaf of every tree up to 1,100 leaves hold', async () => {
  const leaves = Array.from({ length: 1100 }, (_, index) => hashLeaf(entryAt(index)));
  let held = 0;
  for (let size = 1; size <= 1100; size++) {
    const root = tree.hash(0, size);
    for (const [index, leafHash] of leaves.slice(0, size).entries()) {
      verifyInclusion({ index, size, leafHash, root, proof: await proveInclusion(tree, index, size) });
      held++;
    }
  }
  expect(held).toBe((1100 * 1101) / 2);
});

test('no proof of a tree up to 40 leaves holds for another leaf or another size', async () => {
  for (let size = 1; size <= 40; size++) {
    for (let index = 0; index < size; index++) {
      const claim = await claimOf(index, size);
      for (let other = 0; other <= 40; other++) {
        if (other !== index) expect(() => verifyInclusion({ ...claim, index: other })).toThrow();
      }
    }
  }
});

test('the proof of a leaf in a tree of any size that can be counted holds', async () => {
  const uniform = new UniformTree();
  await fc.assert(
    fc.asyncProperty(sizes, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (size, at) => {
      const index = Math.floor(at * size);
      const [proof, root] = [await proveInclusion(uniform, index, size), await computeRoot(uniform, size)];
      verifyInclusion({ index, size, proof, root, leafHash: uniform.leafHash });
      expect(proof.length).toBeLessThanOrEqual(53);
    }),
  );
});

test('a proof in which anything was changed is refused', async () => {
  for (const [index, size] of [
    [0, 1],
    [0, 2],
    [6, 7],
    [3, 11],
    [255, 256],
    [256, 257],
    [600, 1000],
  ] as const) {
    await expectEveryChangeRefused(await claimOf(index, size));
  }
});

describe('what comes from outside is refused, and never a TypeError:', () => {
  test.each([
    ['an index that is no number', { index: Number.NaN }],
    ['an index below 0', { index: -1 }],
    ['an index with a fraction', { index: 0.5 }],
    ['an index that cannot be counted', { index: 2 ** 53, size: 2 ** 54 }],
    ['an index of the size', { index: 7 }],
    ['a tree without leaves', { index: 0, size: 0 }],
    ['an endless size', { size: Number.POSITIVE_INFINITY }],
    ['a hash of the leaf that is cut', { leafHash: new Uint8Array(31) }],
    ['a root that is empty', { root: new Uint8Array(0) }],
    ['hashes in the proof that are too long', { proof: [new Uint8Array(33), new Uint8Array(33)] }],
    ['a proof that never ends', { proof: Array.from({ length: 10_000 }, () => new Uint8Array(32)) }],
  ])('%s', async (_, change) => {
    const { details } = await expectCode('log_tampered', async () =>
      verifyInclusion({ ...(await claimOf(3, 7)), ...change }),
    );
    expect(details['what']).toBe('inclusion_proof');
  });
});

test.each<[string, (proof: readonly Uint8Array[]) => readonly Uint8Array[]]>([
  ['is too short', (proof) => proof.slice(0, -1)],
  ['is too long', (proof) => [...proof, new Uint8Array(32)]],
  ['leads to another root', (proof) => proof.toReversed()],
])('why a proof is refused is said: it %s', async (reason, change) => {
  const claim = await claimOf(3, 7);
  const { details } = await expectCode('log_tampered', () => verifyInclusion({ ...claim, proof: change(claim.proof) }));
  expect(details).toEqual({ what: 'inclusion_proof', reason });
});

test('a proof of what is not in the tree is the mistake of the program', async () => {
  for (const [index, size] of [
    [0, 0],
    [1, 1],
    [-1, 2],
    [0.5, 2],
    [0, 2 ** 53],
    [Number.NaN, 3],
  ] as const) {
    expect(await failureOf(() => proveInclusion(tree, index, size)), `${index} of ${size}`).toBeInstanceOf(TypeError);
  }
});

const sizes = fc.oneof(
  fc.integer({ min: 1, max: 5000 }),
  fc.maxSafeNat().map((size) => Math.max(1, size)),
  fc.integer({ min: 0, max: 52 }).map((exponent) => 2 ** exponent),
  fc.integer({ min: 2, max: 53 }).map((exponent) => 2 ** exponent - 1),
);

async function expectEveryChangeRefused(claim: InclusionClaim): Promise<void> {
  const { index, size, leafHash, root, proof } = claim;
  const stray = hashLeaf(entryAt(-1));
  const changes: Partial<InclusionClaim>[] = [
    { index: size },
    ...(size > 1 ? [{ index: (index + 1) % size }] : []),
    { size: 2 * size },
    { proof: [...proof, stray] },
    { proof: [stray, ...proof] },
    { proof: [...proof, root] },
    ...(proof.length > 0 ? [{ proof: proof.slice(1) }, { proof: proof.slice(0, -1) }, { proof: [] }] : []),
    ...(proof.length > 1
      ? [{ proof: proof.toReversed() }, { proof: [...proof.slice(0, 1), ...proof.slice(0, -1)] }]
      : []),
  ];
  for (let bit = 0; bit < 256; bit += 3) {
    changes.push({ leafHash: flipBit(leafHash, bit) }, { root: flipBit(root, bit) });
    for (const at of proof.keys())
      changes.push({ proof: proof.map((hash, i) => (i === at ? flipBit(hash, bit) : hash)) });
  }
  for (const change of changes) await expectCode('log_tampered', () => verifyInclusion({ ...claim, ...change }));
}
