import { HanaperError } from '../errors.ts';
import { findLeftover } from '../store/engine/leftovers.ts';
import type { Transaction } from '../store/engine/transaction.ts';

/**
 * Requires that a database without an authority never had one: what is left there would become the next authority's.
 *
 * @throws HanaperError `database_corrupt`, details: `table`
 */
export async function requireNothingLeft(transaction: Transaction): Promise<void> {
  const table = await findLeftover(transaction);
  if (table === undefined) return;
  throw new HanaperError(
    'database_corrupt',
    `This database has lost its authority, but not its ${table}. Restore it from a backup, or begin with an empty one.`,
    { table },
  );
}
