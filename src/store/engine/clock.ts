import { sql } from 'kysely';
import type { Transaction } from './transaction.ts';

/** The time of a transaction: the server's on PostgreSQL, so that several processes agree; this machine's on SQLite. */
export async function readTime({ engine, kysely }: Transaction): Promise<Date> {
  if (engine === 'sqlite') return new Date();
  const { rows } = await sql<{ now: string }>`select clock_timestamp() as now`.execute(kysely);
  return new Date(rows[0]?.now ?? Number.NaN);
}
