import type { LogKeyRow } from '../engine/schema.ts';
import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

const select = prepare<LogKeyRow>(
  'select epoch, public_key, statement, signature, created_at from log_keys where epoch = $1',
);

/** The key of an epoch of the log, with its statement; nobody has verified it. */
export async function findLogKey(transaction: Transaction, epoch: number): Promise<LogKeyRow | undefined> {
  const [row] = await select(transaction, epoch);
  return row;
}

/** Adds the key of an epoch. */
export async function insertLogKey({ kysely, effects }: Transaction, row: LogKeyRow): Promise<void> {
  await kysely.insertInto('logKeys').values(row).execute();
  effects.wrote('logKeys', row);
}
