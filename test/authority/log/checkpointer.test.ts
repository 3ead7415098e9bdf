import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { lockDatabase } from '../../../src/authority/commands/database.ts';
import { changeCredential, createKey, openAuthority, readLog } from '../../../src/authority/index.ts';
import { readLogState } from '../../../src/authority/log/log-state.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import { byRawKey, costs, createAuthority, openUnlocked, query } from '../../support/authority.ts';
import { appendEntries, readCheckpoints } from '../../support/checkpoints.ts';
import { failureOf } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import { eventually } from '../../support/eventually.ts';
import { writeLogAsOlder } from '../../support/older.ts';
import { countWrites, failCommits } from '../../support/transactions.ts';

async function sizes(url: string): Promise<number[]> {
  await using authority = await openAuthority({ database: url });
  return (await readCheckpoints(authority)).map(({ size }) => size);
}

describe.each(engines)('$name', (engine) => {
  test('who writes and closes leaves everything under a checkpoint', async () => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.executeFor('acme', createKey, { name: 'one' });
    await authority.executeFor('acme', createKey, { name: 'two' });
    expect(await sizes(url)).toEqual([1]);
    await authority.close();
    expect(await sizes(url)).toEqual([1, 3]);
  });

  test('who only reads leaves nothing', async () => {
    const url = await engine.createUrl();
    await (await createAuthority(url)).authority.close();
    const authority = await openUnlocked(url, {}, byRawKey(1));
    const writes = countWrites(authority.database);
    await authority.close();
    expect(writes()).toBe(0);
    expect(await sizes(url)).toEqual([1]);
  });

  test('what was left by a process that was killed comes under the next one', async () => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.executeFor('acme', createKey, { name: 'one' });
    // It is gone, and did nothing any more.
    await authority.database.close();
    await (await openUnlocked(url, {}, byRawKey(1))).close();
    expect(await sizes(url)).toEqual([1, 2]);
  });

  test('one that is locked signs nothing, and the next one signs for both', async () => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.executeFor('acme', createKey, { name: 'one' });
    await authority.execute(lockDatabase, {});
    await authority.checkpoint();
    expect(await readLogState(authority)).toMatchObject({ entries: 3, signed: 1 });
    await authority.unlock(byRawKey(1));
    await authority.close();
    expect(await sizes(url)).toEqual([1, 3]);
  });

  test('an older log gets its key, and an entry of all that stands, at the next unlocking, and once', async () => {
    const url = await engine.createUrl();
    const { authority: older } = await createAuthority(url);
    await writeLogAsOlder(older);
    await older.close();
    for (const table of ['log_keys', 'checkpoints', 'log_tiles']) await query(url, `delete from ${table}`);
    for (let round = 0; round < 2; round++) await (await openUnlocked(url, {}, byRawKey(1))).close();
    await using authority = await openAuthority({ database: url });
    const { entries } = await authority.execute(readLog, {});
    expect(entries.map(({ command }) => command)).toEqual(['/log/begin', '/log/begin']);
    expect(entries[1]?.effects).toContainEqual(expect.objectContaining({ table: 'log_keys', key: '1' }));
    expect(authority.identity.version).toBe(2);
    expect(await sizes(url)).toEqual([2]);
  });

  test('a changed credential is under one too', async () => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.close();
    await using locked = await openAuthority({ database: url });
    await changeCredential(locked, byRawKey(1), byRawKey(2), costs);
    expect(await sizes(url)).toEqual([1, 2]);
  });

  test('with a delay an entry is under one soon, and where nothing is new nothing is made', async () => {
    const url = await engine.createUrl();
    await (await createAuthority(url)).authority.close();
    await using authority = await openUnlocked(url, { checkpointDelay: 50 }, byRawKey(1));
    for (const name of ['one', 'two', 'three']) {
      await authority.executeFor('acme', createKey, { name });
      const { entries } = await readLogState(authority);
      await eventually(async () => (await readLogState(authority)).signed === entries);
    }
    const writes = countWrites(authority.database);
    await sleep(200);
    expect(writes()).toBe(0);
  });

  test('under a constant load one follows the other', async () => {
    const url = await engine.createUrl();
    await (await createAuthority(url)).authority.close();
    const authority = await openUnlocked(url, { checkpointDelay: 50 }, byRawKey(1));
    let isDone = false;
    const load = Array.from({ length: 8 }, async (_, client) => {
      for (let at = 0; !isDone; at++) await authority.executeFor('acme', createKey, { name: `key-${client}-${at}` });
    });
    let last = (await readLogState(authority)).signed;
    // While the load goes on, which ends only below.
    for (let grown = 0; grown < 5; grown++) {
      last = await eventually(async () => {
        const { signed } = await readLogState(authority);
        return signed > last && signed;
      });
    }
    isDone = true;
    await Promise.all(load);
    await authority.close();
    const all = await sizes(url);
    expect(all).toEqual(all.toSorted((left, right) => left - right));
    expect(all.length).toBeGreaterThan(5);
  });

  test('those who ask at once share one', async () => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await appendEntries(authority, 5);
    const writes = countWrites(authority.database);
    await Promise.all(Array.from({ length: 20 }, () => authority.checkpoint()));
    expect(writes()).toBe(1);
    await authority.close();
    expect(await sizes(url)).toEqual([1, 6]);
  });

  describe('one that cannot be made', () => {
    test('fails only the caller who asks for it, is reported, and is made later', async () => {
      const url = await engine.createUrl();
      const { authority, events } = await createAuthority(url);
      await authority.executeFor('acme', createKey, { name: 'one' });
      events.length = 0;
      failCommits(authority.database, 1);
      expect(await failureOf(() => authority.checkpoint())).toMatchObject({ code: 'unavailable' });
      expect(await readLogState(authority)).toMatchObject({ entries: 2, signed: 1 });
      failCommits(authority.database, 1);
      await authority.close();
      expect(events.map(({ name, reason }) => [name, reason])).toEqual([
        ['log.checkpoint_failed', 'unavailable'],
        ['vault.locked', undefined],
      ]);
      await (await openUnlocked(url, {}, byRawKey(1))).close();
      expect(await sizes(url)).toEqual([1, 2]);
    });

    test('is tried again after a while, where the disk was full', async () => {
      const url = await engine.createUrl();
      await (await createAuthority(url)).authority.close();
      const events: HanaperEvent[] = [];
      const observer = (event: HanaperEvent) => void events.push(event);
      await using authority = await openUnlocked(url, { checkpointDelay: 30, observer }, byRawKey(1));
      await authority.checkpoint();
      await appendEntries(authority, 3);
      failCommits(authority.database, 2);
      await authority.executeFor('acme', createKey, { name: 'one' }).catch(() => undefined);
      await authority.executeFor('acme', createKey, { name: 'two' }).catch(() => undefined);
      await authority.executeFor('acme', createKey, { name: 'three' });
      await eventually(async () => (await readLogState(authority)).signed >= 5);
    });

    test('because a tile was altered is reported once, and not again and again', async () => {
      const url = await engine.createUrl();
      await (await createAuthority(url)).authority.close();
      const events: HanaperEvent[] = [];
      const observer = (event: HanaperEvent) => {
        if (event.name.startsWith('log.')) events.push(event);
      };
      await using authority = await openUnlocked(url, { checkpointDelay: 20, observer }, byRawKey(1));
      // One that was due is made by then, and another has nothing to do.
      await authority.checkpoint();
      await sleep(100);
      await authority.checkpoint();
      await query(url, 'update log_tiles set hashes = $1', [new Uint8Array(32)]);
      await authority.executeFor('acme', createKey, { name: 'one' });
      await eventually(() => events.length > 0);
      await sleep(300);
      expect(events).toMatchObject([
        { name: 'log.checkpoint_failed', reason: 'log_tampered', details: { what: 'tile', size: 1 } },
      ]);
      expect(await readLogState(authority)).toMatchObject({ entries: 2, signed: 1 });
    });
  });
});
