import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { createKey, openAuthority, readStatus, requireUninitialized } from '../../src/authority/index.ts';
import { byRawKey, createAuthority, initialize, openUnlocked, pathOf } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { createTempFolder } from '../support/engines.ts';
import { Child } from './children/child.ts';

const holdScript = new URL('./children/hold.ts', import.meta.url);

let url: string;
let path: string;

beforeEach(async () => {
  url = `sqlite:${await createTempFolder()}/hanaper.db`;
  path = pathOf(url);
});

describe('a file that is', () => {
  test.each<[string, () => Promise<void>]>([
    ['a text', async () => writeFileSync(path, 'Dear diary, '.repeat(1000))],
    ['random bytes', async () => writeFileSync(path, randomBytes(100_000))],
    ['cut to half its length', () => cut((size) => size / 2)],
    ['cut to 100 bytes', () => cut(() => 100)],
    ['without its last page', () => cut((size) => size - 4096)],
    ['a header followed by zeros', () => overwrite(100, 1_000_000)],
    ['filled with noise after its first page', () => overwrite(4096, 1_000_000, randomBytes(1)[0])],
  ])('%s is damaged, and left as it is', async (_, damage) => {
    await damage();
    const before = readFileSync(path);
    await expectCode('database_corrupt', () => openAuthority({ database: url }));
    await expectCode('database_corrupt', () => readStatus({ database: url }));
    await expectCode('database_corrupt', () => initialize(url));
    await expectCode('database_corrupt', () => requireUninitialized(url));
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('a folder cannot be used', async () => {
    mkdirSync(path);
    await expectCode('unavailable', () => openAuthority({ database: url }));
    await expectCode('unavailable', () => initialize(url));
  });

  test('under a file, and not in a folder, cannot be created', async () => {
    writeFileSync(path, '');
    await expectCode('unavailable', () => initialize(`${url}/hanaper.db`));
    await expectCode('not_initialized', () => openAuthority({ database: `${url}/hanaper.db` }));
  });
});

test('a file that another process holds is unavailable after five seconds, and usable after that', async () => {
  await initialize(url, { slot: 'raw', credential: byRawKey(1) });
  const holder = new Child(holdScript, [path]);
  await holder.hear();
  const started = performance.now();
  await expectCode('unavailable', () => openAuthority({ database: url }));
  // A slow machine makes a wait longer, and none makes it shorter.
  expect(performance.now() - started).toBeGreaterThan(4500);
  await holder.kill();
  await using authority = await openUnlocked(url, {}, byRawKey(1));
  await authority.executeFor('acme', createKey, { name: 'after' });
});

test('a refused transaction does not stand in the way of the next', async () => {
  const { authority } = await createAuthority(url);
  const holder = new Child(new URL('./children/write-lock.ts', import.meta.url), [path]);
  await holder.hear();
  await expectCode('unavailable', () => authority.executeFor('acme', createKey, { name: 'refused' }));
  expect((await authority.trustFor({ organisation: 'acme', packageHash: '00' })).keys.size).toBe(0);
  await holder.kill();
  await authority.executeFor('acme', createKey, { name: 'accepted' });
  expect((await authority.trustFor({ organisation: 'acme', packageHash: '00' })).keys.size).toBe(1);
  await authority.close();
});

describe('the files of a database', () => {
  test("are the owner's alone, in a folder that is the owner's alone", async () => {
    const nested = `${dirname(path)}/one/two/hanaper.db`;
    const { authority } = await createAuthority(`sqlite:${nested}`);
    await authority.executeFor('acme', createKey, { name: 'one' });
    for (const suffix of ['', '-wal', '-shm']) expect(modeOf(nested + suffix)).toBe('600');
    expect(modeOf(dirname(nested))).toBe('700');
    expect(modeOf(dirname(dirname(nested)))).toBe('700');
    await authority.close();
  });

  test('are the file alone once it is closed', async () => {
    const { authority } = await createAuthority(url);
    await authority.executeFor('acme', createKey, { name: 'one' });
    await authority.close();
    for (const suffix of ['-wal', '-shm', '-journal']) {
      expect(() => statSync(path + suffix)).toThrow();
    }
  });
});

async function cut(length: (size: number) => number): Promise<void> {
  await initialize(url);
  truncateSync(path, Math.floor(length(statSync(path).size)));
}

async function overwrite(from: number, to: number, byte = 0): Promise<void> {
  await initialize(url);
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(byte, from, Math.min(to, bytes.length)));
}

function modeOf(file: string): string {
  return (statSync(file).mode & 0o777).toString(8);
}
