import { beforeEach, describe, expect, test } from 'vitest';
import { auditDatabase } from '../../src/authority/audit/audit-database.ts';
import { openAuthority } from '../../src/authority/index.ts';
import { createAuthority, query, queryAll } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines, type TestEngine } from '../support/engines.ts';
import { withAuthority, writeHistory } from '../support/history.ts';

const [sqlite] = engines as [TestEngine];

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
           where tables.schema = 'main' and tables.name not like 'sqlite%'`
        : `select table_name as "table", column_name as "column" from information_schema.columns
           where table_schema = current_schema()`,
    );

  test('whichever column is named otherwise, the database is refused, and the table and column are named', async () => {
    const columns = await everyColumn();
    expect(columns.length).toBeGreaterThan(130);
    for (const { table, column } of columns.filter((each) => each['table'] !== 'hanaper_migrations')) {
      await query(url, `alter table ${table} rename column ${column} to other`);
      const error = await expectCode('database_corrupt', () => openAuthority({ database: url }));
      expect(error.details).toMatchObject({ table, part: column });
      await query(url, `alter table ${table} rename column other to ${column}`);
    }
    await (await openAuthority({ database: url })).close();
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

  test('where an index is gone that keeps rows apart, the database is refused, and the index is named', async () => {
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
      expect(error.details).toMatchObject({ table, part });
    }
  });
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
  const error = await expectCode('database_corrupt', () => withAuthority(url, auditDatabase));
  expect(error.details).toMatchObject({ table });
});
