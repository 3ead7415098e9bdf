import { type RawBuilder, sql } from 'kysely';
import type { Engine, Transaction } from '../engine/transaction.ts';

/** What makes the log public and trust provable: tiles, checkpoints and the log's key; snapshots; revocations that know about time. */
export async function up({ engine, kysely }: Transaction): Promise<void> {
  for (const statement of statements(columnTypes(engine))) await statement.execute(kysely);
}

/** Drops what {@link up} made, and all that it held. */
export async function down({ kysely }: Transaction): Promise<void> {
  for (const table of newTables) await kysely.schema.dropTable(table).execute();
  for (const table of revokedTables) {
    for (const column of revocationColumns) await kysely.schema.alterTable(table).dropColumn(column).execute();
  }
  await kysely.schema.alterTable('organizations').dropColumn('verification_policy').execute();
}

const newTables = ['ucan_proofs', 'signature_places', 'trust_snapshots', 'checkpoints', 'log_tiles', 'log_keys'];
const revokedTables = ['signing_keys', 'trusted_keys'] as const;
const revocationColumns = ['revocation_reason', 'effective_at', 'effective_index'] as const;

type ColumnTypes = Readonly<Record<'uuid' | 'bytes' | 'time' | 'index' | 'strict', RawBuilder<unknown>>>;

function columnTypes(engine: Engine): ColumnTypes {
  return engine === 'sqlite'
    ? { uuid: sql`text`, bytes: sql`blob`, time: sql`text`, index: sql`integer`, strict: sql`strict` }
    : { uuid: sql`uuid`, bytes: sql`bytea`, time: sql`timestamptz(3)`, index: sql`bigint`, strict: sql`` };
}

function statements(types: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`alter table organizations add column verification_policy text`,
    ...revokedTables.flatMap((table) => revocationOf(table, types)),
    ...logTables(types),
    ...trustTables(types),
  ];
}

// All three are null while a key is active, and where it was revoked without a reason.
function revocationOf(table: (typeof revokedTables)[number], { time, index }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`alter table ${sql.table(table)} add column revocation_reason text
        check (revocation_reason in ('superseded', 'expired', 'compromised'))`,
    sql`alter table ${sql.table(table)} add column effective_at ${time}`,
    sql`alter table ${sql.table(table)} add column effective_index ${index}`,
  ];
}

// Tiles grow until they are full; checkpoints are never changed or removed.
function logTables({ bytes, time, index, strict }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`create table log_keys (
      epoch ${index} primary key,
      public_key ${bytes} not null check (length(public_key) = 32),
      statement ${bytes} not null,
      signature ${bytes} not null check (length(signature) = 64),
      created_at ${time} not null
    ) ${strict}`,
    sql`create table log_tiles (
      level integer not null,
      tile_index ${index} not null,
      hashes ${bytes} not null,
      primary key (level, tile_index)
    ) ${strict}`,
    sql`create table checkpoints (
      size ${index} primary key,
      note ${bytes} not null,
      created_at ${time} not null
    ) ${strict}`,
  ];
}

// Where a signature stands in the log is only a hint: what it says is proven from the entry.
function trustTables({ uuid, bytes, time, index, strict }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`create table trust_snapshots (
      id ${uuid} primary key,
      org_id ${uuid} not null references organizations (id),
      version ${index} not null,
      payload ${bytes} not null,
      signature ${bytes} not null check (length(signature) = 64),
      created_at ${time} not null,
      unique (org_id, version)
    ) ${strict}`,
    sql`create table ucan_proofs (
      cid text primary key,
      envelope ${bytes} not null
    ) ${strict}`,
    sql`create table signature_places (
      signature_digest ${bytes} primary key check (length(signature_digest) = 32),
      entry_index ${index} not null
    ) ${strict}`,
  ];
}
