import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import { auditDatabase } from '../../src/authority/audit/database/audit-database.ts';
import { openAuthority } from '../../src/authority/index.ts';
import { createAuthority, pathOf, query, queryAll, queryOne } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines, type TestEngine } from '../support/engines.ts';
import { withAuthority, writeHistory } from '../support/history.ts';

const [sqlite, postgres] = engines as [TestEngine, TestEngine];

describe.each(engines)('$name', (engine) => {
  let url: string;

  beforeEach(async () => {
    url = await engine.createUrl();
    await (await createAuthority(url)).authority.close();
  });

  const everyColumn = () =>
    query(
      url,
      engine.name === 'sqlite'
        ? `select tables.name as "table", columns.name as "column" from pragma_table_list as tables
           join pragma_table_info(tables.name) as columns
           where tables.schema = 'main' and tables.type = 'table' and tables.name not like 'sqlite%'`
        : `select table_name as "table", column_name as "column" from information_schema.columns
           join information_schema.tables using (table_schema, table_name)
           where table_schema = current_schema() and table_type = 'BASE TABLE'`,
    );

  test('whichever column is named otherwise, the database is refused, and the table is named', async () => {
    const columns = await everyColumn();
    expect(columns.length).toBeGreaterThan(130);
    const seen = new Set<unknown>();
    // On PostgreSQL it is the twin that tells, which takes longer than a glance: of each table one column is enough.
    const renamed = columns.filter(({ table }) => engine.name === 'sqlite' || (!seen.has(table) && seen.add(table)));
    for (const { table, column } of renamed.filter((each) => each['table'] !== 'hanaper_migrations')) {
      await query(url, `alter table ${table} rename column ${column} to other`);
      const error = await expectCode('database_corrupt', () => openAuthority({ database: url }));
      expect(error.details).toMatchObject({ table });
      await query(url, `alter table ${table} rename column other to ${column}`);
    }
    await (await openAuthority({ database: url })).close();
  });

  test.each(['\u00a0', '\u2003', '\u3000', '\ufeff', '\u200b', '\v', '\u0085'])(
    'a column whose name ends with a space of some kind is another column (%j)',
    async (space) => {
      await query(url, `alter table trusted_keys rename column key_name to "key_name${space}"`);
      const error = await expectCode('database_corrupt', () => openAuthority({ database: url }));
      expect(error.details).toMatchObject({ table: 'trusted_keys' });
    },
  );

  test('an invalid version of a migration is no schema of ours', async () => {
    await query(url, 'update hanaper_migrations set version = -1 where version = 4');
    await expectCode('database_corrupt', () => openAuthority({ database: url }));
    await query(url, "update hanaper_migrations set version = 4, name = 'prove' where version = -1");
    await expectCode('database_corrupt', () => openAuthority({ database: url }));
  });

  test('a table that is gone is named', async () => {
    await query(url, 'drop table signature_places');
    const error = await expectCode('database_corrupt', () => openAuthority({ database: url }));
    expect(error.details).toMatchObject({ table: 'signature_places' });
  });

  test.each([4, 3, 2])('a database that lost the rows of its migrations from %i on is damaged', async (version) => {
    await query(url, 'delete from hanaper_migrations where version >= $1', [version]);
    await expectCode('database_corrupt', () => openAuthority({ database: url }));
    await expectCode('database_older', () => openAuthority({ database: url, examines: true }));
  });

  test('where an index is gone that keeps rows apart, the database is refused, and its table is named', async () => {
    const names = (sql: string) =>
      query(url, `select tablename as "table", indexname as part from (${sql}) as indexes`);
    const unique = await names(
      engine.name === 'sqlite'
        ? `select tbl_name as tablename, name as indexname from sqlite_schema where sql like 'create unique index%'`
        : `select tablename, indexname from pg_indexes where schemaname = current_schema()
           and indexdef like 'CREATE UNIQUE%' and (indexname like 'uq%' or indexname like 'idx%')`,
    );
    expect(unique.length).toBe(6);
    for (const { table, part } of unique) {
      const fresh = await engine.createUrl();
      await (await createAuthority(fresh)).authority.close();
      await query(fresh, `drop index ${part}`);
      const error = await expectCode('database_corrupt', () => openAuthority({ database: fresh }));
      expect(error.details).toMatchObject({ table });
    }
  });
});

const trigger = `update on trusted_keys begin update trusted_keys set revoked_at = null where id = old.id; end`;
describe('what somebody has added to a table of ours is refused before anything is written:', () => {
  test.each<[string, readonly string[]]>([
    ['a trigger', [`create trigger undo after ${trigger}`]],
    [
      'a trigger that is named as SQLite names its own',
      [
        `create trigger undo after ${trigger}`,
        'pragma writable_schema = on',
        "update sqlite_schema set name = 'sqlite_undo', sql = replace(sql, 'undo', 'sqlite_undo') where name = 'undo'",
      ],
    ],
    [
      'a trigger on a table that is named in other letters',
      [
        `create trigger undo after ${trigger}`,
        'pragma writable_schema = on',
        "update sqlite_schema set tbl_name = 'Trusted_Keys' where name = 'undo'",
      ],
    ],
    ['an index', ['create index covering on trusted_keys (org_id, revoked_at)']],
    [
      'a constraint that passes over what is written',
      [
        'pragma writable_schema = on',
        `update sqlite_schema set sql = replace(sql, ') strict', ', unique (revocation_reason) on conflict ignore) strict')
         where name = 'trusted_keys'`,
      ],
    ],
  ])('%s, on SQLite', async (_, statements) => {
    const url = await sqlite.createUrl();
    await (await createAuthority(url)).authority.close();
    using file = new DatabaseSync(pathOf(url), { defensive: false });
    for (const statement of statements) file.exec(statement);
    file.close();
    await expectCode('database_corrupt', () => openAuthority({ database: url }));
  });

  test.each<[string, readonly string[]]>([
    [
      'a trigger',
      [
        `create function undo() returns trigger language plpgsql as $$ begin new.revoked_at := null; return new; end $$`,
        'create trigger undo before update on trusted_keys for each row execute function undo()',
      ],
    ],
    ['a rule', ['create rule undo as on update to trusted_keys do instead nothing']],
    [
      'row security',
      ['alter table trusted_keys enable row level security', 'create policy open on trusted_keys using (true)'],
    ],
    ['a table that inherits', ['create table more () inherits (trusted_keys)']],
    ['no primary key any more', ['alter table trusted_keys drop constraint trusted_keys_pkey']],
    [
      'a column that compares otherwise',
      ['alter table trusted_keys alter column key_name type varchar(255) collate "C"'],
    ],
    [
      'a unique index of the same name over fewer columns',
      [
        'drop index uq_trusted_keys_active',
        'create unique index uq_trusted_keys_active on trusted_keys (org_id) include (key_fingerprint) where revoked_at is null',
      ],
    ],
    ['a column of another type', ['alter table trusted_keys alter column key_name type text']],
  ])('%s, on PostgreSQL', async (_, statements) => {
    const url = await postgres.createUrl();
    await (await createAuthority(url)).authority.close();
    for (const statement of statements) await query(url, statement);
    const error = await expectCode('database_corrupt', () => openAuthority({ database: url }));
    expect(error.details).toMatchObject({ table: 'trusted_keys' });
  });

  const evil = `create function evil(text) returns boolean language sql immutable as 'select true'`;
  test.each<[string, readonly string[]]>([
    ['a constraint that calls a function', [evil, 'alter table trusted_keys add check (evil(key_name))']],
    ['an index over a function', [evil, 'create index by_evil on trusted_keys (evil(key_name))']],
    ['a default by a function', [evil, 'alter table trusted_keys alter column key_name set default evil(null)::text']],
    [
      'an operator for the types of ours',
      [
        `create function same(varchar, varchar) returns boolean language sql as 'select false'`,
        'create operator = (leftarg = varchar, rightarg = varchar, function = same)',
      ],
    ],
    [
      'a function of the name of one of its own',
      [`create function hashtextextended(text, int) returns bigint language sql as 'select 1::bigint'`],
    ],
    [
      'a view in the place of a catalogue, and the names looked up there first',
      [
        `create view pg_trigger as select * from pg_catalog.pg_trigger where false`,
        'create function undo() returns trigger language plpgsql as $$ begin new.revoked_at := null; return new; end $$',
        'create trigger undo before update on trusted_keys for each row execute function undo()',
        'alter role current_user set search_path = public, pg_catalog',
      ],
    ],
  ])('%s, on PostgreSQL, whatever is called first', async (_, statements) => {
    const url = await postgres.createUrl();
    await (await createAuthority(url)).authority.close();
    try {
      for (const statement of statements) await query(url, statement);
      await expectCode('database_corrupt', () => openAuthority({ database: url }));
    } finally {
      await query(url, 'alter role current_user reset search_path');
    }
  });
});

test('an index that PostgreSQL builds anew beside the old one is no alteration', async () => {
  const url = await postgres.createUrl();
  await (await createAuthority(url)).authority.close();
  await query(url, 'reindex table concurrently trusted_keys');
  await (await openAuthority({ database: url })).close();
  // As a build that failed leaves it.
  await query(url, 'create unique index left_over on trusted_keys (key_name)');
  await query(url, `update pg_index set indisvalid = false where indexrelid = 'left_over'::regclass`);
  await (await openAuthority({ database: url })).close();
});

test('however the database has times and names written, they are read', async () => {
  const url = await postgres.createUrl();
  const { authority } = await createAuthority(url);
  await authority.close();
  const { name } = await queryOne(url, 'select current_database() as name');
  await query(url, `alter database "${String(name)}" set datestyle = 'German'`);
  await query(url, `alter database "${String(name)}" set quote_all_identifiers = on`);
  const { findings } = await withAuthority(url, auditDatabase);
  expect(findings.list).toEqual([]);
});

test('a reference between tables of others is theirs', async () => {
  const url = await sqlite.createUrl();
  await (await createAuthority(url)).authority.close();
  await query(url, 'create table parents (id integer primary key)');
  await query(
    url,
    'create table children (parent integer references parents (id), other text references parents (no))',
  );
  await query(url, "insert into children values (7, 'x')");
  const { findings } = await withAuthority(url, auditDatabase);
  expect(findings.list).toEqual([]);
});

test.each(engines)('a table of others beside ours is nothing to $name', async (engine) => {
  const url = await engine.createUrl();
  await (await createAuthority(url)).authority.close();
  await query(url, 'create table of_others (id integer primary key, entry text)');
  await (await openAuthority({ database: url })).close();
});

test('a table of SQLite that takes values of any type is not ours', async () => {
  const url = await sqlite.createUrl();
  await (await createAuthority(url)).authority.close();
  await queryAll(url, [
    ['alter table log_entries rename to entries'],
    ['create table log_entries (entry_index integer primary key, entry blob not null)'],
    ['insert into log_entries select entry_index, hex(entry) from entries'],
    ['drop table entries'],
  ]);
  const error = await expectCode('database_corrupt', () => openAuthority({ database: url }));
  expect(error.details).toMatchObject({ table: 'log_entries' });
});

test.each([
  ['log_entries', 'entry_index'],
  ['log_effects', 'position'],
  ['log_tiles', 'tile_index'],
  ['checkpoints', 'size'],
  ['ucan_invocations', 'iat'],
  ['trust_snapshots', 'version'],
])('a number in %s that is too large for any row of ours is told with the table: %s', async (table, column) => {
  const url = await sqlite.createUrl();
  await writeHistory(url);
  await query(
    url,
    `update ${table} set ${column} = 1152921504606846976 where rowid = (select max(rowid) from ${table})`,
  );
  const { findings } = await withAuthority(url, auditDatabase);
  const messages = findings.list.map(({ message }) => message);
  expect(messages).toContainEqual(expect.stringContaining(`${table} holds a number that is too large`));
});
