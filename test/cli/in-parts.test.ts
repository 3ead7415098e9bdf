import { expect, test } from 'vitest';
import { executeInParts } from '../../src/cli/in-parts.ts';
import { HanaperError } from '../../src/errors.ts';
import { expectCode } from '../support/codes.ts';

const items = Array.from({ length: 150 }, (_, index) => index);

function takeAtMost(most: number, details: Readonly<Record<string, unknown>> = {}) {
  const asked: number[] = [];
  const execute = async (some: readonly number[]) => {
    asked.push(some.length);
    if (some.length > most) throw new HanaperError('too_large', 'This is too much at once.', details);
    return some;
  };
  return { asked, execute };
}

test('many things are done in parts, each once and in order', async () => {
  for (const most of [1000, 50, 10, 1]) {
    expect((await executeInParts(items, takeAtMost(most).execute)).flat()).toEqual(items);
  }
});

test('a part that was too much is not asked for again as large', async () => {
  const { asked, execute } = takeAtMost(20);
  await executeInParts(items, execute);
  expect(asked.filter((length) => length > 20)).toEqual([64, 32]);
});

test('one thing that is too much alone, and what is refused for another reason, is refused', async () => {
  await expectCode('too_large', () => executeInParts(items, takeAtMost(0).execute));
  const { asked, execute } = takeAtMost(10, { reason: 'allowance' });
  await expectCode('too_large', () => executeInParts(items, execute));
  expect(asked).toHaveLength(1);
});
