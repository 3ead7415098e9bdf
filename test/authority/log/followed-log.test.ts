import { describe, expect, test } from 'vitest';
import { type Authority, createKey, listKeys, revokeKey } from '../../../src/authority/index.ts';
import { verifyPublicly } from '../../../src/authority/verify-publicly.ts';
import { readLogHead } from '../../../src/store/tables/log.ts';
import { byRawKey, createAuthority, openUnlocked, query } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import { keepRows } from '../../support/tables.ts';

const rolledBack = 'log_rolled_back';
const publicQuery = { hash: '00'.repeat(32), name: 'a', signatures: [], organisation: 'acme' };

describe.each(engines)('$name', (engine) => {
  /** A process that goes on while what it has done is taken back beneath it. */
  async function open() {
    const url = await engine.createUrl();
    const { authority, events } = await createAuthority(url);
    await add(authority, 'revoked');
    const putBack = await keepRows(url);
    await authority.executeFor('acme', revokeKey, { name: 'revoked' });
    const close = () => authority.close();
    return { url, authority, events, putBack, [Symbol.asyncDispose]: close };
  }

  test('a process signs nothing on an old copy that is put beneath it, and is locked at once', async () => {
    await using opened = await open();
    const { url, authority, events, putBack } = opened;
    await putBack();
    await expectCode(rolledBack, () => add(authority, 'next'));
    expect(authority.locked).toBe(true);
    await expectCode(rolledBack, () => authority.executeFor('acme', listKeys, {}));
    const told = events.filter(({ name }) => name === 'log.refused' || name === 'vault.locked');
    expect(told.map(({ name, reason }) => [name, reason])).toEqual([
      ['vault.locked', undefined],
      ['log.refused', rolledBack],
    ]);
    expect(await query(url, 'select key_name from signing_keys')).toEqual([{ key_name: 'revoked' }]);
  });

  test('it is not unlocked while the old copy is there, and is once the right one is', async () => {
    await using opened = await open();
    const { url, authority, putBack } = opened;
    const putRight = await keepRows(url, 'later');
    await putBack();
    await expectCode(rolledBack, () => authority.unlock(byRawKey(1)));
    await putRight();
    await authority.unlock(byRawKey(1));
    await add(authority, 'next');
  });

  test.each<[string, (authority: Authority) => Promise<unknown>]>([
    ['a read', (authority) => authority.executeFor('acme', listKeys, {})],
    ['a verification', (authority) => authority.trustFor({ organisation: 'acme', packageHash: '00' })],
    ['what is answered from memory', (authority) => verifyPublicly(authority, publicQuery)],
    ['a checkpoint', (authority) => authority.checkpoint()],
  ])('%s finds it, too, and locks', async (_, act) => {
    await using opened = await open();
    const { url, authority, putBack } = opened;
    await verifyPublicly(authority, publicQuery);
    await putBack();
    await expectCode(rolledBack, () => act(authority));
    expect(authority.locked).toBe(true);
    expect(await query(url, 'select size from checkpoints')).toHaveLength(1);
  });

  test('an old copy that has grown since is another log, however long it is', async () => {
    for (const more of [1, 2]) {
      await using opened = await open();
      const { url, authority, putBack } = opened;
      await putBack();
      await using other = await openUnlocked(url, {}, byRawKey(1));
      for (let at = 0; at < more; at++) await add(other, `other-${at}`);
      await expectCode(rolledBack, () => add(authority, 'next'));
      expect(authority.locked).toBe(true);
    }
  });

  test('what the head says of itself does not make another entry that which was written', async () => {
    await using opened = await open();
    const { url, authority, putBack } = opened;
    const [head] = await query(url, 'select * from log_head');
    await putBack();
    await using other = await openUnlocked(url, {}, byRawKey(1));
    await add(other, 'other');
    await query(url, 'update log_head set size = $1, generation = $2, enrolled_at = $3', [
      head?.['size'],
      head?.['generation'],
      head?.['enrolled_at'],
    ]);
    await expectCode(rolledBack, () => add(authority, 'next'));
  });

  test('others write beside it, and readers that began before go on', async () => {
    await using opened = await open();
    const { url, authority } = opened;
    await using other = await openUnlocked(url, {}, byRawKey(1));
    await authority.followed.read(async (transaction) => {
      await add(authority, 'while-reading');
      await add(other, 'by-another');
      expect((await readLogHead(transaction)).size).toBe(3);
    });
    await Promise.all(
      Array.from({ length: 6 }, async (_, at) => {
        await add(at % 2 ? other : authority, `many-${at}`);
        await (at % 2 ? authority : other).executeFor('acme', listKeys, {});
      }),
    );
    expect(authority.locked || other.locked).toBe(false);
  });
});

const add = (authority: Authority, name: string) => authority.executeFor('acme', createKey, { name });
