import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ConsistencyClaim, proveConsistency, verifyConsistency } from '../../src/log/consistency.ts';
import { computeRoot } from '../../src/log/hash-reader.ts';
import { emptyRoot, hashLeaf } from '../../src/log/merkle.ts';
import { expectCode, failureOf } from '../support/codes.ts';
import { entryAt, NaiveTree, UniformTree } from '../support/naive-tree.ts';
import { flipBit, fromHex, readVectors, toHex } from '../support/vectors.ts';

interface Vector {
  readonly oldSize: number;
  readonly newSize: number;
  readonly oldRoot: string;
  readonly newRoot: string;
  readonly proof: readonly string[];
}

const { consistency: vectors } = readVectors<{ consistency: readonly Vector[] }>('log/proofs.json');
const tree = new NaiveTree();

async function claimOf(oldSize: number, newSize: number): Promise<ConsistencyClaim> {
  const proof = await proveConsistency(tree, oldSize, newSize);
  return { oldSize, newSize, proof, oldRoot: tree.hash(0, oldSize), newRoot: tree.hash(0, newSize) };
}

describe('a published proof holds, and no other in its place:', () => {
  test.each(vectors)('from $oldSize to $newSize leaves', async ({ oldSize, newSize, oldRoot, newRoot, proof }) => {
    const roots = { oldRoot: fromHex(oldRoot), newRoot: fromHex(newRoot) };
    const claim = { oldSize, newSize, ...roots, proof: proof.map(fromHex) };
    verifyConsistency(claim);
    await expectEveryChangeRefused(claim);
  });
});

test('the proofs between all trees up to 130 leaves are those of the definition, and hold', async () => {
  for (let newSize = 1; newSize <= 130; newSize++) {
    for (let oldSize = 1; oldSize <= newSize; oldSize++) {
      const claim = await claimOf(oldSize, newSize);
      verifyConsistency(claim);
      const expected = tree.proof(oldSize, newSize).map(toHex);
      expect(claim.proof.map(toHex), `${oldSize} to ${newSize}`).toEqual(expected);
    }
  }
});

test('the proofs from some older sizes to every tree up to 1,100 leaves hold', async () => {
  let held = 0;
  for (let newSize = 1; newSize <= 1100; newSize++) {
    const powers = Array.from({ length: 11 }, (_, exponent) => 2 ** exponent);
    const some = [1, 2, 3, 5, 7, newSize - 1, newSize, ...powers, ...powers.map((power) => power + 1)];
    for (let step = 1; step <= 20; step++) some.push((step * 7919) % newSize);
    for (const oldSize of new Set(some.filter((size) => size >= 0 && size <= newSize))) {
      verifyConsistency(await claimOf(oldSize, newSize));
      held++;
    }
  }
  expect(held).toBeGreaterThan(30_000);
});

test('no proof between trees up to 40 leaves holds for another older size', async () => {
  for (let newSize = 1; newSize <= 40; newSize++) {
    for (let oldSize = 1; oldSize < newSize; oldSize++) {
      const claim = await claimOf(oldSize, newSize);
      for (let other = 0; other <= newSize; other++) {
        if (other !== oldSize) expect(() => verifyConsistency({ ...claim, oldSize: other })).toThrow();
      }
    }
  }
});

test('the proof between trees of any size that can be counted holds', async () => {
  const uniform = new UniformTree();
  const pairs = fc.tuple(fc.maxSafeNat(), fc.maxSafeNat());
  await fc.assert(
    fc.asyncProperty(pairs, async ([one, other]) => {
      const [oldSize, newSize] = one < other ? [one, other] : [other, one];
      const [oldRoot, newRoot] = [await computeRoot(uniform, oldSize), await computeRoot(uniform, newSize)];
      const proof = await proveConsistency(uniform, oldSize, newSize);
      verifyConsistency({ oldSize, newSize, oldRoot, newRoot, proof });
      expect(proof.length).toBeLessThanOrEqual(54);
    }),
  );
});

test('a proof in which anything was changed is refused', async () => {
  for (const [oldSize, newSize] of [
    [1, 2],
    [4, 7],
    [3, 7],
    [8, 8],
    [255, 256],
    [256, 257],
    [600, 1000],
  ] as const) {
    await expectEveryChangeRefused(await claimOf(oldSize, newSize));
  }
});

test('every tree continues one without leaves, of which there is one root', async () => {
  for (const newSize of [0, 1, 7]) {
    const claim = await claimOf(0, newSize);
    expect(claim.proof).toEqual([]);
    verifyConsistency(claim);
    await expectCode('log_tampered', () => verifyConsistency({ ...claim, oldRoot: flipBit(emptyRoot(), 0) }));
    await expectCode('log_tampered', () => verifyConsistency({ ...claim, proof: [claim.newRoot] }));
  }
  const forged = { oldSize: 0, newSize: 0, oldRoot: emptyRoot(), newRoot: tree.hash(0, 1), proof: [] };
  await expectCode('log_tampered', () => verifyConsistency(forged));
});

test('a tree whose older part was changed has no proof', async () => {
  const claim = await claimOf(5, 9);
  const forged = hashLeaf(entryAt(99));
  for (const at of claim.proof.keys()) {
    const proof = claim.proof.map((hash, i) => (i === at ? forged : hash));
    await expectCode('log_tampered', () => verifyConsistency({ ...claim, proof }));
  }
});

describe('what comes from outside is refused, and never a TypeError:', () => {
  test.each([
    ['an older tree that is larger', { oldSize: 8, newSize: 7 }],
    ['a size that is no number', { oldSize: Number.NaN }],
    ['a size below 0', { oldSize: -1 }],
    ['a size with a fraction', { newSize: 7.5 }],
    ['a size that cannot be counted', { newSize: 2 ** 53 }],
    ['a root that is cut', { oldRoot: new Uint8Array(31) }],
    ['a newer root that is empty', { newRoot: new Uint8Array(0) }],
    ['hashes that are too long', { proof: [new Uint8Array(33)] }],
    ['a proof that never ends', { proof: Array.from({ length: 10_000 }, () => new Uint8Array(32)) }],
  ])('%s', async (_, change) => {
    const { details } = await expectCode('log_tampered', async () =>
      verifyConsistency({ ...(await claimOf(3, 7)), ...change }),
    );
    expect(details['what']).toBe('consistency_proof');
  });
});

test('a proof of what cannot be is the mistake of the program', async () => {
  for (const [oldSize, newSize] of [
    [2, 1],
    [-1, 2],
    [0.5, 2],
    [1, 2 ** 53],
    [Number.NaN, 3],
  ] as const) {
    const failure = await failureOf(() => proveConsistency(tree, oldSize, newSize));
    expect(failure, `${oldSize} to ${newSize}`).toBeInstanceOf(TypeError);
  }
});

async function expectEveryChangeRefused(claim: ConsistencyClaim): Promise<void> {
  const { oldSize, newSize, oldRoot, newRoot, proof } = claim;
  const stray = hashLeaf(entryAt(-1));
  const changes: Partial<ConsistencyClaim>[] = [
    { proof: [...proof, stray] },
    { proof: [stray, ...proof] },
    { proof: [...proof, oldRoot] },
    { proof: [newRoot, ...proof] },
    ...(oldSize < newSize ? [{ oldRoot: newRoot, newRoot: oldRoot }, { newSize: oldSize }, { oldSize: newSize }] : []),
    ...(proof.length > 0 ? [{ proof: proof.slice(1) }, { proof: proof.slice(0, -1) }, { proof: [] }] : []),
    ...(proof.length > 1
      ? [{ proof: proof.toReversed() }, { proof: [...proof.slice(0, 1), ...proof.slice(0, -1)] }]
      : []),
  ];
  for (let bit = 0; bit < 256; bit += 3) {
    changes.push({ oldRoot: flipBit(oldRoot, bit) }, { newRoot: flipBit(newRoot, bit) });
    for (const at of proof.keys())
      changes.push({ proof: proof.map((hash, i) => (i === at ? flipBit(hash, bit) : hash)) });
  }
  for (const change of changes) await expectCode('log_tampered', () => verifyConsistency({ ...claim, ...change }));
}
