/** The databases that the tests of the store run on: `describe.each(engines)('$name', …)`. */
import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { afterAll, inject } from 'vitest';

export interface TestEngine {
  readonly name: 'sqlite' | 'postgres';
  /** The URL of a fresh, empty database; it is deleted after the test file. */
  createUrl(): Promise<string>;
}

export const engines: readonly TestEngine[] = [
  { name: 'sqlite', createUrl: createSqliteUrl },
  { name: 'postgres', createUrl: createPostgresUrl },
];

const cleanups: (() => Promise<void>)[] = [];

// Registered on import and so before the test file's own hooks: it runs after them, when all is closed.
afterAll(cleanUp);

/** The path of a fresh, empty folder; it is deleted after the test file. */
export async function createTempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hanaper-test-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Keeps a copy of a database that nobody has open. Returns what puts it back, in the place of what is there by then. */
export function keepCopy(url: string): Promise<() => Promise<void>> {
  return url.startsWith('sqlite:') ? keepSqliteCopy(url.slice('sqlite:'.length)) : keepPostgresCopy(url);
}

async function keepSqliteCopy(path: string): Promise<() => Promise<void>> {
  const kept = join(await createTempFolder(), 'kept.db');
  using file = new DatabaseSync(path);
  // With what still lies in the write-ahead log.
  file.exec(`vacuum into '${kept}'`);
  return async () => {
    for (const beside of ['-wal', '-shm']) await rm(`${path}${beside}`, { force: true });
    await copyFile(kept, path);
  };
}

async function keepPostgresCopy(url: string): Promise<() => Promise<void>> {
  const name = new URL(url).pathname.slice(1);
  const kept = new URL(await createPostgresUrl()).pathname.slice(1);
  const copy = async (from: string, to: string) => {
    await administer(`drop database ${to} with (force)`);
    await administer(`create database ${to} template ${from}`);
  };
  await copy(name, kept);
  return () => copy(kept, name);
}

async function createSqliteUrl(): Promise<string> {
  return `sqlite:${join(await createTempFolder(), 'hanaper.db')}`;
}

async function createPostgresUrl(): Promise<string> {
  const name = `hanaper_test_${randomBytes(8).toString('hex')}`;
  await administer(`create database ${name} template template0`);
  cleanups.push(() => administer(`drop database if exists ${name} with (force)`));
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  return url.href;
}

async function administer(statement: string): Promise<void> {
  const client = new Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function cleanUp(): Promise<void> {
  const results = await Promise.allSettled(cleanups.splice(0).map((clean) => clean()));
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
  if (errors.length > 0) throw new AggregateError(errors, 'The test databases were not all deleted.');
}
