import { sql } from 'kysely';
import type { Transaction } from './transaction.ts';

/**
 * Lets one writer at a time past, until its transaction ends. PostgreSQL: an advisory lock by name.
 * SQLite: nothing to do, since a write transaction holds the whole file.
 */
export async function takeLock({ engine, kysely }: Transaction, name: string): Promise<void> {
  if (engine === 'sqlite') return;
  await sql`select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(${`hanaper/${name}`}, 0::bigint))`.execute(
    kysely,
  );
}
