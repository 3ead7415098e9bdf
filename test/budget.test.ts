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

test('a meter hears what each piece of work costs, and a signature costs more than a value', () => {
  const told: [work: string, cost: number][] = [];
  const budget = new Budget({ signatures: 2 }, (work, cost) => told.push([work, cost]));
  budget.spend('values', 2);
  budget.spend('values');
  budget.spend('signatures');
  const [[, ofTwo] = ['', 0], [, ofValue] = ['', 0], [work, ofSignature] = ['', 0]] = told;
  expect([ofTwo, work]).toEqual([2 * ofValue, 'signatures']);
  expect(ofSignature).toBeGreaterThan(100 * ofValue);
});

test('what is left of each kind can be seen, and never falls below nothing', async () => {
  const budget = new Budget({ visits: 3 });
  budget.spend('visits', 2);
  expect([budget.left('visits'), budget.left('values')]).toEqual([1, Number.POSITIVE_INFINITY]);
  await expectCode('too_large', () => budget.spend('visits', 2));
  expect(budget.left('visits')).toBe(0);
});

test('the kinds together cost no more than they may, however little of each there is', async () => {
  const budget = new Budget({ signatures: 100, cost: 250 });
  budget.spend('signatures', 2);
  expect(budget.left('signatures')).toBe(0);
  expect(budget.left('values')).toBeGreaterThan(0);
  budget.requireLeft();
  const { details } = await expectCode('too_large', () => budget.spend('values', 1000));
  expect(details).toEqual({ work: 'cost', most: 250 });
  await expectCode('too_large', () => budget.requireLeft());
});
