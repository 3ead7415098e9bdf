import { HanaperError } from '../../errors.ts';
import { effectOf, type LoggedRow, nameInSql } from './effects.ts';
import type { Transaction } from './transaction.ts';

/** The logged tables whose rows are ever changed, each by its id. */
type RewrittenTable =
  | 'organizations'
  | 'signingKeys'
  | 'trustedKeys'
  | 'keyTrustAcls'
  | 'packageSignatures'
  | 'ucanLegacyTokens';

type Identified<Table extends RewrittenTable> = LoggedRow<Table> & { readonly id: string | number };

/**
 * Changes rows as they were read in this transaction, and notes what they were and what they are now. What is noted is what
 * was meant: where something in the database makes another row of it, the log does not explain that one.
 *
 * @throws HanaperError `database_corrupt` where the database keeps a row from being changed
 */
export async function rewriteRows<Table extends RewrittenTable>(
  { kysely, effects }: Transaction,
  table: Table,
  rows: readonly Identified<Table>[],
  changes: Partial<LoggedRow<Table>>,
): Promise<void> {
  for (const row of rows) {
    // Kysely cannot tell what all tables have in common.
    const query = kysely.updateTable(table as 'organizations').set(changes as never);
    const { numUpdatedRows } = await query.where('id', '=', row.id as string).executeTakeFirstOrThrow();
    if (numUpdatedRows !== 1n) throw unchanged(nameInSql(table), effectOf(table, row).key);
    effects.changed(table, row, { ...row, ...changes });
  }
}

/**
 * Changes the one row of a key, as it was read in this transaction.
 *
 * @throws HanaperError `database_corrupt` where it was not found, or cannot be changed
 */
export async function rewriteFound<Table extends RewrittenTable>(
  transaction: Transaction,
  table: Table,
  key: string,
  found: readonly Identified<Table>[],
  changes: Partial<LoggedRow<Table>>,
): Promise<void> {
  if (found.length !== 1) throw unchanged(nameInSql(table), key);
  await rewriteRows(transaction, table, found, changes);
}

function unchanged(table: string, key: string): HanaperError {
  return new HanaperError(
    'database_corrupt',
    `The row ${key} of ${table} cannot be changed: something in the database hides or keeps it. Restore the database from a backup.`,
    { table, key },
  );
}
