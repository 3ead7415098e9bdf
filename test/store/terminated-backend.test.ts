import { describe, expect, onTestFinished, test } from 'vitest';
import { auditDatabase, createKey, listKeys } from '../../src/authority/index.ts';
import { HanaperError } from '../../src/errors.ts';
import { byRawKey, createAuthority, openUnlocked, query } from '../support/authority.ts';
import { failureOf } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { type Moment, startTerminatingProxy } from '../support/terminating-proxy.ts';

const moments: readonly Moment[] = ['before', 'after'];

interface Steps {
  readonly moment: Moment;
  prepare?(step: number): Promise<unknown>;
  act(step: number): Promise<unknown>;
  check?(ended: { readonly failure: unknown; readonly step: number; readonly said: string }): Promise<void>;
}

async function open() {
  const url = (await engines.find(({ name }) => name === 'postgres')?.createUrl()) ?? '';
  await (await createAuthority(url)).authority.close();
  const proxy = await startTerminatingProxy(url);
  const authority = await openUnlocked(proxy.url, {}, byRawKey(1));
  onTestFinished(() => authority.close());
  const add = (name: string) => authority.executeFor('acme', createKey, { name });
  // Does something again and again, ended one step later each time, until it comes to its end by itself.
  const endAtEachStep = async ({ moment, prepare, act, check }: Steps) => {
    for (let step = 1; ; step++) {
      await prepare?.(step);
      proxy.arm(step, moment);
      const failure = await failureOf(() => act(step));
      const said = proxy.said();
      proxy.arm(0, moment);
      if (said === undefined) return expect(failure).toBeUndefined();
      if (failure !== undefined) expect(failure, said).toMatchObject({ code: 'unavailable' });
      await goOn(() => authority.executeFor('acme', listKeys, {}));
      await check?.({ failure, step, said });
    }
  };
  const requireSound = async () => expect((await auditDatabase(authority)).findings.list).toEqual([]);
  return { url, proxy, authority, add, endAtEachStep, requireSound };
}

// The next user may report one that was ended while it was idle.
async function goOn(act: () => Promise<unknown>): Promise<void> {
  const failure = await failureOf(act);
  if (failure === undefined) return;
  expect(failure).toMatchObject({ code: 'unavailable' });
  await act();
}

describe.each(moments)('a connection that an administrator ends %s what is said on it', (moment) => {
  test('leaves a write done or not, and in doubt at its COMMIT alone', async () => {
    const { url, add, endAtEachStep, requireSound } = await open();
    const doubtful: string[] = [];
    await endAtEachStep({
      moment,
      act: (step) => add(`key-${step}`),
      check: async ({ failure, step, said }) => {
        const rows = await query(url, 'select key_name from signing_keys where key_name = $1', [`key-${step}`]);
        if (isInDoubt(failure)) doubtful.push(said.replace(/[^a-z]/g, ''));
        else expect(rows, said).toHaveLength(failure === undefined ? 1 : 0);
      },
    });
    // What was ended after the last of the rows may be reported before the COMMIT is sent, or after.
    if (moment === 'before') expect(doubtful).toEqual(['commit']);
    else for (const said of doubtful) expect(said).toMatch(/^updateloghead/);
    await requireSound();
  });

  test('leaves a checkpoint made, or to be made the next time', async () => {
    const { authority, add, endAtEachStep, requireSound } = await open();
    await endAtEachStep({ moment, prepare: (step) => add(`key-${step}`), act: () => authority.checkpoint() });
    await authority.checkpoint();
    await requireSound();
  });

  test('leaves a database that is opened and unlocked the next time', async () => {
    const { proxy, endAtEachStep, requireSound } = await open();
    const openAgain = async () => (await openUnlocked(proxy.url, {}, byRawKey(1))).close();
    await endAtEachStep({ moment, act: openAgain });
    await requireSound();
  });
});

function isInDoubt(failure: unknown): boolean {
  return failure instanceof HanaperError && failure.details['may_be_done'] === true;
}
