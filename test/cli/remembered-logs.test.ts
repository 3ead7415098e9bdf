import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SeenCheckpoint } from '../../src/authority/index.ts';
import { RememberedLogs } from '../../src/cli/remembered-logs.ts';

const written: number[] = [];
const warnings: string[] = [];
const memory = {
  list: () => [seen(1)],
  remember: ({ size }: SeenCheckpoint) => void written.push(size),
};

function seen(size: number): SeenCheckpoint {
  return { authority: 'did:key:z6Mk', source: 'sqlite:/a.db', size, checkpoint: '' };
}

function fail(): never {
  throw new Error('no room');
}

beforeEach(() => {
  vi.useFakeTimers();
  written.length = 0;
  warnings.length = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

test('the first is written at once, and of those that come soon after it the last, five seconds later', () => {
  using logs = new RememberedLogs(memory, fail);
  for (const size of [1, 2, 3]) logs.remember(seen(size));
  expect(written).toEqual([1]);
  vi.advanceTimersByTime(5000);
  expect(written).toEqual([1, 3]);
  logs.remember(seen(4));
  expect(written).toEqual([1, 3]);
  vi.advanceTimersByTime(60_000);
  expect(written).toEqual([1, 3, 4]);
  logs.remember(seen(5));
  expect(written).toEqual([1, 3, 4, 5]);
});

test('what still waits is written at the end, and nothing after it', () => {
  const logs = new RememberedLogs(memory, fail);
  for (const size of [1, 2]) logs.remember(seen(size));
  logs[Symbol.dispose]();
  expect(written).toEqual([1, 2]);
  vi.advanceTimersByTime(60_000);
  expect(vi.getTimerCount()).toBe(0);
  expect(written).toEqual([1, 2]);
});

test('a memory that fails is warned of once, and nothing was seen', () => {
  using logs = new RememberedLogs({ list: fail, remember: fail }, (message) => void warnings.push(message));
  expect(logs.list('did:key:z6Mk')).toEqual([]);
  logs.remember(seen(1));
  expect(warnings).toEqual([expect.stringContaining('no room')]);
});
