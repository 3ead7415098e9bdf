import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { shareRead } from '../../../src/authority/execution/share-read.ts';

test('a caller who asks before a read begins shares it, and a later one gets another', async () => {
  let value = 0;
  const read = shareRead(async () => ++value);
  expect(await Promise.all([read(), read(), Promise.resolve().then(read)])).toEqual([1, 1, 1]);
  expect(await read()).toBe(2);
});

test('a caller who asks during a read does not get what it sees', async () => {
  let value = 'before';
  const read = shareRead(async () => {
    const seen = value;
    await nextTurn();
    return seen;
  });
  const first = read();
  await nextTurn();
  value = 'after';
  expect([await read(), await first]).toEqual(['after', 'before']);
});

test('a read that fails fails for all who share it, and not for the next', async () => {
  let fails = true;
  const read = shareRead(async () => {
    if (fails) throw new Error('gone');
    return 'here';
  });
  const settled = await Promise.allSettled([read(), read()]);
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  fails = false;
  expect(await read()).toBe('here');
});
