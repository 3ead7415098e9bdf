import {
  chmodSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { auditDatabase } from '../../src/authority/audit/database/audit-database.ts';
import { createKey, openAuthority } from '../../src/authority/index.ts';
import { migrateDown } from '../../src/store/migrations/migrate.ts';
import { byRawKey, createAuthority, openStore, openUnlocked, pathOf, query } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { createTempFolder, engines, type TestEngine } from '../support/engines.ts';
import { Child } from './children/child.ts';

interface Said {
  readonly code?: string;
  readonly findings?: number;
  readonly size?: number;
}

const [sqlite] = engines as [TestEngine];
const script = new URL('./children/examine.ts', import.meta.url);
// The superuser may write everywhere, and so reads as somebody else.
const reader = process.getuid?.() === 0 ? 65_534 : (process.getuid?.() ?? 0);

function read(url: string, act: 'read' | 'write' | 'watch'): Child {
  return new Child(script, [String(reader), url, act]);
}

describe.each(engines)('$name', (engine) => {
  test('examining an older database does not upgrade it', async () => {
    const url = await engine.createUrl();
    await (await createAuthority(url)).authority.close();
    const database = await openStore(url);
    await migrateDown(database, 3);
    await database.close();
    await expectCode('database_older', () => openAuthority({ database: url, examines: true }));
    expect(await query(url, 'select max(version) as version from hanaper_migrations')).toEqual([{ version: 3 }]);
  });
});

describe('SQLite', () => {
  let url: string;
  let path: string;

  beforeEach(async () => {
    url = await sqlite.createUrl();
    path = pathOf(url);
    await (await createAuthority(url)).authority.close();
  });

  const makeReadable = (folder: number) => {
    for (const name of readdirSync(dirname(path))) chmodSync(`${dirname(path)}/${name}`, 0o444);
    chmodSync(dirname(path), folder);
  };

  test('examining a file leaves it as it is', async () => {
    const [before, { mtimeMs }] = [readFileSync(path), statSync(path)];
    await using authority = await openAuthority({ database: url, examines: true });
    expect((await auditDatabase(authority)).findings.count).toBe(0);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(statSync(path).mtimeMs).toBe(mtimeMs);
  });

  test.each([
    ['in a folder that may not be written to either', 0o555],
    ['in a folder that may', 0o777],
  ])('a file that may only be read is audited, %s', async (_, folder) => {
    makeReadable(folder);
    expect(await read(url, 'read').hear<Said>()).toEqual({ findings: 0, size: 1 });
    chmodSync(dirname(path), 0o755);
  });

  test('a file that may only be read is not written to', async () => {
    makeReadable(0o555);
    const before = readFileSync(path);
    expect(await read(url, 'write').hear<Said>()).toEqual({ code: 'unavailable' });
    expect(readFileSync(path).equals(before)).toBe(true);
    chmodSync(dirname(path), 0o755);
  });

  test('a file that may only be read is audited while others write to it', async () => {
    await using writer = await openUnlocked(url, {}, byRawKey(1));
    await writer.executeFor('acme', createKey, { name: 'release' });
    makeReadable(0o555);
    expect(await read(url, 'read').hear<Said>()).toMatchObject({ findings: 0 });
    chmodSync(dirname(path), 0o755);
  });

  test('what was read from a file that nobody writes to is given up where somebody did', async () => {
    makeReadable(0o555);
    const child = read(url, 'watch');
    await child.hear();
    utimesSync(path, new Date(), new Date());
    child.go();
    expect(await child.hear<Said>()).toEqual({ code: 'unavailable' });
    chmodSync(dirname(path), 0o755);
  });

  test('a link to a file is read with what was written last, which lies beside the file', async () => {
    const folder = await createTempFolder();
    await using writer = await openUnlocked(url, {}, byRawKey(1));
    await writer.executeFor('acme', createKey, { name: 'release' });
    await writer.checkpoint();
    symlinkSync(path, `${folder}/link.db`);
    chmodSync(folder, 0o555);
    makeReadable(0o555);
    expect(await read(`sqlite:${folder}/link.db`, 'read').hear<Said>()).toEqual({ findings: 0, size: 2 });
    chmodSync(dirname(path), 0o755);
  });

  test('what a program has left that did not end well is told, and not taken for damage', async () => {
    writeFileSync(`${path}-journal`, 'left over');
    await expectCode('unavailable', () => openAuthority({ database: url, examines: true }));
  });

  test('where what was written last lies beside a file and cannot be read from there, that is told', async () => {
    const copy = await sqlite.createUrl();
    const writer = await openUnlocked(url, {}, byRawKey(1));
    await writer.executeFor('acme', createKey, { name: 'release' });
    for (const suffix of ['', '-wal']) copyFileSync(path + suffix, pathOf(copy) + suffix);
    await writer.close();
    path = pathOf(copy);
    makeReadable(0o555);
    expect(await read(copy, 'read').hear<Said>()).toEqual({ code: 'unavailable' });
    chmodSync(dirname(path), 0o755);
  });
});
