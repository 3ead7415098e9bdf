import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { auditDatabase } from '../../src/authority/audit/database/audit-database.ts';
import {
  type Authority,
  createKey,
  listKeys,
  listTrust,
  openAuthority,
  readStatus,
  showOrganisation,
} from '../../src/authority/index.ts';
import { validateAuthority } from '../../src/authority/validate.ts';
import { HanaperError } from '../../src/errors.ts';
import { byRawKey, createAuthority, pathOf } from '../support/authority.ts';
import { createTempFolder } from '../support/engines.ts';
import { fuzzRuns } from '../support/fuzz.ts';

let good: string;
let path: string;
let columns: readonly { readonly table: string; readonly column: string }[];

beforeAll(async () => {
  const folder = await createTempFolder();
  good = join(folder, 'good.db');
  path = join(folder, 'altered.db');
  const { authority } = await createAuthority(`sqlite:${good}`);
  for (const name of ['one', 'two']) await authority.executeFor('acme', createKey, { name });
  await authority.close();
  using file = new DatabaseSync(pathOf(`sqlite:${good}`));
  columns = file
    .prepare(
      `select m.name as "table", c.name as "column" from sqlite_schema m, pragma_table_info(m.name) c
       where m.type = 'table' and m.name not like 'sqlite%' order by 1, 2`,
    )
    .all() as never;
});

/** Alters a copy of the good database by SQL, as somebody can who has the file, and leaves its schema as it was. */
function alter(...statements: readonly string[]): void {
  copyFileSync(good, path);
  using file = new DatabaseSync(path, { enableForeignKeyConstraints: false, defensive: false });
  file.exec('pragma writable_schema = on; pragma ignore_check_constraints = on');
  for (const statement of statements) file.exec(statement);
}

/** Sets a column to what it may not hold: the constraints are taken away for as long as that takes. */
function setColumn(table: string, column: string, value: string): void {
  copyFileSync(good, path);
  const withSchema = (change: (file: DatabaseSync) => void) => {
    using file = new DatabaseSync(path, { enableForeignKeyConstraints: false, defensive: false });
    file.exec('pragma writable_schema = on');
    change(file);
  };
  let schema: unknown;
  withSchema((file) => {
    schema = file.prepare('select sql from sqlite_schema where name = ?').get(table)?.['sql'];
    const loose = String(schema)
      .replace(/\bnot null\b/gi, '')
      .replace(/\)\s*strict\s*$/i, ')');
    file.prepare('update sqlite_schema set sql = ? where name = ?').run(loose, table);
  });
  withSchema((file) => {
    try {
      file.exec(`pragma ignore_check_constraints = on; update ${table} set "${column}" = ${value}`);
    } catch {
      // An index has the rows be different ones.
    }
  });
  withSchema((file) => void file.prepare('update sqlite_schema set sql = ? where name = ?').run(String(schema), table));
}

async function codeOf(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
    return 'ok';
  } catch (error) {
    if (error instanceof HanaperError && error.code !== 'internal') return error.code;
    throw new Error(`a failure without a code: ${String(error)}`, { cause: error });
  }
}

const opened = async (act: (authority: Authority) => Promise<unknown>, examines = false) => {
  await using authority = await openAuthority({ database: `sqlite:${path}`, examines });
  await act(authority);
};

/** Has everything done with the altered file that a command does, and gives the tables in which an audit found something. */
async function use(): Promise<readonly string[] | string> {
  const url = `sqlite:${path}`;
  const tables: string[] = [];
  const audited = await codeOf(() =>
    opened(async (authority) => {
      const { findings } = await auditDatabase(authority);
      tables.push(...findings.list.map(({ table }) => table));
    }, true),
  );
  await codeOf(() => readStatus({ database: url }));
  await codeOf(() => opened((authority) => authority.executeFor('acme', listKeys, {})));
  await codeOf(() => opened((authority) => validateAuthority(authority)));
  await codeOf(() => opened((authority) => authority.trustFor({ organisation: 'acme', packageHash: '00' })));
  await codeOf(() =>
    opened(async (authority) => {
      await authority.unlock(byRawKey(1));
      await authority.executeFor('acme', createKey, { name: 'three' });
    }),
  );
  return audited === 'ok' ? tables : audited;
}

const planted = "update trusted_keys set key_name = 'planted'";

describe('whatever somebody puts into the file, nothing fails without a code', () => {
  test('any byte of the header, and of the pages behind it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.nat(), fc.nat(255), async (inHeader, place, byte) => {
        const bytes = readFileSync(good);
        bytes[place % (inHeader ? 100 : bytes.length)] = byte;
        writeFileSync(path, bytes);
        await use();
      }),
      { seed: 1, numRuns: fuzzRuns(25) },
    );
  });

  test('any column without a value, or with one of another type', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom('null', "'text'", "x'00ff'", '1.5', '-1'), async (at, value) => {
        const { table, column } = columns[at % columns.length] ?? { table: '', column: '' };
        setColumn(table, column, value);
        await use();
      }),
      { seed: 1, numRuns: fuzzRuns(25) },
    );
  });
});

describe('what cannot be read hides nothing else', () => {
  const table =
    "create virtual table theirs using fts5(x); update sqlite_schema set sql = replace(sql, 'fts5', 'gone')";

  test("a table of somebody else's, whose program is missing, is left alone", async () => {
    alter(`${table} where name = 'theirs'`);
    expect(await use()).toEqual([]);
    alter(`${table} where name = 'theirs'`, planted);
    expect(await use()).toContain('trusted_keys');
  });

  test.each([
    ['checkpoints', 'note', 'null'],
    ['log_tiles', 'hashes', 'null'],
    ['ucan_invocations', 'envelope', 'null'],
    ['log_keys', 'statement', 'null'],
    ['signing_keys', 'public_key', "'text'"],
    ['did_documents', 'did', 'null'],
    ['key_slots', 'salt', 'null'],
  ])('%s without %s', async (named, column, value) => {
    setColumn(named, column, value);
    const file = new DatabaseSync(path, { enableForeignKeyConstraints: false, defensive: false });
    file.exec(planted);
    file.close();
    const found = await use();
    expect(found).toContain('trusted_keys');
    expect(found).toContain('sqlite_schema');
  });
});

test.each([
  ['signing_keys', 'id', 'null', listKeys],
  ['signing_keys', 'key_name', 'null', listKeys],
  ['signing_keys', 'created_at', "x'00ff'", listKeys],
  ['trusted_keys', 'key_name', "x'00ff'", listTrust],
  ['organizations', 'created_at', 'null', showOrganisation],
] as const)('a list is not made of what its columns cannot hold: %s.%s is %s', async (table, column, value, list) => {
  setColumn(table, column, value);
  const code = await codeOf(() => opened((authority) => authority.executeFor('acme', list as typeof listKeys, {})));
  expect(code).toBe('database_corrupt');
});
