import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createOrganisation, openAuthority, requireUninitialized } from '../../src/authority/index.ts';
import { migrateDown, migrateUp, readSchemaState } from '../../src/store/migrations/migrate.ts';
import { byRawKey, createAuthority, initialize, openStore, openUnlocked, pathOf, query } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines, type TestEngine } from '../support/engines.ts';

const everyTable = [
  'authority',
  'checkpoints',
  'did_documents',
  'hanaper_migrations',
  'kept_amounts',
  'key_slots',
  'key_trust_acls',
  'log_effects',
  'log_entries',
  'log_head',
  'log_keys',
  'log_tiles',
  'organizations',
  'package_signatures',
  'signature_places',
  'signing_keys',
  'trust_snapshots',
  'trusted_keys',
  'ucan_delegations',
  'ucan_invocations',
  'ucan_legacy_tokens',
  'ucan_proofs',
  'ucan_revocations',
];
const tablesOfBounds = ['kept_amounts'];
const tablesOfProof = [
  ...tablesOfBounds,
  'checkpoints',
  'log_keys',
  'log_tiles',
  'signature_places',
  'trust_snapshots',
  'ucan_proofs',
];
const tablesOfLog = [...tablesOfProof, 'log_effects', 'log_entries', 'log_head'];
const tablesOfTokens = everyTable.filter((name) => name === 'did_documents' || name.startsWith('ucan_'));

describe.each(engines)('$name', (engine) => {
  test('a new database has every table, and every migration applied, in order', async () => {
    const url = await engine.createUrl();
    await (await openStore(url, true)).close();
    expect(await listTables(engine, url)).toEqual(everyTable);
    expect(await query(url, 'select version, name from hanaper_migrations order by version')).toEqual([
      { version: 1, name: 'main-job' },
      { version: 2, name: 'ucan' },
      { version: 3, name: 'log' },
      { version: 4, name: 'proof' },
      { version: 5, name: 'signature-names' },
      { version: 6, name: 'bounds' },
      { version: 7, name: 'labels' },
    ]);
  });

  test('a migration is applied once, however often the database is opened', async () => {
    const url = await engine.createUrl();
    await (await openStore(url, true)).close();
    const before = await query(url, 'select * from hanaper_migrations');
    const database = await openStore(url, true);
    await migrateUp(database);
    await migrateUp(database);
    await database.close();
    expect(await query(url, 'select * from hanaper_migrations')).toEqual(before);
  });

  test('what is taken back leaves nothing, and is applied anew', async () => {
    const url = await engine.createUrl();
    const database = await openStore(url, true);
    expect(await readSchemaState(database)).toBe('current');
    await migrateDown(database, 0);
    expect(await readSchemaState(database)).toBe('older');
    expect(await listTables(engine, url)).toEqual(['hanaper_migrations']);
    await migrateUp(database);
    expect(await readSchemaState(database)).toBe('current');
    await database.close();
    expect(await listTables(engine, url)).toEqual(everyTable);
    await initialize(url);
    await using authority = await openUnlocked(url);
    await authority.execute(createOrganisation, { name: 'after' });
  });

  test.each([
    [6, 'seventh', []],
    [5, 'sixth', tablesOfBounds],
    [4, 'fifth', tablesOfBounds],
    [3, 'fourth', tablesOfProof],
    [2, 'third', tablesOfLog],
    [1, 'second', [...tablesOfLog, ...tablesOfTokens]],
  ] as const)('taken back to version %i, what the %s migration made is gone, and nothing else', async (...about) => {
    const [version, , gone] = about;
    const url = await engine.createUrl();
    await initialize(url);
    const database = await openStore(url);
    await migrateDown(database, version);
    expect(await readSchemaState(database)).toBe('older');
    await database.close();
    const names: readonly string[] = gone;
    expect(await listTables(engine, url)).toEqual(everyTable.filter((name) => !names.includes(name)));
    const [organisation, ...others] = await query(url, 'select * from organizations');
    expect([organisation?.['name'], others]).toEqual(['acme', []]);
    expect(Object.keys(organisation ?? {}).includes('verification_policy')).toBe(version >= 4);
    expect(Object.keys(organisation ?? {}).includes('public_verification_since')).toBe(version >= 3);
    const applied = await query(url, 'select version from hanaper_migrations order by version');
    expect(applied).toEqual([1, 2, 3, 4, 5, 6].slice(0, version).map((each) => ({ version: each })));
  });

  test('taking back to the present version changes nothing', async () => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    await migrateDown(authority.database, 7);
    await authority.close();
    await (await openUnlocked(url, {}, byRawKey(1))).close();
  });

  test('opening a database upgrades an older schema', async () => {
    const url = await engine.createUrl();
    const database = await openStore(url, true);
    await migrateDown(database, 0);
    await database.close();
    await expectCode('not_initialized', () => openAuthority({ database: url }));
    expect(await listTables(engine, url)).toEqual(everyTable);
  });

  test('a newer database is refused, and untouched', async () => {
    const url = await engine.createUrl();
    await initialize(url);
    await query(url, `insert into hanaper_migrations values (999, 'of the future', '2030-01-01T00:00:00.000Z')`);
    const before = await snapshot(engine, url);
    for (const create of [true, false]) {
      const error = await expectCode('database_newer', () => openStore(url, create));
      expect(error.details).toMatchObject({ version: 999, known: 7 });
    }
    await expectCode('database_newer', () => openAuthority({ database: url }));
    await expectCode('database_newer', () => initialize(url));
    await expectCode('database_newer', () => requireUninitialized(url));
    expect(await snapshot(engine, url)).toEqual(before);
  });

  test("another program's tables are refused, and nothing is created", async () => {
    const url = await engine.createUrl();
    await query(url, 'create table recipes (id integer primary key)');
    const before = await snapshot(engine, url);
    for (const create of [true, false]) await expectCode('database_corrupt', () => openStore(url, create));
    await expectCode('database_corrupt', () => initialize(url));
    expect(await snapshot(engine, url)).toEqual(before);
  });

  test('a table of ours that is gone is a damaged database', async () => {
    const url = await engine.createUrl();
    await initialize(url);
    await query(url, 'drop table key_slots');
    await query(url, 'drop table authority');
    await expectCode('database_corrupt', () => openAuthority({ database: url }));
  });

  test('an empty database is not initialised, and stays empty', async () => {
    const url = await engine.createUrl();
    if (engine.name === 'sqlite') writeFileSync(pathOf(url), '');
    await expectCode('not_initialized', () => openStore(url));
    await expectCode('not_initialized', () => openAuthority({ database: url }));
    await requireUninitialized(url);
    expect(await listTables(engine, url)).toEqual([]);
    if (engine.name === 'sqlite') expect(await snapshot(engine, url)).toEqual({ 'hanaper.db': '' });
  });

  test('a database can be initialised only once', async () => {
    const url = await engine.createUrl();
    await requireUninitialized(url);
    await initialize(url);
    const before = await query(url, 'select * from authority');
    await expectCode('already_initialized', () => initialize(url));
    await expectCode('already_initialized', () => requireUninitialized(url));
    expect(await query(url, 'select * from authority')).toEqual(before);
    expect(await query(url, 'select id from key_slots')).toHaveLength(1);
  });
});

test('a SQLite file that is missing is not initialised, and not created', async () => {
  const url = `sqlite:${dirname(pathOf(await urlOf('sqlite')))}/sub/hanaper.db`;
  await expectCode('not_initialized', () => openStore(url));
  await expectCode('not_initialized', () => openAuthority({ database: url }));
  await requireUninitialized(url);
  expect(existsSync(dirname(pathOf(url)))).toBe(false);
});

function urlOf(name: TestEngine['name']): Promise<string> {
  const engine = engines.find((candidate) => candidate.name === name);
  if (engine === undefined) throw new Error(`no engine ${name}`);
  return engine.createUrl();
}

async function listTables({ name }: TestEngine, url: string): Promise<string[]> {
  const sql =
    name === 'sqlite'
      ? `select name from sqlite_schema where type = 'table'`
      : `select tablename as name from pg_tables where schemaname = 'public'`;
  return (await query(url, sql)).map((row) => String(row['name'])).sort();
}

// SQLite: every file of the folder, byte for byte. PostgreSQL: every table with its rows.
async function snapshot(engine: TestEngine, url: string): Promise<Record<string, unknown>> {
  if (engine.name === 'postgres') {
    const tables = await listTables(engine, url);
    return Object.fromEntries(
      await Promise.all(tables.map(async (table) => [table, await query(url, `select * from ${table}`)] as const)),
    );
  }
  const folder = dirname(pathOf(url));
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(`${folder}/${name}`, 'hex')]));
}
