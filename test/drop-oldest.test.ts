import { expect, test } from 'vitest';
import { dropOldest } from '../src/drop-oldest.ts';

test('what came first goes first, and nothing while there is room', () => {
  const kept = new Set<string>();
  for (const each of ['a', 'b', 'c', 'd']) {
    kept.add(each);
    dropOldest(kept, 2);
  }
  expect([...kept]).toEqual(['c', 'd']);
});

test('of a map the oldest key goes, also one that is undefined', () => {
  const kept = new Map<string | undefined, number>([
    [undefined, 1],
    ['b', 2],
  ]);
  dropOldest(kept, 2);
  expect(kept.size).toBe(2);
  dropOldest(kept, 1);
  expect([...kept.keys()]).toEqual(['b']);
});
