import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createKey, openAuthority } from '../../src/authority/index.ts';
import type { Database } from '../../src/store/engine/database.ts';
import type { Transaction } from '../../src/store/engine/transaction.ts';
import { listOrganizations, updateOrganization } from '../../src/store/tables/organizations.ts';
import { byRawKey, createAuthority, openUnlocked, query } from '../support/authority.ts';
import { expectCode, failureOf } from '../support/codes.ts';
import { engines } from '../support/engines.ts';

describe.each(engines)('$name', (engine) => {
  test('a query on a transaction that has ended is refused', async () => {
    await using authority = await create();
    for (const access of ['read', 'write'] as const) {
      const ended = await authority.database.transact(access, async (transaction) => transaction);
      expect(await failureOf(() => listOrganizations(ended))).toBeInstanceOf(Error);
      let failed: Transaction | undefined;
      await failureOf(() =>
        authority.database.transact(access, async (transaction) => {
          failed = transaction;
          throw new Error('on purpose');
        }),
      );
      expect(await failureOf(() => failed && listOrganizations(failed))).toBeInstanceOf(Error);
    }
    expect(await namesOf(authority.database)).toEqual(['acme']);
  });

  test('what throws leaves nothing, and is thrown on', async () => {
    await using authority = await create();
    const purpose = new RangeError('on purpose');
    const failure = await failureOf(() =>
      authority.database.transact('write', async (transaction) => {
        await rename(transaction, 'renamed');
        expect((await listOrganizations(transaction))[0]?.name).toBe('renamed');
        throw purpose;
      }),
    );
    expect(failure).toBe(purpose);
    expect(await namesOf(authority.database)).toEqual(['acme']);
  });

  test('a statement that fails leaves nothing of what came before it', async () => {
    await using authority = await create();
    const failure = await expectCode('already_exists', () =>
      authority.database.transact('write', async (transaction) => {
        await rename(transaction, 'renamed');
        const [row] = await listOrganizations(transaction);
        if (row) await transaction.kysely.insertInto('organizations').values(row).execute();
      }),
    );
    expect(failure.cause).toBeInstanceOf(Error);
    expect(await namesOf(authority.database)).toEqual(['acme']);
  });

  test('what is written cannot be seen before the commit', async () => {
    const url = await engine.createUrl();
    await using authority = (await createAuthority(url)).authority;
    await authority.database.transact('write', async (transaction) => {
      await rename(transaction, 'renamed');
      expect(await query(url, 'select name from organizations')).toEqual([{ name: 'acme' }]);
    });
    expect(await query(url, 'select name from organizations')).toEqual([{ name: 'renamed' }]);
  });

  test('transactions that are begun at once all come to an end, and those that fail harm no other', async () => {
    await using authority = await create();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        authority.database.transact(index % 3 === 0 ? 'read' : 'write', async (transaction) => {
          const [organisation] = await listOrganizations(transaction);
          await sleep(1);
          if (index % 3 === 1) throw new RangeError(`${index}`);
          if (index % 3 === 2 && organisation)
            await updateOrganization(transaction, organisation.id, {
              hashSignaturesSince: null,
              publicVerificationSince: null,
            });
          return index;
        }),
      ),
    );
    for (const [index, outcome] of outcomes.entries()) {
      if (index % 3 === 1) expect(outcome).toMatchObject({ status: 'rejected', reason: { message: `${index}` } });
      else expect(outcome).toMatchObject({ status: 'fulfilled', value: index });
    }
  });

  test('commands that are executed at once are all executed', async () => {
    await using authority = await create();
    const names = Array.from({ length: 10 }, (_, index) => `key-${index}`);
    await Promise.all(names.map((name) => authority.executeFor('acme', createKey, { name })));
    const { keys } = await authority.trustFor({ organisation: 'acme', packageHash: '00' });
    expect([...keys.values()].map((key) => key.name).sort()).toEqual(names);
  });

  test('two authorities over one database in one process write at once', async () => {
    const url = await engine.createUrl();
    await using one = (await createAuthority(url)).authority;
    await using two = await openUnlocked(url, {}, byRawKey(1));
    await using reader = await openAuthority({ database: url });
    const names = Array.from({ length: 10 }, (_, index) => `key-${index}`);
    await Promise.all(
      names.map((name, index) => (index % 2 === 0 ? one : two).executeFor('acme', createKey, { name })),
    );
    expect((await reader.trustFor({ organisation: 'acme', packageHash: '00' })).keys.size).toBe(10);
  });

  test('a database closes twice, and is closed', async () => {
    const authority = await create();
    await authority.close();
    await authority.close();
    expect(await failureOf(() => namesOf(authority.database))).toBeInstanceOf(Error);
  });

  const create = async () => (await createAuthority(await engine.createUrl())).authority;
});

test('concurrent write transactions on SQLite run one after the other', async () => {
  const url = await engines.find(({ name }) => name === 'sqlite')?.createUrl();
  await using authority = (await createAuthority(url ?? '')).authority;
  const log: string[] = [];
  await Promise.all(
    ['one', 'two', 'three'].map((name) =>
      authority.database.transact('write', async (transaction) => {
        log.push(`${name} begins`);
        await rename(transaction, name);
        await sleep(5);
        log.push(`${name} ends`);
      }),
    ),
  );
  expect(log).toEqual(['one', 'two', 'three'].flatMap((name) => [`${name} begins`, `${name} ends`]));
});

async function rename({ kysely }: Transaction, name: string): Promise<void> {
  await kysely.updateTable('organizations').set({ name }).execute();
}

async function namesOf(database: Database): Promise<string[]> {
  return (await database.transact('read', listOrganizations)).map(({ name }) => name);
}
