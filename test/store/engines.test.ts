import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { createTempFolder, engines, type TestEngine } from '../support/engines.ts';

interface Connection {
  run(statement: string): Promise<void>;
  listTables(): Promise<string[]>;
  close(): Promise<void>;
}

describe.each(engines)('$name', (engine) => {
  test('a database accepts a connection and is empty', async () => {
    const connection = await open(engine, await engine.createUrl());
    await connection.run('select 1');
    expect(await connection.listTables()).toEqual([]);
    await connection.close();
  });

  test('two calls give different databases', async () => {
    const [one, two] = await Promise.all([engine.createUrl(), engine.createUrl()]);
    expect(one).not.toBe(two);
    const first = await open(engine, one);
    const second = await open(engine, two);
    await first.run('create table only_in_one (id integer)');
    expect(await first.listTables()).toEqual(['only_in_one']);
    expect(await second.listTables()).toEqual([]);
    await first.close();
    await second.close();
  });
});

test('the file of an SQLite database is not made in advance', async () => {
  const sqlite = engines.find(({ name }) => name === 'sqlite');
  const url = await sqlite?.createUrl();
  expect(url).toMatch(/^sqlite:\/.*\/hanaper\.db$/);
  expect(existsSync(url?.slice('sqlite:'.length) ?? '')).toBe(false);
});

test('two temporary folders are different', async () => {
  expect(await createTempFolder()).not.toBe(await createTempFolder());
});

async function open(engine: TestEngine, url: string): Promise<Connection> {
  return engine.name === 'sqlite' ? openSqlite(url) : openPostgres(url);
}

function openSqlite(url: string): Connection {
  const database = new DatabaseSync(url.slice('sqlite:'.length));
  const tables = database.prepare(`select name from sqlite_schema where type = 'table'`);
  return {
    run: async (statement) => database.exec(statement),
    listTables: async () => tables.all().map((row) => String(row['name'])),
    close: async () => database.close(),
  };
}

async function openPostgres(url: string): Promise<Connection> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return {
    run: async (statement) => {
      await client.query(statement);
    },
    listTables: async () => {
      const { rows } = await client.query<{ name: string }>(
        `select table_name as name from information_schema.tables where table_schema = 'public'`,
      );
      return rows.map(({ name }) => name);
    },
    close: () => client.end(),
  };
}
