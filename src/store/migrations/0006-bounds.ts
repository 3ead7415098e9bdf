import { sql } from 'kysely';
import type { Transaction } from '../engine/transaction.ts';

/** What keeps cost in bounds: where a search goes from one delegation to the next, and what each principal has left behind. */
export async function up({ engine, kysely }: Transaction): Promise<void> {
  const [bigint, strict] = engine === 'sqlite' ? [sql`integer`, sql`strict`] : [sql`bigint`, sql``];
  const statements = [
    // A DID has up to 2,048 characters, of which an index of PostgreSQL takes one at most: subjects are their rows' ids.
    sql`create index idx_ucan_delegations_aud_about on ucan_delegations (aud, did_id, is_root, id)`,
    sql`create index idx_ucan_delegations_iss_about on ucan_delegations (iss, did_id, id)`,
    sql`create index idx_ucan_delegations_aud_powerline on ucan_delegations (aud, id) where is_powerline = 1`,
    sql`create index idx_ucan_delegations_iss_powerline on ucan_delegations (iss, id) where is_powerline = 1`,
    sql`create table kept_amounts (
      root text not null,
      kind text not null,
      until ${bigint} not null,
      amount ${bigint} not null,
      primary key (root, kind, until)
    ) ${strict}`,
  ];
  for (const statement of statements) await statement.execute(kysely);
}

/** Drops what {@link up} made, and all that it held. */
export async function down({ kysely }: Transaction): Promise<void> {
  await kysely.schema.dropTable('kept_amounts').execute();
  for (const index of indexes) await kysely.schema.dropIndex(`idx_ucan_delegations_${index}`).execute();
}

const indexes = ['aud_about', 'iss_about', 'aud_powerline', 'iss_powerline'];
