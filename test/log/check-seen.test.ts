import { describe, expect, test } from 'vitest';
import { checkSeen } from '../../src/log/check-seen.ts';
import type { Checkpoint } from '../../src/log/checkpoint.ts';
import { proveConsistency } from '../../src/log/consistency.ts';
import { expectCode } from '../support/codes.ts';
import { NaiveTree } from '../support/naive-tree.ts';
import { flipBit } from '../support/vectors.ts';

const tree = new NaiveTree();
const at = (size: number): Checkpoint => ({ origin: 'example.org/log', size, root: tree.hash(0, size) });
const forked = (size: number): Checkpoint => ({ ...at(size), root: flipBit(at(size).root, 9) });

test('the first checkpoint is checked against nothing', () => {
  checkSeen(undefined, at(7));
});

test('the same checkpoint once more needs no proof', () => {
  checkSeen(at(7), at(7));
});

test('a longer log with its proof continues what was seen', async () => {
  for (let size = 0; size <= 20; size++) checkSeen(at(size), at(20), await proveConsistency(tree, size, 20));
});

describe('a log is rolled back', () => {
  test.each([
    ['that is shorter', at(7), at(6), 'shorter'],
    ['that is empty', at(7), at(0), 'shorter'],
    ['of the same size with another root', at(7), forked(7), 'forked'],
    ['that is longer, without a proof', at(7), at(9), 'unproven'],
    ['that continues another', forked(7), at(9), 'unproven'],
  ])('%s', async (_, seen, now, reason) => {
    const { details } = await expectCode('log_rolled_back', () => checkSeen(seen, now));
    expect(details).toEqual({ reason, origin: 'example.org/log', seen: seen.size, now: now.size });
  });

  test('that is shorter, whatever proof comes with it', async () => {
    const proof = await proveConsistency(tree, 6, 7);
    await expectCode('log_rolled_back', () => checkSeen(at(7), at(6), proof));
  });

  test('that is longer, with the proof of another size, one that is changed, cut or too long', async () => {
    const proof = await proveConsistency(tree, 7, 20);
    const stray = tree.hash(0, 1);
    const others = [
      await proveConsistency(tree, 6, 20),
      await proveConsistency(tree, 7, 19),
      proof.slice(1),
      [...proof, stray],
      proof.map((hash) => flipBit(hash, 0)),
      [new Uint8Array(3)],
    ];
    for (const other of others) await expectCode('log_rolled_back', () => checkSeen(at(7), at(20), other));
    await expectCode('log_rolled_back', () => checkSeen(forked(7), at(20), proof));
    await expectCode('log_rolled_back', () => checkSeen(at(7), forked(20), proof));
  });
});

test('a checkpoint of another log is not compared with this one', async () => {
  const other = { ...at(9), origin: 'example.org/other' };
  const proof = await proveConsistency(tree, 7, 9);
  const { details } = await expectCode('log_tampered', () => checkSeen(at(7), other, proof));
  expect(details).toMatchObject({ what: 'checkpoint', expected: 'example.org/log', actual: 'example.org/other' });
});
