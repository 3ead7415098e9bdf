import { HanaperError } from '../../errors.ts';
import { type LoggedTable, nameInSql } from './effects.ts';
import { listRowsByKey } from './rows-by-key.ts';
import type { Transaction } from './transaction.ts';

/**
 * Notes the rows that stand in the place of those that were to be written. A command builds on them, so they are checked
 * against the log as those that it has written are. `keys` are as in {@link Effect}.
 *
 * @throws HanaperError `database_corrupt` where the database neither takes a row nor shows the one that is there
 */
export async function noteFound(transaction: Transaction, table: LoggedTable, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  const found = await listRowsByKey(transaction, table, keys);
  for (const row of found) transaction.effects.found(row);
  const shown = new Set(found.map(({ key }) => key));
  const hidden = keys.find((key) => !shown.has(key));
  if (hidden !== undefined) throw notWritten(nameInSql(table), hidden);
}

function notWritten(table: string, key: string): HanaperError {
  return new HanaperError(
    'database_corrupt',
    `The row ${key} of ${table} cannot be written: something in the database stands in its place. Restore the database from a backup.`,
    { table, key },
  );
}
