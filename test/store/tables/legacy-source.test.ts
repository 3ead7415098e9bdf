import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { readLegacySource } from '../../../src/authority/index.ts';
import { expectCode } from '../../support/codes.ts';
import { temporaryFile, temporaryFolder } from '../../support/fixtures.ts';

const schema = 'create table ucan_tokens (id integer primary key, raw_token text)';

/** Makes a SQLite file with these tokens, by default none, and closes it. */
function createSource(tokens: readonly unknown[] = [], sql: string = schema, name = 'other.db'): string {
  const path = join(temporaryFolder(), name);
  const file = fill(path, tokens, sql);
  file.close();
  return path;
}

function fill(path: string, tokens: readonly unknown[], sql: string = schema): DatabaseSync {
  const file = new DatabaseSync(path);
  file.exec(sql);
  const insert = tokens.length > 0 ? file.prepare('insert into ucan_tokens (raw_token) values (?)') : undefined;
  file.exec('begin');
  for (const token of tokens) insert?.run(token as string | Uint8Array | bigint | null);
  file.exec('commit');
  return file;
}

/** Everything about the files in a folder that a reader could change. */
function observe(folder: string): unknown {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const { mtimeNs, ctimeNs, ino, mode } = statSync(join(folder, name), { bigint: true });
      return { name, mtimeNs, ctimeNs, ino, mode, content: readFileSync(join(folder, name)).toString('base64') };
    });
}

function read(path: string): readonly string[] {
  return [...readLegacySource(path)];
}

const copies = () => readdirSync(tmpdir()).filter((name) => name.startsWith('hanaper-legacy-'));

describe('what is read', () => {
  test('every value of raw_token, as it stands', () => {
    expect(read(createSource(['a.b.c', ' x ', 'a.b.c']))).toEqual(['a.b.c', ' x ', 'a.b.c']);
  });

  test('a value that is no text, as text that is no token', () => {
    expect(read(createSource([null, 7n, Buffer.from('a.b.c'), '']))).toEqual(['', '7', 'a.b.c', '']);
  });

  test('a value that is too long, cut just past what a token may have', () => {
    expect(read(createSource(['x'.repeat(300_000)])).map(({ length }) => length)).toEqual([262_145]);
  });

  test('an empty table', () => {
    expect(read(createSource())).toEqual([]);
  });

  test.each(['a file#1?x=y&mode=rwc %41.db', 'ä.sqlite'])('a file whose name is "%s"', (name) => {
    expect(read(createSource(['a.b.c'], schema, name))).toEqual(['a.b.c']);
  });

  test('a file behind a link', () => {
    const path = createSource(['a.b.c']);
    symlinkSync(path, `${path}.link`);
    expect(read(`${path}.link`)).toEqual(['a.b.c']);
  });

  test('a table without rows of its own numbers', () => {
    const sql = 'create table ucan_tokens (raw_token text primary key) without rowid';
    expect(read(createSource(['b', 'a'], sql))).toEqual(['a', 'b']);
  });
});

describe('the source', () => {
  test.each(['delete', 'wal', 'persist', 'truncate'])('is untouched after reading, where its journal is %s', (mode) => {
    const path = createSource(['a.b.c'], `pragma journal_mode = ${mode}; ${schema}`);
    const before = observe(dirname(path));
    expect(read(path)).toEqual(['a.b.c']);
    expect(observe(dirname(path))).toEqual(before);
  });

  test('is untouched while another program has it open, whose changes are read from beside it', () => {
    const path = join(temporaryFolder(), 'other.db');
    const file = fill(path, ['a.b.c'], `pragma journal_mode = wal; ${schema}`);
    try {
      const before = observe(dirname(path));
      const temporary = copies();
      expect(readdirSync(dirname(path))).toHaveLength(3);
      expect(read(path)).toEqual(['a.b.c']);
      expect(observe(dirname(path))).toEqual(before);
      expect(copies()).toEqual(temporary);
    } finally {
      file.close();
    }
  });

  test('is untouched after a program that did not end well, whose half-done change is not read', () => {
    const live = join(temporaryFolder(), 'other.db');
    const dead = join(temporaryFolder(), 'dead');
    const file = fill(
      live,
      Array.from({ length: 500 }, (_, i) => `${i}`),
      `pragma cache_size = 2; ${schema}`,
    );
    file.exec("begin; update ucan_tokens set raw_token = 'half' || raw_token || hex(zeroblob(2000))");
    cpSync(dirname(live), dead, { recursive: true });
    file.exec('rollback');
    file.close();
    const path = join(dead, 'other.db');
    expect(statSync(`${path}-journal`).size).toBeGreaterThan(0);
    const before = observe(dead);
    expect(read(path)).toEqual(Array.from({ length: 500 }, (_, i) => `${i}`));
    expect(observe(dead)).toEqual(before);
  });

  test('is untouched, and no copy of it is left, where the reader stops early', () => {
    const path = join(temporaryFolder(), 'other.db');
    const file = fill(path, ['a', 'b', 'c'], `pragma journal_mode = wal; ${schema}`);
    try {
      const before = observe(dirname(path));
      const temporary = copies();
      for (const token of readLegacySource(path)) {
        expect(token).toBe('a');
        break;
      }
      expect(observe(dirname(path))).toEqual(before);
      expect(copies()).toEqual(temporary);
    } finally {
      file.close();
    }
  });

  test('that is written meanwhile is reported', async () => {
    const path = createSource(['a', 'b']);
    await expectCode('unavailable', () => {
      for (const _ of readLegacySource(path)) fill(path, ['c'], 'select 1').close();
    });
  });
});

describe('what is refused', () => {
  const others: readonly (readonly [string, string])[] = [
    ['another table', 'create table tokens (raw_token text)'],
    ['another column', 'create table ucan_tokens (token text)'],
    ['a view', "create view ucan_tokens as select 'a.b.c' as raw_token"],
    ['a column that is computed', "create table ucan_tokens (id integer, raw_token text as ('a.b.c'))"],
    ['a virtual table', 'create virtual table ucan_tokens using fts5 (raw_token)'],
    ['nothing', 'create table x (y); drop table x'],
  ];
  test.each(others)('a file with %s', async (_, sql) => {
    const path = createSource([], sql);
    const { details } = await expectCode('bad_input', () => read(path));
    expect(details).toEqual({ path, reason: 'no such table' });
  });

  test('a file that is damaged', async () => {
    const path = createSource(Array.from({ length: 5000 }, (_, i) => `token ${i}`));
    truncateSync(path, 8192);
    const { details } = await expectCode('bad_input', () => read(path));
    expect(details).toEqual({ path, reason: expect.any(String) });
  });

  test('a file that is no SQLite file', async () => {
    await expectCode('bad_input', () => read(temporaryFile('x.db', 'SQLite format 3\0 and then nothing of the kind')));
    await expectCode('bad_input', () => read(temporaryFile('x.db', 'x'.repeat(4096))));
  });

  test('a file that is not there, and a folder', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'inner'));
    await expectCode('bad_input', () => read(join(folder, 'inner')));
    const { details } = await expectCode('bad_input', () => read(join(folder, 'none.db')));
    expect(details).toMatchObject({ reason: 'ENOENT' });
    expect(readdirSync(folder)).toEqual(['inner']);
  });

  test('more than a million rows', async () => {
    const path = createSource();
    const file = new DatabaseSync(path);
    file.exec(`insert into ucan_tokens (raw_token) with recursive numbers (n) as
      (select 1 union all select n + 1 from numbers where n < 1000001) select 'x' from numbers`);
    file.close();
    await expectCode('too_large', () => read(path));
  });

  test('a journal that is no journal', () => {
    const path = createSource(['a.b.c']);
    writeFileSync(`${path}-wal`, 'x'.repeat(100));
    expect(read(path)).toEqual(['a.b.c']);
  });
});
