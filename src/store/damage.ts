import { sql } from 'kysely';
import { ownTables } from './own-schema.ts';
import type { Transaction } from './transaction.ts';

/**
 * What SQLite's own check of pages, indexes and references finds wrong; empty where nothing is, and on PostgreSQL, which has
 * none. An index that disagrees with its table is among it: by that a query can find what the table no longer says.
 */
export async function findDamage({ engine, kysely }: Transaction): Promise<readonly string[]> {
  if (engine !== 'sqlite') return [];
  const pages = await sql<{ integrityCheck: string }>`PRAGMA integrity_check(10)`.execute(kysely);
  const found = pages.rows.map((row) => row.integrityCheck).filter((line) => line !== 'ok');
  // Those of others beside ours are their own matter.
  for (const table of ownTables) {
    const { rows } = await sql`PRAGMA foreign_key_check(${sql.table(table)})`.execute(kysely);
    if (rows.length > 0) found.push(`${table} refers to a row that is missing`);
  }
  return found;
}
