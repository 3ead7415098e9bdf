import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeLocation, parseDatabaseUrl } from '../../../src/store/engine/location.ts';
import { expectCode } from '../../support/codes.ts';
import { createTempFolder } from '../../support/engines.ts';

const describeUrl = (url: string) => describeLocation(parseDatabaseUrl(url));

test.each([
  ['', 'sqlite:', 'hanaper.db', '/var/hanaper.db', 'mysql://host/name', 'postgres:', 'postgres://[', 'postgres:/x'],
  ['SQLITE:/x', 'http://host/name', 'postgresql:', ' sqlite:/x', 'file:hanaper.db', 'postgres://host:99999/x'],
])('what is neither SQLite nor PostgreSQL is bad configuration', async (...urls) => {
  for (const url of urls) {
    const error = await expectCode('bad_config', () => parseDatabaseUrl(url));
    expect(error.details).toEqual({ field: 'db' });
  }
});

test('a URL that cannot be read is not repeated, since it may hold a password', async () => {
  const error = await expectCode('bad_config', () => parseDatabaseUrl('postgres://user:secret@host:port/name'));
  expect(`${error.message}${JSON.stringify(error.details)}`).not.toContain('secret');
});

test.each([
  ['postgres://host/name', 'public', false],
  ['postgres://host/name?sslmode=require', 'public', false],
  ['postgres://host/name?schema=trust&sslmode=require&durability=server', 'trust', true],
  ['postgres://host/name?durability=full', 'public', false],
])('%s has its tables in %s', (url, schema, acceptsLoss) => {
  const location = parseDatabaseUrl(url);
  expect(location).toMatchObject({ schema, acceptsLoss });
  expect(JSON.stringify(location)).not.toMatch(/[?&](schema|durability)=/);
});

test.each(['schema=', 'schema=pg_catalog', 'schema=a%22b', 'schema=a%00', 'durability=none', 'durability='])(
  '%s is bad configuration',
  async (parameter) => {
    await expectCode('bad_config', () => parseDatabaseUrl(`postgres://host/name?${parameter}`));
  },
);

test('a relative path is that from the working directory', () => {
  expect(parseDatabaseUrl('sqlite:hanaper.db')).toEqual({ engine: 'sqlite', path: resolve('hanaper.db') });
});

describe('the name of a database', () => {
  test.each([
    ['postgres://user:secret@host/name', 'postgres://host:5432/name'],
    ['postgresql://user:secret@host:6543/name?sslmode=require', 'postgres://host:6543/name'],
    ['postgres://host/name?schema=public&durability=server', 'postgres://host:5432/name'],
    ['postgres://host/name?schema=trust', 'postgres://host:5432/name?schema=trust'],
    ['postgres://user:secret@[::1]:6543/name', 'postgres://[::1]:6543/name'],
    ['postgres:///name?host=/var/run/postgresql&user=me&password=secret', 'postgres:///var/run/postgresql:5432/name'],
  ])('%s is %s', (url, name) => {
    expect(describeUrl(url)).toBe(name);
  });

  test('is the same by whichever link a SQLite file is reached, and before it exists', async () => {
    const folder = await createTempFolder();
    mkdirSync(`${folder}/real`);
    symlinkSync(`${folder}/real`, `${folder}/link`);
    const before = describeUrl(`sqlite:${folder}/link/hanaper.db`);
    writeFileSync(`${folder}/real/hanaper.db`, '');
    symlinkSync(`${folder}/real/hanaper.db`, `${folder}/file-link.db`);
    const names = ['real/hanaper.db', 'link/hanaper.db', 'file-link.db', 'real/../link/./hanaper.db'];
    expect(new Set([before, ...names.map((name) => describeUrl(`sqlite:${folder}/${name}`))]).size).toBe(1);
  });
});
