import { type RawBuilder, sql } from 'kysely';
import type { Engine, Transaction } from '../engine/transaction.ts';

/** Labels of keys, and a view of the delegations for readers of SQL. */
export async function up({ engine, kysely }: Transaction): Promise<void> {
  const type = engine === 'sqlite' ? sql`text` : sql`varchar(255)`;
  for (const table of labelledTables)
    await sql`alter table ${sql.table(table)} add column label ${type} check (length(label) between 1 and 255)`.execute(
      kysely,
    );
  await createView(engine).execute(kysely);
}

/** Drops what {@link up} made, and all labels. */
export async function down({ kysely }: Transaction): Promise<void> {
  await kysely.schema.dropView('ucan_delegations_view').execute();
  for (const table of labelledTables) await kysely.schema.alterTable(table).dropColumn('label').execute();
}

const labelledTables = ['signing_keys', 'trusted_keys'];

// Nothing of ours reads it. What its columns say is in docs/formats/delegations-view.md.
function createView(engine: Engine): RawBuilder<unknown> {
  const { now, textOf, createdAt } = expressions[engine];
  const isRevoked = sql`exists (select 1 from ucan_revocations where delegation_cid = cid)`;
  const isInTime = sql`(exp is null or exp >= ${now}) and (nbf is null or nbf <= ${now})`;
  return sql`create view ucan_delegations_view as
    select delegation.id, did_id, did, cid, envelope, iss, aud, sub, cmd, pol,
      ${textOf(sql`nbf`)} as nbf, ${textOf(sql`exp`)} as exp, is_root, is_powerline, ${createdAt} as created_at,
      case when ${isRevoked} then 1 else 0 end as revoked,
      case when ${isInTime} and not ${isRevoked} then 1 else 0 end as live
    from ucan_delegations as delegation join did_documents as principal on principal.id = did_id`;
}

interface Expressions {
  /** The present in seconds since 1970. */
  readonly now: RawBuilder<unknown>;
  /** A column of seconds as ISO 8601 text in UTC. */
  textOf(column: RawBuilder<unknown>): RawBuilder<unknown>;
  readonly createdAt: RawBuilder<unknown>;
}

// A token may name a time that has no such text: it is shown as the last that has one.
const last = sql`253402300799`;

// What is over is written with a space, and what is to come with a T, so that text compares right with the present
// whichever of the two the reader writes it with, as SQLite's datetime('now') does with a space.
const expressions: Readonly<Record<Engine, Expressions>> = {
  sqlite: {
    now: sql`unixepoch()`,
    textOf: (
      column,
    ) => sql`strftime(case when ${column} < unixepoch() then '%Y-%m-%d %H:%M:%fZ' else '%Y-%m-%dT%H:%M:%fZ' end,
        min(${column}, ${last}), 'unixepoch')`,
    createdAt: sql`delegation.created_at`,
  },
  postgres: {
    now: sql`floor(extract(epoch from now()))`,
    textOf: (
      column,
    ) => sql`to_char(to_timestamp(case when ${column} > ${last} then ${last} else ${column} end) at time zone 'UTC',
        case when ${column} < floor(extract(epoch from now())) then 'YYYY-MM-DD HH24:MI:SS.MS"Z"'
        else 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"' end) collate "C"`,
    createdAt: sql`to_char(delegation.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') collate "C"`,
  },
};
