import { CompiledQuery } from 'kysely';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { createKey } from '../../src/authority/index.ts';
import { HanaperError } from '../../src/errors.ts';
import type { Database } from '../../src/store/engine/database.ts';
import { parseDatabaseUrl } from '../../src/store/engine/location.ts';
import { everydayWaits, type PostgresWaits } from '../../src/store/engine/postgres-session.ts';
import { openDatabase } from '../../src/store/open-database.ts';
import { lockLogHead, readLogHead } from '../../src/store/tables/log.ts';
import { byRawKey, createAuthority, openUnlocked, queryAll, queryOne } from '../support/authority.ts';
import { expectCode, failureOf } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { eventually, patience } from '../support/eventually.ts';
import { startProxy } from '../support/proxy.ts';

const forEver = 100_000_000;
const endless: PostgresWaits = { connect: forEver, lock: forEver, statement: forEver, answer: forEver, idle: forEver };

async function createDatabase(): Promise<string> {
  const url = (await engines.find(({ name }) => name === 'postgres')?.createUrl()) ?? '';
  await (await createAuthority(url)).authority.close();
  return url;
}

async function open(url: string, waits: PostgresWaits, signal?: AbortSignal): Promise<Database> {
  const database = await openDatabase(parseDatabaseUrl(url), 'use', { waits, ...(signal && { signal }) });
  onTestFinished(() => database.close());
  return database;
}

async function countWaiting(url: string): Promise<number> {
  const waiting = `select count(*)::int as waiting from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  return Number((await queryOne(url, waiting))['waiting']);
}

async function countIdle(url: string): Promise<number> {
  const idle = `select count(*)::int as idle from pg_stat_activity
    where datname = current_database() and state = 'idle in transaction'`;
  return Number((await queryOne(url, idle))['idle']);
}

function freezeInTurn(database: Database, freeze: () => void): Promise<unknown> {
  return database.transact('write', async (transaction) => {
    await lockLogHead(transaction);
    freeze();
    return readLogHead(transaction);
  });
}

test('a connection that goes silent while it has the write turn is given up, and others write again', async () => {
  const url = await createDatabase();
  const proxy = await startProxy(url);
  const database = await open(proxy.url, { ...everydayWaits, answer: 3_000, idle: 3_000, lock: 500 });
  const error = await expectCode('unavailable', () => freezeInTurn(database, proxy.freeze));
  expect(error.details).toMatchObject({ reason: 'silent' });
  // As long as the server takes to give up what it hears nothing of, too.
  for (;;) {
    const failure = await failureOf(() => database.transact('write', lockLogHead));
    if (failure === undefined) break;
    expect(failure).toMatchObject({ code: 'unavailable' });
  }
  await database.transact('write', lockLogHead);
});

test('with one that is silent, the idle ones are given up as well', async () => {
  const url = await createDatabase();
  const proxy = await startProxy(url);
  const waits = { ...everydayWaits, answer: patience };
  const database = await open(proxy.url, waits);
  await Promise.all(Array.from({ length: 8 }, () => database.transact('read', readLogHead)));
  proxy.freeze();
  waits.answer = 3_000;
  await expectCode('unavailable', () => database.transact('read', readLogHead));
  await database.transact('read', readLogHead);
});

test('what waits for a silent database ends when it is told to, and closing waits for nothing', async () => {
  const url = await createDatabase();
  const proxy = await startProxy(url);
  const stopping = new AbortController();
  const database = await open(proxy.url, endless, stopping.signal);
  const froze = Promise.withResolvers<void>();
  const frozen = freezeInTurn(database, () => {
    proxy.freeze();
    froze.resolve();
  });
  await froze.promise;
  // More than there are connections: some wait for one.
  const waiting = Array.from({ length: 15 }, () => database.transact('write', lockLogHead));
  const failures = [frozen, ...waiting].map((each) => failureOf(() => each));
  await eventually(async () => (await countWaiting(url)) >= 9);
  stopping.abort();
  for (const failure of await Promise.all(failures)) {
    expect(failure).toBeInstanceOf(HanaperError);
    expect(failure).toMatchObject({ code: 'unavailable' });
  }
  await expectCode('unavailable', () => database.transact('read', readLogHead));
  await database.close();
});

test('a silent connection does not keep a database from being closed', async () => {
  const proxy = await startProxy(await createDatabase());
  const database = await open(proxy.url, endless);
  await database.transact('read', readLogHead);
  proxy.freeze();
  await database.close();
});

test('a commit whose answer was lost may have been done, and says so', async () => {
  const url = await createDatabase();
  const proxy = await startProxy(url);
  const authority = await openUnlocked(proxy.url, { waits: { ...everydayWaits, answer: 3_000 } }, byRawKey(1));
  onTestFinished(() => authority.close());
  const lost = authority.database.transact('write', async (transaction) => {
    await lockLogHead(transaction);
    proxy.freezeAt('commit');
  });
  const error = await expectCode('unavailable', () => lost);
  expect(error.details).toMatchObject({ may_be_done: true });
});

test('a lock that somebody else holds is waited for so long, and is unavailable then', async () => {
  const url = await createDatabase();
  const database = await open(url, { ...everydayWaits, lock: 200 });
  const other = new Client({ connectionString: url });
  await other.connect();
  onTestFinished(() => other.end());
  await other.query('begin; select * from log_head for update');
  const error = await expectCode('unavailable', () => database.transact('write', lockLogHead));
  expect(error.details).not.toHaveProperty('may_be_done');
  await other.query('commit');
  await database.transact('write', lockLogHead);
});

test('a writer that does nothing is put out, and is unavailable', async () => {
  const url = await createDatabase();
  const database = await open(url, { ...everydayWaits, idle: 200 });
  const asleep = database.transact('write', async (transaction) => {
    await lockLogHead(transaction);
    await eventually(async () => (await countIdle(url)) === 0);
    return readLogHead(transaction);
  });
  await expectCode('unavailable', () => asleep);
  await database.transact('read', readLogHead);
});

test('whatever the role and the database are set to, a transaction has what it needs', async () => {
  const url = await createDatabase();
  const { name } = await queryOne(url, 'select current_database() as name');
  const settings = {
    synchronous_commit: 'off',
    default_transaction_isolation: 'serializable',
    default_transaction_read_only: 'on',
    default_transaction_deferrable: 'on',
    statement_timeout: '9s',
    lock_timeout: '9s',
    idle_in_transaction_session_timeout: '9s',
    transaction_timeout: '9s',
    transform_null_equals: 'on',
    search_path: 'pg_catalog',
    row_security: 'on',
    timezone: 'Africa/Monrovia',
  };
  await queryAll(
    url,
    Object.entries(settings).map(([setting, value]) => [
      `alter database "${String(name)}" set ${setting} = '${value}'`,
    ]),
  );
  const authority = await openUnlocked(url, { waits: everydayWaits }, byRawKey(1));
  onTestFinished(() => authority.close());
  await authority.executeFor('acme', createKey, { name: 'release' });
  const wanted: Record<string, string> = {
    synchronous_commit: 'on',
    transaction_isolation: 'read committed',
    transaction_read_only: 'off',
    transaction_deferrable: 'off',
    statement_timeout: '10s',
    lock_timeout: '5s',
    idle_in_transaction_session_timeout: '30s',
    transaction_timeout: '0',
    transform_null_equals: 'off',
    search_path: 'public, pg_temp',
    row_security: 'off',
    session_replication_role: 'origin',
    TimeZone: 'UTC',
  };
  const found = await authority.database.transact('write', async ({ kysely }) => {
    const names = `select name, current_setting(name) as value from unnest($1::text[]) as name`;
    const { rows } = await kysely.executeQuery<{ name: string; value: string }>(
      CompiledQuery.raw(names, [Object.keys(wanted)]),
    );
    return Object.fromEntries(rows.map((row) => [row.name, row.value]));
  });
  expect(found).toEqual(wanted);
  // Nothing of it outlives the transaction: behind a pooler the next may be that of another program.
  const client = await queryOne(url, 'show lock_timeout');
  expect(client).toEqual({ lock_timeout: '9s' });
});
