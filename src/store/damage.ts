import { sql } from 'kysely';
import type { Transaction } from './transaction.ts';

/**
 * What SQLite's own check of pages, indexes and references finds wrong; empty where nothing is, and on PostgreSQL, which has
 * none. An index that disagrees with its table is among it: by that a query can find what the table no longer says.
 */
export async function findDamage({ engine, kysely }: Transaction): Promise<readonly string[]> {
  if (engine !== 'sqlite') return [];
  const pages = await sql<{ integrityCheck: string }>`PRAGMA integrity_check(10)`.execute(kysely);
  const references = await sql<{ table: string }>`PRAGMA foreign_key_check`.execute(kysely);
  const found = pages.rows.map((row) => row.integrityCheck).filter((line) => line !== 'ok');
  return [...found, ...references.rows.map((row) => `${row.table} refers to a row that is missing`)];
}
