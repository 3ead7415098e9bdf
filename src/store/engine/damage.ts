import { sql } from 'kysely';
import { HanaperError } from '../../errors.ts';
import { describeProblem, isUnavailable } from './failure.ts';
import { ownTables } from './own-tables.ts';
import { type Transaction, withSavepoint } from './transaction.ts';

/**
 * What SQLite's own check of pages, indexes, types and references finds wrong; empty where nothing is, and on PostgreSQL,
 * which has none. An index that disagrees with its table is among it: by that a query can find what the table no longer says.
 * What cannot be checked is among it as well; tables of others beside ours are their own matter.
 */
export async function findDamage(transaction: Transaction): Promise<readonly string[]> {
  if (transaction.engine !== 'sqlite') return [];
  return (await checkFile(transaction)) ?? (await checkEachTable(transaction));
}

// The whole of it cannot be checked where a table of somebody else's has no program that can read it.
async function checkFile(transaction: Transaction): Promise<readonly string[] | undefined> {
  try {
    const pages = await checkIntegrity(transaction);
    return [...pages, ...(await checkReferences(transaction))];
  } catch {
    return undefined;
  }
}

async function checkEachTable(transaction: Transaction): Promise<readonly string[]> {
  const found: string[] = [];
  for (const table of ownTables) {
    try {
      found.push(...(await checkIntegrity(transaction, table)), ...(await checkReferences(transaction, [table])));
    } catch (error) {
      found.push(`${table} cannot be read: ${describeProblem(error)}`);
    }
  }
  return found;
}

async function checkIntegrity({ kysely }: Transaction, table?: string): Promise<readonly string[]> {
  const check =
    table === undefined
      ? sql<{ integrityCheck: string }>`PRAGMA integrity_check(10)`
      : sql<{ integrityCheck: string }>`PRAGMA integrity_check(${sql.table(table)})`;
  const { rows } = await check.execute(kysely);
  return rows.map((row) => row.integrityCheck).filter((line) => line !== 'ok');
}

async function checkReferences({ kysely }: Transaction, tables = ownTables): Promise<readonly string[]> {
  const found: string[] = [];
  for (const table of tables) {
    const { rows } = await sql`PRAGMA foreign_key_check(${sql.table(table)})`.execute(kysely);
    if (rows.length > 0) found.push(`${table} refers to a row that is missing`);
  }
  return found;
}

// What SQLite says of a value that its column cannot have.
const mistyped = /^\S+ value in /;

/**
 * Requires that tables of SQLite, by their names in SQL, have values where there must be some, each of its column's type:
 * what has not can be neither shown nor counted on.
 *
 * @throws HanaperError `database_corrupt`
 */
export async function requireTyped(transaction: Transaction, tables: Iterable<string>): Promise<void> {
  if (transaction.engine !== 'sqlite') return;
  for (const table of tables) {
    const line = (await checkIntegrity(transaction, table)).find((each) => mistyped.test(each));
    if (line) throw mistypedIn(table, line);
  }
}

function mistypedIn(table: string, line: string): HanaperError {
  const message = `The ${table} cannot be shown, since somebody has altered it (${line}). Restore the database from a backup.`;
  return new HanaperError('database_corrupt', message, { table, damage: [line] });
}

/**
 * Runs one of several checks for itself: whatever goes wrong in it, `onFailure` is told why, and those behind it go on.
 *
 * @throws HanaperError `unavailable`
 */
export async function standAlone<Result>(
  transaction: Transaction,
  check: (inner: Transaction) => Promise<Result>,
  onFailure: (reason: string) => void,
): Promise<Result | undefined> {
  try {
    return await withSavepoint(transaction, check);
  } catch (error) {
    if (isUnavailable(error)) throw error;
    onFailure(describeProblem(error));
    return undefined;
  }
}
