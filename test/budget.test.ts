import { expect, test } from 'vitest';
import { Budget } from '../src/budget.ts';
import { expectCode } from './support/codes.ts';

test('a request has as much work done as it may, and is refused before one unit more', async () => {
  const budget = new Budget({ signatures: 2 });
  budget.spend('signatures');
  budget.spend('signatures');
  const { details } = await expectCode('too_large', () => budget.spend('signatures'));
  expect(details).toEqual({ work: 'signatures', most: 2 });
});

test('kinds of work are counted apart, and what is not named is not bounded', () => {
  const budget = new Budget({ signatures: 1 });
  budget.spend('signatures');
  expect(() => budget.spend('values', 1_000_000_000)).not.toThrow();
});

test('what a request costs grows with each unit that it has drawn, and tells a signature from a value', () => {
  const budget = new Budget();
  expect(budget.cost).toBe(0);
  budget.spend('values');
  const ofValue = budget.cost;
  budget.spend('signatures');
  expect(budget.cost).toBeGreaterThan(100 * ofValue);
});

test('what is left of each kind can be seen, and never falls below nothing', async () => {
  const budget = new Budget({ visits: 3 });
  budget.spend('visits', 2);
  expect([budget.left('visits'), budget.left('values')]).toEqual([1, Number.POSITIVE_INFINITY]);
  await expectCode('too_large', () => budget.spend('visits', 2));
  expect(budget.left('visits')).toBe(0);
});
