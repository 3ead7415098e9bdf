import { expect, test } from 'vitest';
import { RateLimit } from '../../src/http/rate-limit.ts';

const address = '192.0.2.1';

function countMany(limit: RateLimit, times: number, now: number, from = address): number[] {
  return Array.from({ length: times }, () => limit.count(from, now));
}

test('a burst passes, and then as many as the rate lets in', () => {
  const limit = new RateLimit({ perSecond: 2, burst: 3 }, 10);
  expect(countMany(limit, 5, 0)).toEqual([0, 0, 0, 1, 1]);
  expect(countMany(limit, 3, 1000)).toEqual([0, 0, 1]);
});

test('a rest fills the bucket to its brim and no further', () => {
  const limit = new RateLimit({ perSecond: 2, burst: 3 }, 10);
  countMany(limit, 3, 0);
  expect(countMany(limit, 4, 1_000_000)).toEqual([0, 0, 0, 1]);
});

test('requests that are refused cost nothing', () => {
  const limit = new RateLimit({ perSecond: 1, burst: 1 }, 10);
  countMany(limit, 100, 0);
  expect(limit.count(address, 1000)).toBe(0);
});

test('addresses are counted apart; those of one block of IPv6 are one', () => {
  const limit = new RateLimit({ perSecond: 1, burst: 1 }, 100);
  const passes = (from: string) => limit.count(from, 0) === 0;
  expect(
    ['192.0.2.1', '192.0.2.2', '::ffff:192.0.2.1', '2001:db8::1', '2001:db8:0:1::1', '::1'].filter(passes),
  ).toHaveLength(6);
  expect(
    ['2001:db8::2', '2001:db8:0:0:1:2:3:4', '2001:db8:0:1:ffff::', '::2', '2001:db8::1%eth0'].filter(passes),
  ).toEqual([]);
});

test('no more addresses are counted than there is room for, and the one seen last longest ago goes', () => {
  const limit = new RateLimit({ perSecond: 0.001, burst: 1 }, 2);
  expect(['a', 'b', 'a', 'c'].map((from) => limit.count(from, 0) === 0)).toEqual([true, true, false, true]);
  expect(limit.count('a', 0)).toBeGreaterThan(0);
  expect(limit.count('b', 0)).toBe(0);
});
