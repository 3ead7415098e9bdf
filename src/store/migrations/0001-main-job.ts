import { type RawBuilder, sql } from 'kysely';
import type { Engine, Transaction } from '../engine/transaction.ts';

/** Organisations, keys, trust, signatures, the authority and its key slots. */
export async function up({ engine, kysely }: Transaction): Promise<void> {
  for (const statement of statements(columnTypes(engine))) await statement.execute(kysely);
}

/** Drops what {@link up} made, and all that it held. */
export async function down({ kysely }: Transaction): Promise<void> {
  for (const table of tables.toReversed()) await kysely.schema.dropTable(table).execute();
}

const tables = [
  'authority',
  'key_slots',
  'organizations',
  'signing_keys',
  'trusted_keys',
  'key_trust_acls',
  'package_signatures',
];

type ColumnTypes = Readonly<
  Record<'id' | 'uuid' | 'bytes' | 'time' | 'now' | 'name' | 'hash' | 'strict', RawBuilder<unknown>>
>;

function columnTypes(engine: Engine): ColumnTypes {
  return engine === 'sqlite'
    ? {
        id: sql`text primary key`,
        uuid: sql`text`,
        bytes: sql`blob`,
        time: sql`text`,
        now: sql``,
        name: sql`text`,
        hash: sql`text`,
        strict: sql`strict`,
      }
    : {
        id: sql`uuid primary key default gen_random_uuid()`,
        uuid: sql`uuid`,
        bytes: sql`bytea`,
        time: sql`timestamptz(3)`,
        now: sql`default now()`,
        name: sql`varchar(255)`,
        hash: sql`varchar(64)`,
        strict: sql``,
      };
}

function statements(types: ColumnTypes): RawBuilder<unknown>[] {
  return [...authorityTables(types), ...organizationTables(types), ...trustTables(types), ...signatureTables(types)];
}

function authorityTables({ id, bytes, time, now, strict }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`create table authority (
      id integer primary key check (id = 1),
      version integer not null,
      master_public_key ${bytes} not null check (length(master_public_key) = 32),
      algorithm text not null,
      derivation_method text not null,
      created_at ${time} not null ${now},
      statement ${bytes} not null,
      signature ${bytes} not null check (length(signature) = 64)
    ) ${strict}`,
    sql`create table key_slots (
      id ${id},
      kind text not null check (kind in ('passphrase', 'raw', 'derived')),
      parameters text,
      salt ${bytes} not null,
      wrapped_root_secret ${bytes},
      created_at ${time} not null ${now},
      signature ${bytes} not null
    ) ${strict}`,
  ];
}

function organizationTables({ id, uuid, bytes, time, now, name, hash, strict }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`create table organizations (
      id ${id},
      name ${name} not null unique,
      did text not null unique,
      encrypted_identity_key ${bytes} not null check (length(encrypted_identity_key) = 60),
      hash_signatures_since ${time},
      created_at ${time} not null ${now}
    ) ${strict}`,
    sql`create table signing_keys (
      id ${id},
      org_id ${uuid} not null references organizations (id),
      key_name ${name} not null check (length(key_name) between 1 and 255),
      encrypted_private_key ${bytes} not null check (length(encrypted_private_key) = 60),
      public_key ${bytes} not null check (length(public_key) = 32),
      key_fingerprint ${hash} not null check (length(key_fingerprint) = 64),
      created_at ${time} not null ${now},
      revoked_at ${time}
    ) ${strict}`,
    sql`create unique index uq_signing_keys_active on signing_keys (org_id, key_name) where revoked_at is null`,
    sql`create index idx_signing_keys_org on signing_keys (org_id)`,
    sql`create index idx_signing_keys_fingerprint on signing_keys (key_fingerprint)`,
  ];
}

function trustTables({ id, uuid, bytes, time, now, name, hash, strict }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`create table trusted_keys (
      id ${id},
      org_id ${uuid} not null references organizations (id),
      key_fingerprint ${hash} not null check (length(key_fingerprint) = 64),
      public_key ${bytes} not null check (length(public_key) = 32),
      key_name ${name} check (length(key_name) between 1 and 255),
      trusted_at ${time} not null ${now},
      revoked_at ${time}
    ) ${strict}`,
    sql`create unique index uq_trusted_keys_active on trusted_keys (org_id, key_fingerprint) where revoked_at is null`,
    sql`create index idx_trusted_keys_org on trusted_keys (org_id)`,
    sql`create index idx_trusted_keys_fingerprint on trusted_keys (key_fingerprint)`,
    sql`create table key_trust_acls (
      id ${id},
      parent_org_id ${uuid} not null references organizations (id),
      child_org_id ${uuid} not null references organizations (id) check (child_org_id <> parent_org_id),
      granted_at ${time} not null ${now},
      revoked_at ${time}
    ) ${strict}`,
    sql`create unique index uq_trust_acls_active on key_trust_acls (parent_org_id, child_org_id) where revoked_at is null`,
    sql`create index idx_trust_acls_parent on key_trust_acls (parent_org_id)`,
    sql`create index idx_trust_acls_child on key_trust_acls (child_org_id)`,
  ];
}

function signatureTables({ id, bytes, time, now, hash, strict }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`create table package_signatures (
      id ${id},
      package_hash ${hash} not null check (length(package_hash) = 64),
      key_fingerprint ${hash} not null check (length(key_fingerprint) = 64),
      signature ${bytes} not null check (length(signature) = 64),
      signed_at ${time} not null ${now},
      format text not null check (format in ('dsse', 'v1')),
      statement ${bytes},
      expires_at ${time},
      superseded_at ${time}
    ) ${strict}`,
    sql`create unique index uq_package_signatures_active on package_signatures (package_hash, key_fingerprint, format)
      where superseded_at is null`,
    sql`create index idx_signatures_hash on package_signatures (package_hash)`,
    sql`create index idx_signatures_key on package_signatures (key_fingerprint)`,
  ];
}
