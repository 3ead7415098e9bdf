import { sql } from 'kysely';
import { HanaperError } from '../errors.ts';
import type { LogEffectRow, LogEntryRow, LogHeadRow } from './schema.ts';
import type { Transaction } from './transaction.ts';

// Below the number of parameters that either engine takes in one statement.
const rowsAtOnce = 500;

/** Where the log ends. */
export async function readLogHead({ kysely }: Transaction): Promise<LogHeadRow> {
  const { rows } = await sql<LogHeadRow>`select size, generation, enrolled_at from log_head`.execute(kysely);
  return requireHead(rows);
}

/** Where the log ends, held until the transaction does: one writer at a time comes past. */
export async function lockLogHead(transaction: Transaction): Promise<LogHeadRow> {
  // A write transaction of SQLite holds the whole file anyway.
  if (transaction.engine === 'sqlite') return readLogHead(transaction);
  const { rows } = await sql<LogHeadRow>`select size, generation, enrolled_at from log_head for update`.execute(
    transaction.kysely,
  );
  return requireHead(rows);
}

/** Adds an entry with its effects, and moves the head behind it. */
export async function appendLogEntry(
  { kysely }: Transaction,
  { entryIndex, entry }: LogEntryRow,
  effects: readonly LogEffectRow[],
  head: LogHeadRow,
): Promise<void> {
  await sql`insert into log_entries (entry_index, entry) values (${entryIndex}, ${entry})`.execute(kysely);
  for (let start = 0; start < effects.length; start += rowsAtOnce) {
    await kysely
      .insertInto('logEffects')
      .values(effects.slice(start, start + rowsAtOnce))
      .execute();
  }
  const { size, generation, enrolledAt } = head;
  await sql`update log_head set size = ${size}, generation = ${generation}, enrolled_at = ${enrolledAt}`.execute(
    kysely,
  );
}

/** Entries from an index on, in their order. */
export async function listLogEntries(
  { kysely }: Transaction,
  from: number,
  limit: number,
): Promise<readonly LogEntryRow[]> {
  return kysely
    .selectFrom('logEntries')
    .selectAll()
    .where('entryIndex', '>=', from)
    .orderBy('entryIndex')
    .limit(limit)
    .execute();
}

/** The effects of an entry, in their order. */
export async function listLogEffects({ kysely }: Transaction, entryIndex: number): Promise<readonly LogEffectRow[]> {
  return kysely.selectFrom('logEffects').selectAll().where('entryIndex', '=', entryIndex).orderBy('position').execute();
}

function requireHead([head]: readonly LogHeadRow[]): LogHeadRow {
  if (head) return head;
  throw new HanaperError('database_corrupt', 'The log has lost its head. Restore the database from a backup.', {
    what: 'log head',
  });
}
