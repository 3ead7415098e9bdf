import { expect, inject, test } from 'vitest';
import { createKey, revokeKey } from '../../src/authority/index.ts';
import { byRawKey, createAuthority, openUnlocked, query, queryAll } from '../support/authority.ts';
import { engines, keepCopy } from '../support/engines.ts';
import { createOutsider } from '../support/outsider.ts';
import { type Answered, ask, expectProblem, serve } from '../support/server.ts';

/** A way to keep what there is; what it gives puts that in the place of what is there by then, beneath the process that has it open. */
type Keep = (url: string) => Promise<() => Promise<void>>;

const headers = { 'Content-Type': 'application/vnd.ucan.container' };

async function administer(...statements: readonly string[]): Promise<void> {
  for (const statement of statements) await query(inject('postgresUrl'), statement);
}

const keepByName: Keep = async (url) => {
  const name = new URL(url).pathname.slice(1);
  await administer(`create database ${name}_old template ${name}`);
  return () =>
    administer(
      `select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '${name}'`,
      `alter database ${name} rename to ${name}_away`,
      `alter database ${name}_old rename to ${name}`,
      `drop database ${name}_away`,
    );
};

const keepInSchema: Keep = async (url) => {
  const tables = await query(url, `select tablename as name from pg_tables where schemaname = 'public'`);
  await queryAll(url, [
    ['create schema old'],
    ...tables.flatMap(({ name }) => [
      [`create table old.${String(name)} (like public.${String(name)} including all)`] as const,
      [`insert into old.${String(name)} overriding system value select * from public.${String(name)}`] as const,
    ]),
  ]);
  const exchange = ['alter schema public rename to away', 'alter schema old rename to public'];
  return async () =>
    void (await queryAll(
      url,
      exchange.map((statement) => [statement] as const),
    ));
};

const keepByTruncating: Keep = async (url) => {
  const tables = await query(url, `select tablename as name from pg_tables where schemaname = 'public'`);
  const names = tables.map(({ name }) => String(name));
  await queryAll(url, [
    ['create schema old'],
    ...names.map((name) => [`create table old.${name} as table ${name}`] as const),
  ]);
  return async () =>
    void (await queryAll(url, [
      ['set local session_replication_role = replica'],
      [`truncate ${names.join(', ')}`],
      ...names.map((name) => [`insert into ${name} overriding system value select * from old.${name}`] as const),
    ]));
};

async function until(answered: () => Promise<Answered>, isSo: (answer: Answered) => boolean): Promise<Answered> {
  for (;;) {
    const answer = await answered();
    if (isSo(answer)) return answer;
    // Its connections may have been ended by the restore.
    expectProblem('unavailable', answer, 503);
  }
}

const isRolledBack = ({ json }: Answered) => json['code'] === 'log_rolled_back';

const ways: readonly (readonly [string, Keep])[] = [
  ['the database is dropped, and made from it', keepCopy],
  ['the database is renamed, and it takes its name', keepByName],
  ['the schema is renamed, and it takes its name', keepInSchema],
  ['the tables are emptied, and its rows put there', keepByTruncating],
];
const first = ['a read', 'a write'] as const;

test.each(ways.flatMap(([way, keep]) => first.map((act) => [way, act, keep] as const)))(
  'an old copy beneath a running server locks it: %s; %s finds it',
  async (_, act, keep) => {
    const url = (await engines.find(({ name }) => name === 'postgres')?.createUrl()) ?? '';
    const { authority } = await createAuthority(url);
    await authority.executeFor('acme', createKey, { name: 'release' });
    const outsider = await createOutsider(authority, 'outsider');
    await authority.close();
    const putBack = await keep(url);
    const forEver = 100_000_000;
    const server = await serve(url, {
      authority: { database: url, checkpointDelay: forEver },
      credential: byRawKey(1),
    });
    const { container } = await outsider.signFor({
      command: '/package/sign',
      args: { hash: 'ab'.repeat(32), name: 'a.wasm', key: 'release', store: true },
      expiration: Math.floor(Date.now() / 1000) + 600,
    });
    const other = await openUnlocked(url, {}, byRawKey(1));
    await other.executeFor('acme', revokeKey, { name: 'release' });
    await other.close();
    expect((await ask(server.url, '/readyz')).json).toEqual({ ready: true, locked: false });
    await putBack();
    const write = () => ask(server.url, '/api/invoke', { body: container, headers });
    const read = () => ask(server.url, '/readyz');
    if (act === 'a read') expectProblem('log_rolled_back', await until(read, isRolledBack), 503);
    else expectProblem('log_rolled_back', await until(write, isRolledBack), 403);
    expect((await ask(server.url, '/api/crypto/status')).json['locked']).toBe(true);
    expectProblem('log_rolled_back', await read(), 503);
    expectProblem('log_rolled_back', await write(), 403);
    expect(server.events.filter(({ name }) => name === 'log.refused')).toHaveLength(1);
    expect(await query(url, 'select * from package_signatures')).toEqual([]);
    await server.stop();
  },
);
