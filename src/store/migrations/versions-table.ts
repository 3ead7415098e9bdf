import { sql } from 'kysely';
import type { Transaction } from '../engine/transaction.ts';

/** Makes the table that says which migrations were applied. */
export async function createVersionsTable({ kysely }: Transaction): Promise<void> {
  await sql`create table hanaper_migrations (version integer primary key, name text not null, applied_at text not null)`.execute(
    kysely,
  );
}
