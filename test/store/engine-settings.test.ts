import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { Database } from '../../src/store/engine/database.ts';
import { createAuthority, openStore, pathOf, query, type Row } from '../support/authority.ts';
import { failureOf } from '../support/codes.ts';
import { createTempFolder, engines } from '../support/engines.ts';

function select(database: Database, statement: string): Promise<Row[]> {
  return database.transact('read', async ({ kysely }) => (await sql<Row>`${sql.raw(statement)}`.execute(kysely)).rows);
}

async function pragma(database: Database, name: string): Promise<unknown> {
  return Object.values((await select(database, `pragma ${name}`))[0] ?? {})[0];
}

describe('SQLite', () => {
  test.each([
    ['journal_mode', 'wal'],
    ['synchronous', 2],
    ['foreign_keys', 1],
    ['secure_delete', 1],
    ['trusted_schema', 0],
    ['busy_timeout', 5000],
  ])('has %s at %s, on a new file and on one that exists', async (name, expected) => {
    const url = `sqlite:${await createTempFolder()}/hanaper.db`;
    for (const create of [true, false]) {
      const database = await openStore(url, create);
      expect(await pragma(database, name)).toBe(expected);
      await database.close();
    }
  });

  test('has strict tables alone', async () => {
    const url = `sqlite:${await createTempFolder()}/hanaper.db`;
    await (await openStore(url, true)).close();
    const tables = await query(
      url,
      `select name, strict from pragma_table_list where schema = 'main' and type = 'table'`,
    );
    const ours = tables.filter((row) => !/^(sqlite_|hanaper_)/.test(String(row['name'])));
    expect(ours).toHaveLength(22);
    for (const row of ours) expect(row).toMatchObject({ strict: 1 });
  });

  test('refuses a reference to a row that does not exist', async () => {
    const { authority } = await createAuthority(`sqlite:${await createTempFolder()}/hanaper.db`);
    const row = { id: 'a', parentOrgId: 'b', childOrgId: 'c', grantedAt: '', revokedAt: null };
    const failure = await failureOf(() =>
      authority.database.transact('write', ({ kysely }) => kysely.insertInto('keyTrustAcls').values(row).execute()),
    );
    expect(failure).toMatchObject({ code: 'database_corrupt', cause: { errcode: 787 } });
    await authority.close();
  });

  test('writes nothing in a read transaction of another, who still sees the old rows', async () => {
    const url = `sqlite:${await createTempFolder()}/hanaper.db`;
    await (await openStore(url, true)).close();
    const reader = new DatabaseSync(pathOf(url));
    reader.exec('begin; select * from hanaper_migrations');
    const { authority } = await createAuthority(url);
    expect(reader.prepare('select * from organizations').all()).toEqual([]);
    reader.exec('commit');
    expect(reader.prepare('select name from organizations').all()).toEqual([{ name: 'acme' }]);
    reader.close();
    await authority.close();
  });
});

describe('PostgreSQL', () => {
  test.each([
    ['organizations', 'id', 'uuid', null],
    ['organizations', 'encrypted_identity_key', 'bytea', null],
    ['signing_keys', 'id', 'uuid', null],
    ['signing_keys', 'org_id', 'uuid', null],
    ['signing_keys', 'key_name', 'character varying', 255],
    ['signing_keys', 'encrypted_private_key', 'bytea', null],
    ['signing_keys', 'public_key', 'bytea', null],
    ['signing_keys', 'key_fingerprint', 'character varying', 64],
    ['signing_keys', 'created_at', 'timestamp with time zone', null],
    ['signing_keys', 'revoked_at', 'timestamp with time zone', null],
    ['trusted_keys', 'id', 'uuid', null],
    ['trusted_keys', 'key_fingerprint', 'character varying', 64],
    ['trusted_keys', 'trusted_at', 'timestamp with time zone', null],
    ['key_trust_acls', 'parent_org_id', 'uuid', null],
    ['key_trust_acls', 'child_org_id', 'uuid', null],
    ['key_trust_acls', 'granted_at', 'timestamp with time zone', null],
    ['package_signatures', 'package_hash', 'character varying', 64],
    ['package_signatures', 'key_fingerprint', 'character varying', 64],
    ['package_signatures', 'signature', 'bytea', null],
    ['package_signatures', 'signed_at', 'timestamp with time zone', null],
  ])('has %s.%s as %s', async (table, column, type, length) => {
    const found = await describeColumns();
    expect(found.get(`${table}.${column}`)).toMatchObject({ data_type: type, character_maximum_length: length });
  });

  test('gives an id and a time to a row that comes without', async () => {
    const found = await describeColumns();
    expect(found.get('signing_keys.id')).toMatchObject({ column_default: 'gen_random_uuid()' });
    expect(found.get('signing_keys.created_at')).toMatchObject({ column_default: 'now()' });
  });

  let columns: Promise<Map<string, Row>> | undefined;

  function describeColumns(): Promise<Map<string, Row>> {
    columns ??= readColumns();
    return columns;
  }

  async function readColumns(): Promise<Map<string, Row>> {
    const url = await engines.find(({ name }) => name === 'postgres')?.createUrl();
    await (await openStore(url ?? '', true)).close();
    const rows = await query(url ?? '', `select * from information_schema.columns where table_schema = 'public'`);
    return new Map(rows.map((row) => [`${row['table_name']}.${row['column_name']}`, row]));
  }
});
