import { expect, test } from 'vitest';
import { Backoff } from '../../src/http/backoff.ts';
import { expectCode } from '../support/codes.ts';

function create(changes = {}) {
  const clock = { now: 0 };
  const limits = { free: 2, firstPause: 1_000, longestPause: 5_000, keys: 3, ...changes };
  return { clock, attempts: new Backoff(limits, () => clock.now) };
}

async function waitOf(attempts: Backoff, key: string): Promise<unknown> {
  return (await expectCode('rate_limited', () => attempts.requireTurn(key))).details['retry_after'];
}

test('the first failures cost nothing, each further one twice the pause of the one before, up to the longest', async () => {
  const { attempts, clock } = create();
  for (let failure = 0; failure < 2; failure++) attempts.fail('a');
  attempts.requireTurn('a');
  for (const seconds of [1, 2, 4, 5, 5]) {
    attempts.fail('a');
    expect(await waitOf(attempts, 'a')).toBe(seconds);
    clock.now += seconds * 1000 - 1;
    expect(await waitOf(attempts, 'a')).toBe(1);
    clock.now += 1;
    attempts.requireTurn('a');
  }
});

test('a success forgets the failures', async () => {
  const { attempts } = create();
  for (let failure = 0; failure < 3; failure++) attempts.fail('a');
  attempts.succeed('a');
  for (let failure = 0; failure < 2; failure++) attempts.fail('a');
  attempts.requireTurn('a');
});

test('keys are counted apart, and no more of them than there is room for', async () => {
  const { attempts } = create();
  for (let failure = 0; failure < 3; failure++) attempts.fail('a');
  attempts.requireTurn('b');
  for (const key of ['b', 'c']) attempts.fail(key);
  await waitOf(attempts, 'a');
  attempts.fail('d');
  attempts.requireTurn('a');
});
