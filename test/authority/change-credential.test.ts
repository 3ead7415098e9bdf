import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import {
  changeCredential,
  createKey,
  openAuthority,
  readStatus,
  signPackage,
  validateAuthority,
} from '../../src/authority/index.ts';
import type { HanaperEvent } from '../../src/events.ts';
import { listKeySlots } from '../../src/store/tables/key-slots.ts';
import type { Credential, SlotKind } from '../../src/vault/index.ts';
import { Child } from '../store/children/child.ts';
import {
  byPassphrase,
  byRawKey,
  costs,
  initialize,
  openUnlocked,
  passphrase,
  pathOf,
  query,
} from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';

const next = 'the next passphrase for tests';

interface Change {
  readonly slot: SlotKind;
  readonly from: () => Credential;
  readonly to: () => Credential;
  readonly kind: SlotKind;
}

const changes: readonly Change[] = [
  { slot: 'passphrase', from: () => byPassphrase(), to: () => byPassphrase(next), kind: 'passphrase' },
  { slot: 'passphrase', from: () => byPassphrase(), to: () => byPassphrase(), kind: 'passphrase' },
  { slot: 'passphrase', from: () => byPassphrase(), to: () => byRawKey(9), kind: 'raw' },
  { slot: 'raw', from: () => byRawKey(1), to: () => byPassphrase(next), kind: 'passphrase' },
  { slot: 'raw', from: () => byRawKey(1), to: () => byRawKey(9), kind: 'raw' },
  { slot: 'derived', from: () => byPassphrase(), to: () => byPassphrase(next), kind: 'passphrase' },
  { slot: 'derived', from: () => byPassphrase(), to: () => byRawKey(9), kind: 'raw' },
];

describe.each(engines)('$name', (engine) => {
  describe.each(changes)(
    'a credential of kind $slot that is changed to kind $kind (%#)',
    ({ slot, from, to, kind }) => {
      test('stops working, the new one works, and every key still opens', async () => {
        const url = await engine.createUrl();
        const { did } = await initialize(url, { slot, credential: from() });
        await withKeys(url, from());
        const sealed = await readSealed(url);
        await using authority = await openAuthority({ database: url });
        const { added, removed } = await changeCredential(authority, from(), to(), costs);
        expect([removed.kind, added.kind]).toEqual([slot, kind]);
        expect(await query(url, 'select id, kind from key_slots')).toEqual([{ id: added.id, kind }]);
        const sameWords =
          slot !== 'raw' && kind === 'passphrase' && describeCredential(from()) === describeCredential(to());
        if (!sameWords) await expectCode('wrong_passphrase', () => authority.unlock(from()));
        await authority.unlock(to());
        expect(authority.identity.did).toBe(did);
        await authority.executeFor('acme', signPackage, { hash: 'ab'.repeat(32), name: 'a', key: 'one' });
        await validateAuthority(authority, to());
        expect(await readSealed(url)).toEqual(sealed);
      });

      test('is restated by the authority row, which stays the same otherwise', async () => {
        const url = await engine.createUrl();
        await initialize(url, { slot, credential: from() });
        const [before] = await query(url, 'select * from authority');
        await using authority = await openAuthority({ database: url });
        await changeCredential(authority, from(), to(), costs);
        const status = await readStatus({ database: url, authority: authority.identity.did });
        expect(status).toMatchObject({ derivation_method: kind, key_slots: [{ kind }] });
        const [after] = await query(url, 'select * from authority');
        const { derivation_method: _, statement: __, signature: ___, ...rest } = before ?? {};
        expect(after).toMatchObject(rest);
        if (kind === slot) expect(after).toEqual(before);
      });
    },
  );

  test('events report both slots, the new one first', async () => {
    const url = await engine.createUrl();
    await initialize(url);
    const events: HanaperEvent[] = [];
    await using authority = await openAuthority({ database: url, observer: (event) => void events.push(event) });
    const { added, removed } = await changeCredential(authority, byPassphrase(), byRawKey(9), costs);
    expect(events).toMatchObject([
      { name: 'vault.unlocked' },
      { name: 'slot.added', details: { slot: added.id, kind: 'raw' } },
      { name: 'slot.removed', details: { slot: removed.id, kind: 'passphrase' } },
    ]);
    expect(authority.locked).toBe(true);
  });

  test('costs are those that were asked for', async () => {
    const url = await engine.createUrl();
    await initialize(url);
    await using authority = await openAuthority({ database: url });
    const dearer = { memoryKib: 20 * 1024, passes: 3, lanes: 2 };
    await changeCredential(authority, byPassphrase(), byPassphrase(next), dearer);
    const [slot] = await authority.database.transact('read', listKeySlots);
    expect(slot?.costs).toEqual(dearer);
    await authority.unlock(byPassphrase(next));
  });

  test('a wrong credential, or costs out of bounds, change nothing', async () => {
    const url = await engine.createUrl();
    await initialize(url);
    const before = await query(url, 'select * from key_slots');
    await using authority = await openAuthority({ database: url });
    await expectCode('wrong_passphrase', () => changeCredential(authority, byPassphrase(next), byRawKey(9), costs));
    await expectCode('wrong_passphrase', () => changeCredential(authority, byRawKey(1), byRawKey(9), costs));
    const low = { ...costs, passes: 1 };
    await expectCode('bad_input', () => changeCredential(authority, byPassphrase(), byPassphrase(next), low));
    expect(await query(url, 'select * from key_slots')).toEqual(before);
    await authority.unlock(byPassphrase());
  });

  test('of two changes at once one wins, and the other changes nothing', async () => {
    const url = await engine.createUrl();
    await initialize(url);
    await using authority = await openAuthority({ database: url });
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map((byte) => changeCredential(authority, byPassphrase(), byRawKey(byte), costs)),
    );
    const won = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index + 1] : []));
    expect(won).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'not_found' });
    }
    expect(await query(url, 'select id from key_slots')).toHaveLength(1);
    await authority.unlock(byRawKey(won[0] ?? 0));
  });

  test('an authority that is unlocked stays so', async () => {
    const url = await engine.createUrl();
    await initialize(url);
    await using authority = await openUnlocked(url);
    await changeCredential(authority, byPassphrase(), byPassphrase(next), costs);
    await authority.executeFor('acme', createKey, { name: 'after' });
  });

  async function withKeys(url: string, credential: Credential): Promise<void> {
    await using authority = await openUnlocked(url, {}, credential);
    for (const name of ['one', 'two']) await authority.executeFor('acme', createKey, { name });
  }

  async function readSealed(url: string): Promise<unknown[]> {
    return [
      await query(url, 'select * from signing_keys order by id'),
      await query(url, 'select * from organizations order by id'),
    ];
  }
});

describe('what the old slot held', () => {
  test.each([0, 40])('is in no file of SQLite after the change, with %i keys beside it', async (keys) => {
    const url = (await engines.find(({ name }) => name === 'sqlite')?.createUrl()) ?? '';
    await initialize(url);
    await using authority = await openUnlocked(url);
    for (let count = 0; count < keys; count++) {
      await authority.executeFor('acme', createKey, { name: `key-${count}` });
    }
    let current = passphrase;
    for (let change = 0; change < 4; change++) {
      const other = `${next} ${change}`;
      const { added, removed } = await changeCredential(authority, byPassphrase(current), byPassphrase(other), costs);
      current = other;
      const all = readAll(url);
      for (const old of [removed.salt, removed.wrappedRootSecret, removed.signature]) {
        expect(all.includes(Buffer.from(old ?? []))).toBe(false);
      }
      for (const fresh of [added.salt, added.wrappedRootSecret, added.signature]) {
        expect(all.includes(Buffer.from(fresh ?? []))).toBe(true);
      }
    }
  });

  test('is in no file of SQLite although another process was reading it meanwhile', async () => {
    const url = (await engines.find(({ name }) => name === 'sqlite')?.createUrl()) ?? '';
    await initialize(url);
    await using authority = await openUnlocked(url);
    const reader = new Child(new URL('./children/read.ts', import.meta.url), [pathOf(url), '700']);
    await reader.hear();
    const { removed } = await changeCredential(authority, byPassphrase(), byPassphrase(next), costs);
    expect(readAll(url).includes(Buffer.from(removed.salt))).toBe(false);
  });
});

test('what a reader has kept in the files is told, and erased once the reader is gone', async () => {
  const url = (await engines.find(({ name }) => name === 'sqlite')?.createUrl()) ?? '';
  await initialize(url);
  await using authority = await openUnlocked(url);
  const reader = new DatabaseSync(pathOf(url));
  reader.exec('begin; select count(*) from key_slots');
  const { removed, erased } = await changeCredential(authority, byPassphrase(), byPassphrase(next), costs);
  expect(erased).toBe(false);
  expect(readAll(url).includes(Buffer.from(removed.salt))).toBe(true);
  expect(await validateAuthority(authority)).toMatchObject({ deleted_is_erased: false });
  reader.close();
  expect(await validateAuthority(authority)).toMatchObject({ deleted_is_erased: true });
  expect(readAll(url).includes(Buffer.from(removed.salt))).toBe(false);
});

function readAll(url: string): Buffer {
  const files = ['', '-wal', '-journal'].map((suffix) => pathOf(url) + suffix).filter(existsSync);
  return Buffer.concat(files.map((file) => readFileSync(file)));
}

function describeCredential(credential: Credential): string {
  return credential.kind === 'raw' ? 'raw' : Buffer.from(credential.passphrase.bytes).toString();
}
