import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { auditDatabase, createKey, listKeys, validateAuthority } from '../../src/authority/index.ts';
import { byRawKey, initialize, openUnlocked, query, queryOne } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';

const role = `hanaper_role_${randomBytes(6).toString('hex')}`;
let administrator = '';
let database = '';
/** As the role, which owns everything. */
let url = '';
let made = 0;

beforeAll(async () => {
  administrator = (await engines.find(({ name }) => name === 'postgres')?.createUrl()) ?? '';
  database = String((await queryOne(administrator, 'select current_database() as name'))['name']);
  await query(administrator, `create role ${role} login password 'theirs'`);
  await query(administrator, `alter database ${database} owner to ${role}`);
  await query(administrator, `alter schema public owner to ${role}`);
  url = Object.assign(new URL(administrator), { username: role, password: 'theirs' }).href;
  await initialize(url, { slot: 'raw', credential: byRawKey(1) });
});

afterEach(async () => {
  await query(administrator, `alter role ${role} in database ${database} reset all`);
  await query(administrator, 'drop event trigger if exists theirs');
});

afterAll(async () => {
  await query(administrator, `reassign owned by ${role} to current_user`);
  await query(administrator, `drop owned by ${role}`);
  await query(administrator, `drop role ${role}`);
});

/** Writes, signs, reads and checks all that there is. */
async function work(): Promise<void> {
  await using authority = await openUnlocked(url, {}, byRawKey(1));
  const name = `key-${++made}`;
  await authority.executeFor('acme', createKey, { name });
  await authority.checkpoint();
  const { keys } = await authority.executeFor('acme', listKeys, {});
  expect(keys.map((key) => key.name)).toContain(name);
  expect((await auditDatabase(authority)).findings.list).toEqual([]);
  await validateAuthority(authority);
}

describe('a role whose sessions are set otherwise does the same:', () => {
  test.each([
    ['search_path', `pg_temp, "$user", nowhere`],
    ['default_transaction_read_only', `'on'`],
    ['default_transaction_isolation', `'serializable'`],
    ['default_transaction_deferrable', `'on'`],
    ['row_security', `'on'`],
    ['transform_null_equals', `'on'`],
    ['quote_all_identifiers', `'on'`],
    ['backslash_quote', `'off'`],
    ['array_nulls', `'off'`],
    ['bytea_output', `'escape'`],
    ['standard_conforming_strings', `'off'`],
    ['datestyle', `'German, DMY'`],
    ['intervalstyle', `'sql_standard'`],
    ['timezone', `'Africa/Monrovia'`],
    ['timezone_abbreviations', `'India'`],
    ['extra_float_digits', '-15'],
    ['client_encoding', `'LATIN1'`],
    ['xmloption', `'document'`],
    ['exit_on_error', `'on'`],
    ['enable_seqscan', `'off'`],
    ['enable_indexscan', `'off'`],
    ['plan_cache_mode', `'force_generic_plan'`],
    ['default_tablespace', `'nowhere'`],
    ['default_table_access_method', `'nowhere'`],
    ['synchronous_commit', `'off'`],
    ['idle_in_transaction_session_timeout', `'1ms'`],
    ['lock_timeout', `'1ms'`],
  ])('%s', async (setting, value) => {
    await query(administrator, `alter role ${role} in database ${database} set ${setting} = ${value}`);
    await work();
  });
});

describe('a role whose sessions cannot do the same is refused by a code:', () => {
  test.each([
    ['session_replication_role', `'replica'`, 'bad_config'],
    ['role', `'pg_monitor'`, 'unavailable'],
  ] as const)('%s', async (setting, value, code) => {
    await query(administrator, `grant pg_monitor to ${role}`);
    await query(administrator, `alter role ${role} in database ${database} set ${setting} = ${value}`);
    await expectCode(code, work);
    await query(administrator, `alter role ${role} in database ${database} reset all`);
    await work();
  });
});

describe('an event trigger of an administrator', () => {
  const createTrigger = async (event: string, body: string) => {
    await query(administrator, 'create schema if not exists elsewhere');
    const text = `begin if session_user = '${role}' then ${body}; end if; end`;
    await query(
      administrator,
      `create or replace function elsewhere.react() returns event_trigger security definer language plpgsql as $$ ${text} $$`,
    );
    await query(administrator, `create event trigger theirs on ${event} execute function elsewhere.react()`);
  };

  test.each([
    ['a table of the name of ours', 'create temporary table if not exists log_head (size int)'],
    ['another way to find tables', `perform set_config('search_path', 'pg_temp', false)`],
    ['time-outs and read-only transactions', `perform set_config('default_transaction_read_only', 'on', false)`],
  ])('that gives each session %s changes nothing', async (_, body) => {
    await createTrigger('login', body);
    await work();
  });

  test('that lets nobody in is unavailable, and no damage', async () => {
    await createTrigger('login', `raise exception 'not now'`);
    await expectCode('unavailable', work);
  });

  test('that passes over references is refused', async () => {
    await createTrigger('login', `perform set_config('session_replication_role', 'replica', false)`);
    await expectCode('bad_config', work);
  });

  test('that runs wherever tables are made, and changes none, changes nothing', async () => {
    await createTrigger('ddl_command_end', 'perform 1');
    await work();
  });
});
