import { equalBytes } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { digestEffect } from '../../log/effect.ts';
import {
  type Change,
  type Effect,
  effectOf,
  type LoggedRow,
  type LoggedTable,
  loggedTableOf,
} from '../../store/engine/effects.ts';
import { listRowsByKey } from '../../store/engine/rows-by-key.ts';
import type { LogEffectRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { listLastEffectsOf } from '../../store/tables/log.ts';

// Below the number of parameters that either engine takes in one statement.
const keysAtOnce = 500;

/**
 * Requires that what a transaction has changed or removed was, before it, what the log says was written there last. Else a
 * row that somebody has edited by hand would be explained by whichever command comes next.
 *
 * @throws HanaperError `log_tampered`
 */
export async function requireFormer(transaction: Transaction, changes: readonly Change[]): Promise<void> {
  await requireWritten(
    transaction,
    changes.map(({ former: row = null, table, key }) => ({ table, key, row })),
  );
}

/**
 * Requires that the rows that a transaction has found in the place of those that it was to write are what the log says: else a
 * command says that something was done before, and what it stands on can be taken away again.
 *
 * @throws HanaperError `log_tampered`
 */
export async function requireFound(transaction: Transaction): Promise<void> {
  await requireWritten(transaction, transaction.effects.listFound());
}

/**
 * Requires that what a transaction has written is what it meant to write: nothing in the database may have made another row
 * of it.
 *
 * @throws HanaperError `log_tampered`
 */
export async function requireMeant(transaction: Transaction, written: readonly LogEffectRow[]): Promise<void> {
  for (const [table, effects] of Map.groupBy(written, ({ tableName }) => tableName)) {
    const rows = await readRows(
      transaction,
      table,
      effects.map(({ rowKey }) => rowKey),
    );
    for (const { rowKey: key, salt, digest } of effects) {
      const row = rows.get(key)?.row ?? null;
      if (!salt || !equalBytes(digestEffect(salt, { table, key, row }), digest)) throw unmeant(table, key);
    }
  }
}

async function readRows(
  transaction: Transaction,
  name: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Effect>> {
  const rows = new Map<string, Effect>();
  const table = loggedTableOf(name);
  for (let start = 0; table && start < keys.length; start += keysAtOnce) {
    const found = await listRowsByKey(transaction, table, keys.slice(start, start + keysAtOnce));
    for (const row of found) rows.set(row.key, row);
  }
  return rows;
}

/** A transaction, and the index of the entry that it appends. */
export interface OpenEntry {
  readonly transaction: Transaction;
  readonly entryIndex: number;
}

/**
 * Requires that a row is what the log says was written there last: what is in it is given out, signed with, or a reason to
 * refuse. Before the log begins, and where the transaction itself has written the row, there is nothing to check it against.
 *
 * @throws HanaperError `log_tampered`
 */
export async function requireWrittenRow<Table extends LoggedTable>(
  { transaction, entryIndex }: OpenEntry,
  table: Table,
  row: LoggedRow<Table>,
): Promise<void> {
  const effect = effectOf(table, row);
  if (entryIndex > 0 && !transaction.effects.has(effect)) await requireWritten(transaction, [effect]);
}

async function requireWritten(transaction: Transaction, rows: readonly Effect[]): Promise<void> {
  const [first] = await listUnwritten(transaction, rows);
  if (first) throw altered(first);
}

/** Which of these rows are not what the log says was written there last. */
export async function listUnwritten(transaction: Transaction, rows: readonly Effect[]): Promise<readonly Effect[]> {
  const unwritten: Effect[] = [];
  for (const [table, those] of Map.groupBy(rows, (row) => row.table)) {
    const last = await listLastEffectsOf(
      transaction,
      table,
      those.map(({ key }) => key),
    );
    unwritten.push(...those.filter((row) => !isWritten(row, last.get(row.key))));
  }
  return unwritten;
}

// Where there is no row, the log has none either, or has removed it, or it was forgotten with its salt.
function isWritten(row: Effect, last: LogEffectRow | undefined): boolean {
  if (!last?.salt) return row.row === null;
  return equalBytes(digestEffect(last.salt, row), last.digest);
}

function unmeant(table: string, key: string): HanaperError {
  return new HanaperError(
    'log_tampered',
    `The row ${key} of ${table} became something else than was written: something in the database changes what is put there. Nothing was done. Find the trigger or rule, and who made it.`,
    { what: 'row', table, key },
  );
}

function altered({ table, key }: Effect): HanaperError {
  return new HanaperError(
    'log_tampered',
    `The row ${key} of ${table} is not what was written there last: somebody has altered it, and nothing is built on it.`,
    { what: 'row', table, key, remedy: 'verify_log' },
  );
}
