import { expect, test } from 'vitest';
import { SerialQueue } from '../src/serial-queue.ts';
import { expectCode } from './support/codes.ts';

test('one after the other has the turn, failures included, and only so many may wait', async () => {
  const turns = new SerialQueue(3);
  let underWay = 0;
  const ends: string[] = [];
  const act =
    (name: string, fails = false) =>
    async () => {
      expect(++underWay).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      underWay--;
      ends.push(name);
      if (fails) throw new TypeError(name);
      return name;
    };
  const runs = [turns.take(act('a')), turns.take(act('b', true)), turns.take(act('c'))];
  await expectCode('rate_limited', () => turns.take(act('d')));
  expect((await Promise.allSettled(runs)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(ends).toEqual(['a', 'b', 'c']);
  expect(await turns.take(act('e'))).toBe('e');
});

test('without a bound everybody waits, and the order is that in which they came', async () => {
  const turns = new SerialQueue();
  const ends: number[] = [];
  const all = Array.from({ length: 1000 }, (_, each) => each);
  await Promise.all(all.map((each) => turns.take(async () => void ends.push(each))));
  expect(ends).toEqual(all);
});

test('what throws at once is a rejection like any other, and gives the turn on', async () => {
  const turns = new SerialQueue(1);
  const thrown = turns.take(() => {
    throw new RangeError('at once');
  });
  await expect(thrown).rejects.toThrow(RangeError);
  expect(await turns.take(async () => 'next')).toBe('next');
});
