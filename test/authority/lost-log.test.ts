import { beforeEach, describe, expect, test } from 'vitest';
import { changeCredential, createKey, openAuthority } from '../../src/authority/index.ts';
import { byRawKey, costs, createAuthority, openUnlocked, query } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { dumpTables } from '../support/tables.ts';

const everything = ['log_effects', 'log_entries', 'log_keys', 'log_tiles', 'checkpoints', 'ucan_invocations'];

describe.each(engines)('$name', (engine) => {
  let url: string;

  beforeEach(async () => {
    url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await authority.executeFor('acme', createKey, { name: 'release' });
    await authority.close();
  });

  const losses: [string, string, () => Promise<unknown>][] = [
    ['every checkpoint', 'checkpoint', () => query(url, 'delete from checkpoints')],
    ['its key', 'log_key', () => query(url, 'delete from log_keys')],
    ['all of it, with its head put back', 'entry', () => loseAll(url)],
  ];

  describe('a database that lost of its log', () => {
    test.each(losses)('%s is not unlocked, and nothing is signed or written', async (_, what, lose) => {
      await lose();
      const before = await dumpTables(url);
      const error = await expectCode('log_tampered', () => openUnlocked(url, {}, byRawKey(1)));
      expect(error.details).toMatchObject({ what });
      await using locked = await openAuthority({ database: url });
      await expectCode('log_tampered', () => changeCredential(locked, byRawKey(1), byRawKey(2), costs));
      expect(await dumpTables(url)).toEqual(before);
    });
  });

  test.each(['2999-01-01T00:00:00.000Z', null])(
    'nothing is signed behind a head whose time was altered (%s)',
    async (time) => {
      await using authority = await openUnlocked(url, {}, byRawKey(1));
      await query(url, 'update log_head set enrolled_at = $1', [time]);
      const before = await dumpTables(url);
      const error = await expectCode('log_tampered', () => authority.executeFor('acme', createKey, { name: 'next' }));
      expect(error.details).toMatchObject({ what: 'head', column: 'enrolled_at' });
      expect(await dumpTables(url)).toEqual(before);
    },
  );

  test('nothing is signed where somebody has put an entry behind the head', async () => {
    await using authority = await openUnlocked(url, {}, byRawKey(1));
    await query(
      url,
      'insert into log_entries select entry_index + 1, entry from log_entries order by entry_index desc limit 1',
    );
    const before = await dumpTables(url);
    const error = await expectCode('log_tampered', () => authority.executeFor('acme', createKey, { name: 'next' }));
    expect(error.details).toMatchObject({ what: 'head', table: 'log_entries' });
    expect(await dumpTables(url)).toEqual(before);
  });

  test('one that is unlocked meanwhile signs no checkpoint over a log that has none', async () => {
    await using authority = await openUnlocked(url, {}, byRawKey(1));
    await query(url, 'delete from checkpoints');
    await query(url, 'delete from log_tiles');
    await authority.executeFor('acme', createKey, { name: 'next' });
    const error = await expectCode('log_tampered', () => authority.checkpoint());
    expect(error.details).toMatchObject({ what: 'checkpoint' });
    expect(await query(url, 'select size from checkpoints')).toEqual([]);
  });
});

async function loseAll(url: string): Promise<void> {
  for (const table of everything) await query(url, `delete from ${table}`);
  await query(url, 'update log_head set size = 0, generation = 0, enrolled_at = null');
}
