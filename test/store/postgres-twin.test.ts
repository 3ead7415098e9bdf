import { CompiledQuery } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKey, openAuthority } from '../../src/authority/index.ts';
import type { Database } from '../../src/store/engine/database.ts';
import { ownTables } from '../../src/store/engine/own-tables.ts';
import type { Transaction } from '../../src/store/engine/transaction.ts';
import { readDigest, requireMadeSchema, twinDigests } from '../../src/store/migrations/own-schema.ts';
import { compareWithTwin } from '../../src/store/migrations/twin.ts';
import { listOrganizations } from '../../src/store/tables/organizations.ts';
import { byRawKey, createAuthority, openStore, openUnlocked, query, queryOne } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';

let url: string;
let database: Database;

async function createUrl(): Promise<string> {
  return (await engines.find(({ name }) => name === 'postgres')?.createUrl()) ?? '';
}

beforeAll(async () => {
  url = await createUrl();
  await (await createAuthority(url)).authority.close();
  database = await openStore(url);
});

afterAll(() => database.close());

class Undone extends Error {}

// All of it is undone, so that one database serves every test.
async function inVain<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
  let result: { readonly value: Result } | undefined;
  const undone = database.transact('write', async (transaction) => {
    result = { value: await work(transaction) };
    throw new Undone();
  });
  await undone.catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error;
  });
  return (result as { readonly value: Result }).value;
}

async function run({ kysely }: Transaction, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await kysely.executeQuery(CompiledQuery.raw(statement));
}

const triggerFunction = `create function elsewhere.undo() returns trigger language plpgsql as $$ begin return null; end $$`;
const elsewhere = 'create schema elsewhere';
const truth = `create function elsewhere.truth(text) returns boolean language sql immutable as 'select true'`;
const collation = `create collation elsewhere."C" (provider = icu, locale = 'und', deterministic = false)`;
const operatorClass = [
  `create function elsewhere.compare(text, text) returns int language sql immutable as 'select 0'`,
  `create operator class elsewhere.text_ops for type text using btree as operator 1 <, operator 2 <=, operator 3 =,
   operator 4 >=, operator 5 >, function 1 elsewhere.compare(text, text)`,
];

describe('what an owner has done to a table is refused, and the table is named:', () => {
  test.each<[string, ...string[]]>([
    ['a column more', 'alter table trusted_keys add column more text'],
    ['a column fewer', 'alter table trusted_keys drop column revocation_reason'],
    ['a column of another name', 'alter table trusted_keys rename column revoked_at to revoked'],
    [
      'a column of another name that looks the same',
      'alter table trusted_keys rename column revoked_at to "revoked_at\u00a0"',
    ],
    ['a column of another type', 'alter table trusted_keys alter key_name type text'],
    ['a column of another length', 'alter table trusted_keys alter key_name type varchar(256)'],
    [
      'a domain of the name of a type',
      elsewhere,
      'create domain elsewhere.uuid as uuid',
      'alter table trusted_keys alter id type elsewhere.uuid',
    ],
    ['a column with another collation', 'alter table trusted_keys alter key_name type varchar(255) collate "C"'],
    [
      'a collation of a borrowed name',
      elsewhere,
      collation,
      'alter table trusted_keys alter key_name type varchar(255) collate elsewhere."C"',
    ],
    ['a column that may be null', 'alter table trusted_keys alter public_key drop not null'],
    ['a column that may not be null', 'alter table trusted_keys alter revocation_reason set not null'],
    ['a default', `alter table trusted_keys alter revoked_at set default now()`],
    ['a default that is gone', 'alter table trusted_keys alter id drop default'],
    [
      'a default by a function elsewhere',
      elsewhere,
      truth,
      `alter table trusted_keys alter key_name set default elsewhere.truth('')::text`,
    ],
    ['a generated column', `alter table trusted_keys add column copy text generated always as (key_name) stored`],
    ['an identity', 'alter table ucan_delegations alter id drop identity'],
    ['an identity that is always made', 'alter table ucan_delegations alter id set generated always'],
    ['a sequence with another step', 'alter table ucan_delegations alter id set increment by -1'],
    ['a sequence that begins anew', 'alter table ucan_delegations alter id set cycle set maxvalue 10'],
    ['a sequence more', 'create sequence more owned by trusted_keys.id'],
    ['no primary key', 'alter table trusted_keys drop constraint trusted_keys_pkey'],
    ['no CHECK', 'alter table trusted_keys drop constraint trusted_keys_public_key_check'],
    ['a CHECK more', `alter table trusted_keys add check (key_name <> 'release')`],
    [
      'a CHECK that says another thing',
      'alter table trusted_keys drop constraint trusted_keys_public_key_check',
      'alter table trusted_keys add constraint trusted_keys_public_key_check check (length(public_key) > 0)',
    ],
    [
      'a CHECK that is not enforced',
      'alter table trusted_keys drop constraint trusted_keys_public_key_check',
      'alter table trusted_keys add constraint trusted_keys_public_key_check check (length(public_key) = 32) not enforced',
    ],
    [
      'a CHECK by a function elsewhere',
      elsewhere,
      truth,
      'alter table trusted_keys add check (elsewhere.truth(key_name))',
    ],
    ['no reference', 'alter table trusted_keys drop constraint trusted_keys_org_id_fkey'],
    [
      'a reference that deletes',
      'alter table trusted_keys drop constraint trusted_keys_org_id_fkey',
      'alter table trusted_keys add constraint trusted_keys_org_id_fkey foreign key (org_id) references organizations (id) on delete cascade',
    ],
    [
      'a reference that is checked later',
      'alter table trusted_keys alter constraint trusted_keys_org_id_fkey deferrable initially deferred',
    ],
    ['a reference of somebody', 'create table theirs (id uuid references trusted_keys (id))'],
    ['an exclusion', 'alter table trusted_keys add exclude using btree (id with =)'],
    ['an index more', 'create index more on trusted_keys (key_name)'],
    ['an index fewer', 'drop index idx_trusted_keys_org'],
    ['a unique index more', 'create unique index more on trusted_keys (key_name)'],
    [
      'an index that is no longer unique',
      'drop index uq_trusted_keys_active',
      'create index uq_trusted_keys_active on trusted_keys (org_id, key_fingerprint) where revoked_at is null',
    ],
    [
      'an index with another condition',
      'drop index uq_trusted_keys_active',
      'create unique index uq_trusted_keys_active on trusted_keys (org_id, key_fingerprint) where revoked_at is not null',
    ],
    [
      'an index in which NULL is one value',
      'drop index uq_trusted_keys_active',
      'create unique index uq_trusted_keys_active on trusted_keys (org_id, key_fingerprint) nulls not distinct where revoked_at is null',
    ],
    [
      'an index with its columns in another order',
      'drop index uq_trusted_keys_active',
      'create unique index uq_trusted_keys_active on trusted_keys (key_fingerprint, org_id) where revoked_at is null',
    ],
    [
      'an index in descending order',
      'drop index idx_trusted_keys_org',
      'create index idx_trusted_keys_org on trusted_keys (org_id desc)',
    ],
    [
      'an index with another collation',
      elsewhere,
      collation,
      'drop index uq_trusted_keys_active',
      'create unique index uq_trusted_keys_active on trusted_keys (org_id, key_fingerprint collate elsewhere."C") where revoked_at is null',
    ],
    [
      'an index with an operator class of a borrowed name',
      elsewhere,
      ...operatorClass,
      'drop index idx_trusted_keys_fingerprint',
      'create index idx_trusted_keys_fingerprint on trusted_keys (key_fingerprint elsewhere.text_ops)',
    ],
    ['an index over an expression', 'create index more on trusted_keys (lower(key_name))'],
    [
      'a hash index',
      'drop index idx_trusted_keys_org',
      'create index idx_trusted_keys_org on trusted_keys using hash (org_id)',
    ],
    [
      'a trigger',
      elsewhere,
      triggerFunction,
      'create trigger undo before insert on trusted_keys for each row execute function elsewhere.undo()',
    ],
    [
      'a trigger of PostgreSQL itself',
      'create trigger undo before update on trusted_keys for each row execute function suppress_redundant_updates_trigger()',
    ],
    [
      'a constraint trigger',
      elsewhere,
      triggerFunction,
      'create constraint trigger undo after insert on trusted_keys deferrable for each row execute function elsewhere.undo()',
    ],
    ['triggers that are switched off', 'alter table trusted_keys disable trigger all'],
    ['a rule', 'create rule undo as on update to trusted_keys do instead nothing'],
    ['a rule that tells others', 'create rule tell as on insert to trusted_keys do also notify theirs'],
    ['row security', 'alter table trusted_keys enable row level security'],
    ['a policy that is not in force yet', 'create policy open on trusted_keys using (true)'],
    ['a table that inherits', 'create table more () inherits (trusted_keys)'],
    [
      'a table that inherits from elsewhere',
      elsewhere,
      'create table elsewhere.more (more text)',
      'alter table trusted_keys add column more text',
      'alter table trusted_keys inherit elsewhere.more',
    ],
    ['a table that is not written ahead', 'alter table trusted_keys set unlogged'],
    [
      'a table of a declared type',
      elsewhere,
      'create type elsewhere.theirs as (id int)',
      'alter table signature_places rename to kept',
      'create table signature_places of elsewhere.theirs',
    ],
    [
      'a partitioned table',
      'alter table signature_places rename to kept',
      'create table signature_places (signature_digest bytea primary key, entry_index bigint not null) partition by hash (signature_digest)',
    ],
    [
      'a view in the place of a table',
      'alter table signature_places rename to kept',
      'create view signature_places as select * from kept',
    ],
    [
      'a materialised view in the place of a table',
      'alter table signature_places rename to kept',
      'create materialized view signature_places as select * from kept',
    ],
    [
      'a sequence in the place of a table',
      'alter table signature_places rename to kept',
      'create sequence signature_places',
    ],
    [
      'a foreign table in the place of a table',
      'alter table signature_places rename to kept',
      'create foreign data wrapper theirs',
      'create server theirs foreign data wrapper theirs',
      'create foreign table signature_places (signature_digest bytea not null, entry_index bigint not null) server theirs',
    ],
    ['a copy of a table', 'alter table signature_places rename to kept', 'create table signature_places as table kept'],
    ['a table that is gone', 'drop table signature_places'],
    ['a table in another schema', elsewhere, 'alter table signature_places set schema elsewhere'],
    ['statistics', 'create statistics more on id, org_id from trusted_keys'],
    ['another identity for replicas', 'alter table trusted_keys replica identity full'],
    ['an option of a table', 'alter table trusted_keys set (user_catalog_table = true)'],
    ['an option of a column', 'alter table trusted_keys alter key_name set (n_distinct = 1)'],
    ['a column that is stored otherwise', 'alter table trusted_keys alter public_key set storage external'],
    ['a table that belongs to an extension', 'alter extension plpgsql add table trusted_keys'],
  ])('%s', async (_, ...statements) => {
    const error = await inVain(async (transaction) => {
      await run(transaction, statements);
      return expectCode('database_corrupt', () => requireMadeSchema(transaction));
    });
    // The table that the last statements are about.
    const about = statements.join(' ');
    expect(about).toContain(String(error.details['table']));
  });
});

test('where something runs wherever tables are made, no twin is believed, and that it cannot be told is said', async () => {
  const error = await inVain(async (transaction) => {
    await run(transaction, [
      'alter table trusted_keys add column more text',
      elsewhere,
      `create function elsewhere.alter_twin() returns event_trigger language plpgsql as $$ begin
         if to_regclass('pg_temp.trusted_keys') is not null then
           alter table pg_temp.trusted_keys add column if not exists more text;
         end if; end $$`,
      'create event trigger theirs on ddl_command_end execute function elsewhere.alter_twin()',
    ]);
    return expectCode('unavailable', () => requireMadeSchema(transaction));
  });
  expect(error.details).toMatchObject({ unchecked: 'schema', name: 'theirs' });
});

describe('what could be called in the schema is refused:', () => {
  test.each<[string, string, ...string[]]>([
    ['a function', 'function own', `create function own() returns int language sql as 'select 1'`],
    [
      'an operator',
      'operator =',
      elsewhere,
      `create function elsewhere.same(varchar, varchar) returns boolean language sql as 'select false'`,
      'create operator = (leftarg = varchar, rightarg = varchar, function = elsewhere.same)',
    ],
    ['a collation', 'collation de', `create collation de (provider = icu, locale = 'de')`],
    ['a domain', 'type bytes', 'create domain bytes as bytea'],
    ['an enumeration', 'type kinds', `create type kinds as enum ('a')`],
    ['a type of rows', 'type pair', 'create type pair as (a int, b int)'],
    ['a conversion', 'conversion theirs', `create conversion theirs for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8`],
    [
      'a text search configuration',
      'text search configuration theirs',
      'create text search configuration theirs (copy = simple)',
    ],
    [
      'a cast between types of PostgreSQL',
      'cast from bigint to uuid',
      elsewhere,
      `create function elsewhere.bytes(bigint) returns uuid language sql as 'select null::uuid'`,

      'create cast (bigint as uuid) with function elsewhere.bytes(bigint) as implicit',
    ],
  ])('%s', async (_, name, ...statements) => {
    const error = await inVain(async (transaction) => {
      await run(transaction, statements);
      return expectCode('database_corrupt', () => requireMadeSchema(transaction));
    });
    expect(error.details).toMatchObject({ name });
  });
});

describe('what changes nothing that is written or read is accepted:', () => {
  test.each<[string, ...string[]]>([
    ['a table of others beside ours', 'create table theirs (id int primary key, name text)'],
    ['a view of others over ours', 'create view theirs as select * from trusted_keys'],
    ['a sequence of others', 'create sequence theirs'],
    ['grants', 'grant select on trusted_keys to public', 'grant select (id) on signing_keys to public'],
    ['comments', `comment on table trusted_keys is 'theirs'`, `comment on column trusted_keys.id is 'theirs'`],
    [
      'how it is looked after',
      'alter table trusted_keys set (autovacuum_enabled = false, autovacuum_vacuum_threshold = 7)',
      'alter table trusted_keys alter key_name set statistics 7',
      'analyze trusted_keys',
    ],
    ['an index that is built anew', 'reindex table trusted_keys', 'cluster trusted_keys using trusted_keys_pkey'],
    ['a publication', 'create publication theirs for table trusted_keys'],
    ['another owner', 'create role their_owner', 'alter table trusted_keys owner to their_owner'],
    ['functions elsewhere', elsewhere, truth],
  ])('%s', async (_, ...statements) => {
    await inVain(async (transaction) => {
      await run(transaction, statements);
      await requireMadeSchema(transaction);
      await compareWithTwin(transaction, 'public', ownTables);
    });
  });

  test('constraints, defaults and indexes that were written down and read again, as a dump does', async () => {
    await inVain(async (transaction) => {
      const { rows } = await transaction.kysely.executeQuery<{ again: string }>(
        CompiledQuery.raw(`select format('alter table %s drop constraint %I; alter table %s add constraint %I %s', conrelid::regclass,
          conname, conrelid::regclass, conname, pg_get_constraintdef(oid)) as again
          from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace`),
      );
      expect(rows.length).toBeGreaterThan(20);
      await run(
        transaction,
        rows.map(({ again }) => again),
      );
      await compareWithTwin(transaction, 'public', ownTables);
    });
  });
});

test('the digest of this version of PostgreSQL is known, and no twin is made', async () => {
  const { version } = await queryOne(url, `select current_setting('server_version_num')::int / 10000 as version`);
  const digest = await database.transact('read', (transaction) => readDigest(transaction, 'public'));
  if (version === 18) expect(twinDigests).toContain(digest);
});

test('nothing is left of a twin', async () => {
  const count = 'select count(*)::int as count from pg_class';
  const before = await queryOne(url, count);
  await database.transact('write', (transaction) => compareWithTwin(transaction, 'public', ownTables));
  expect(await queryOne(url, count)).toEqual(before);
});

test('a temporary table does not take the place of ours', async () => {
  const found = await inVain(async (transaction) => {
    await run(transaction, ['create temp table organizations (like organizations)']);
    return listOrganizations(transaction);
  });
  expect(found).toHaveLength(1);
});

describe('anyone who opens it,', () => {
  const role = `reader_${Date.now()}`;
  const theirs = () => Object.assign(new URL(url), { username: role, password: 'theirs' }).href;

  beforeAll(async () => {
    await query(url, `create role ${role} login password 'theirs'`);
    await query(url, `grant select on all tables in schema public to ${role}`);
    await query(url, `create schema ${role} authorization ${role}`);
    await query(url, `alter role ${role} set search_path = "$user", public`);
  });

  afterAll(async () => {
    await query(url, `drop owned by ${role}`);
    await query(url, `drop role ${role}`);
  });

  test('all see the same tables, and none of a schema that is named like the user', async () => {
    await query(theirs(), `create table ${role}.organizations (like public.organizations)`);
    await query(
      theirs(),
      `create function ${role}.now() returns timestamptz language sql as 'select null::timestamptz'`,
    );
    const store = await openStore(theirs());
    expect(await store.transact('read', listOrganizations)).toHaveLength(1);
    await store.close();
  });

  test('where no twin can be made, that it cannot be told is said', async () => {
    const { name } = await queryOne(url, 'select current_database() as name');
    await query(url, `revoke temporary on database "${String(name)}" from public`);
    // What is known needs none.
    await (await openStore(theirs())).close();
    await query(url, 'create index more on trusted_keys (key_name)');
    const error = await expectCode('unavailable', () => openStore(theirs()));
    expect(error.details).toMatchObject({ unchecked: 'schema' });
    await query(url, 'drop index more');
  });
});

test('two authorities lie side by side in one database, each in its schema', async () => {
  const one = await createUrl();
  const other = `${one}?schema=other%20one`;
  await (await createAuthority(one)).authority.close();
  await expectCode('unavailable', () => createAuthority(other));
  await query(one, 'create schema "other one"');
  await expectCode('not_initialized', () => openAuthority({ database: other }));
  await (await createAuthority(other, { organisation: 'other' })).authority.close();
  const authority = await openUnlocked(other, {}, byRawKey(1));
  await authority.executeFor('other', createKey, { name: 'release' });
  await authority.close();
  const tables = await query(
    one,
    `select key_name from "other one".signing_keys union all select key_name from signing_keys`,
  );
  expect(tables).toEqual([{ key_name: 'release' }]);
});

test('whichever column is named otherwise, the digest is another', async () => {
  const digests = await inVain(async (transaction) => {
    const { rows } = await transaction.kysely.executeQuery<{ table: string; column: string }>(
      CompiledQuery.raw(`select table_name as "table", column_name as "column" from information_schema.columns
        join information_schema.tables using (table_schema, table_name)
        where table_schema = 'public' and table_type = 'BASE TABLE'`),
    );
    const found: string[] = [];
    for (const { table, column } of rows) {
      await run(transaction, [`alter table ${table} rename column ${column} to other`]);
      found.push(await readDigest(transaction, 'public'));
      await run(transaction, [`alter table ${table} rename column other to ${column}`]);
    }
    return found;
  });
  expect(digests.length).toBeGreaterThan(130);
  expect(new Set(digests).size).toBe(digests.length);
});
