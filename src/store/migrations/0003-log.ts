import { type RawBuilder, sql } from 'kysely';
import type { Engine, Transaction } from '../engine/transaction.ts';

/** The log's head, entries and effects; and whether an organisation has its packages verified in public. */
export async function up({ engine, kysely }: Transaction): Promise<void> {
  for (const statement of statements(columnTypes(engine))) await statement.execute(kysely);
}

/** Drops what {@link up} made, and all that it held. */
export async function down({ kysely }: Transaction): Promise<void> {
  for (const table of ['log_effects', 'log_entries', 'log_head']) await kysely.schema.dropTable(table).execute();
  await kysely.schema.alterTable('organizations').dropColumn('public_verification_since').execute();
}

type ColumnTypes = Readonly<Record<'bytes' | 'time' | 'index' | 'strict', RawBuilder<unknown>>>;

function columnTypes(engine: Engine): ColumnTypes {
  return engine === 'sqlite'
    ? { bytes: sql`blob`, time: sql`text`, index: sql`integer`, strict: sql`strict` }
    : { bytes: sql`bytea`, time: sql`timestamptz(3)`, index: sql`bigint`, strict: sql`` };
}

// No entry is ever changed or removed; an effect loses its salt where its row must be forgotten.
function statements({ bytes, time, index, strict }: ColumnTypes): RawBuilder<unknown>[] {
  return [
    sql`alter table organizations add column public_verification_since ${time}`,
    sql`create table log_head (
      id integer primary key check (id = 1),
      size ${index} not null,
      generation ${index} not null,
      enrolled_at ${time}
    ) ${strict}`,
    sql`insert into log_head (id, size, generation) values (1, 0, 0)`,
    sql`create table log_entries (
      entry_index ${index} primary key,
      entry ${bytes} not null
    ) ${strict}`,
    sql`create table log_effects (
      entry_index ${index} not null references log_entries (entry_index),
      position integer not null,
      table_name text not null,
      row_key text not null,
      salt ${bytes} check (length(salt) = 16),
      digest ${bytes} not null check (length(digest) = 32),
      primary key (entry_index, position)
    ) ${strict}`,
    sql`create index idx_log_effects_row on log_effects (table_name, row_key)`,
  ];
}
