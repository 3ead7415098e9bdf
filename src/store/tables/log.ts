import { HanaperError } from '../../errors.ts';
import type { Database } from '../engine/database.ts';
import { readPages } from '../engine/pages.ts';
import type { LogEffectRow, LogEntryRow, LogHeadRow } from '../engine/schema.ts';
import { lowestInteger, prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

// Below the number of parameters that either engine takes in one statement.
const rowsAtOnce = 500;

const selectHead = prepare<LogHeadRow>('select size, generation, enrolled_at from log_head');
const selectHeadForUpdate = prepare<LogHeadRow>('select size, generation, enrolled_at from log_head for update');
const selectEntries = prepare<LogEntryRow>(
  'select entry_index, entry from log_entries where entry_index >= $1 order by entry_index limit $2',
);
const selectEntry = prepare<Pick<LogEntryRow, 'entry'>>('select entry from log_entries where entry_index = $1');
const selectBehind = prepare<{ readonly tableName: string }>(
  `select 'log_entries' as table_name from log_entries where entry_index >= $1
   union all select 'log_effects' from log_effects where entry_index >= $2 limit 1`,
);
const insertEntry = prepare('insert into log_entries (entry_index, entry) values ($1, $2)');
const updateHead = prepare('update log_head set size = $1, generation = $2, enrolled_at = $3');

/** Where the log ends. */
export async function readLogHead(transaction: Transaction): Promise<LogHeadRow> {
  return requireHead(await selectHead(transaction));
}

/** Where the log ends, outside of a transaction; `undefined` where it has no head. */
export async function peekLogHead(database: Database): Promise<LogHeadRow | undefined> {
  const [head] = await database.select<LogHeadRow>('select size, generation, enrolled_at from log_head');
  return head;
}

/** Where the log ends, held until the transaction does: one writer at a time comes past. */
export async function lockLogHead(transaction: Transaction): Promise<LogHeadRow> {
  // A write transaction of SQLite holds the whole file anyway.
  const select = transaction.engine === 'sqlite' ? selectHead : selectHeadForUpdate;
  return requireHead(await select(transaction));
}

/** Adds an entry with its effects; the head is moved by {@link moveLogHead}. */
export async function insertLogEntry(
  transaction: Transaction,
  { entryIndex, entry }: LogEntryRow,
  effects: readonly LogEffectRow[],
): Promise<void> {
  await insertEntry(transaction, entryIndex, entry);
  for (let start = 0; start < effects.length; start += rowsAtOnce) {
    await transaction.kysely
      .insertInto('logEffects')
      .values(effects.slice(start, start + rowsAtOnce))
      .execute();
  }
}

/** Moves the head behind the last entry. */
export async function moveLogHead(transaction: Transaction, head: LogHeadRow): Promise<void> {
  await updateHead(transaction, head.size, head.generation, head.enrolledAt);
}

/** The entry with an index, as it is hashed. */
export async function findLogEntry(transaction: Transaction, index: number): Promise<Uint8Array | undefined> {
  const [row] = await selectEntry(transaction, index);
  return row?.entry;
}

/** The table in SQL that has something from an index on, be it an entry or an effect of one; `undefined` where none has. */
export async function findTableBehind(transaction: Transaction, index: number): Promise<string | undefined> {
  const [row] = await selectBehind(transaction, index, index);
  return row?.tableName;
}

/** Entries from an index on, in their order. */
export function listLogEntries(transaction: Transaction, from: number, limit: number): Promise<readonly LogEntryRow[]> {
  return selectEntries(transaction, from, limit);
}

/**
 * Every entry, in their order, some at a time: where one is missing those behind it come all the same, and those in front
 * of the first as well.
 */
export function listEveryEntry(transaction: Transaction, atOnce: number): AsyncGenerator<readonly LogEntryRow[]> {
  return readPages(atOnce, (last) => selectEntries(transaction, last ? last.entryIndex + 1 : lowestInteger, atOnce));
}

/** The effects of an entry, in their order. */
export async function listLogEffects({ kysely }: Transaction, entryIndex: number): Promise<readonly LogEffectRow[]> {
  return kysely.selectFrom('logEffects').selectAll().where('entryIndex', '=', entryIndex).orderBy('position').execute();
}

/** The last effect on each of these rows of a table, by the rows' keys; a row without effects is absent. */
export async function listLastEffectsOf(
  { kysely }: Transaction,
  table: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, LogEffectRow>> {
  const last = new Map<string, LogEffectRow>();
  for (let start = 0; start < keys.length; start += rowsAtOnce) {
    const rows = await kysely
      .selectFrom('logEffects')
      .selectAll()
      .where('tableName', '=', table)
      .where('rowKey', 'in', keys.slice(start, start + rowsAtOnce))
      .orderBy('entryIndex')
      .orderBy('position')
      .execute();
    for (const row of rows) last.set(row.rowKey, row);
  }
  return last;
}

/** The first effects of each of `count` entries from an index on, in their order. */
export async function listEffectsOfEntries(
  { kysely }: Transaction,
  from: number,
  count: number,
  maxEach: number,
): Promise<readonly LogEffectRow[]> {
  return kysely
    .selectFrom('logEffects')
    .selectAll()
    .where('entryIndex', '>=', from)
    .where('entryIndex', '<', from + count)
    .where('position', '<', maxEach)
    .orderBy('entryIndex')
    .orderBy('position')
    .execute();
}

function requireHead(rows: readonly LogHeadRow[]): LogHeadRow {
  const [head] = rows;
  if (head && rows.length === 1) return head;
  const state = head ? 'has more than one head' : 'has lost its head';
  throw new HanaperError('database_corrupt', `The log ${state}. Restore the database from a backup.`, {
    what: 'log head',
  });
}
