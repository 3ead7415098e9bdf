import { ownTables } from './own-tables.ts';
import { prepare } from './statement.ts';
import type { Transaction } from './transaction.ts';

// What the migrations themselves put there, and the authority.
const passedOver: readonly string[] = ['authority', 'hanaper_migrations', 'log_head'];

const selectLeftover = prepare<{ readonly tableName: string }>(
  `${ownTables
    .filter((table) => !passedOver.includes(table))
    .map((table) => `select '${table}' as table_name where exists (select 1 from ${table})`)
    .join(' union all ')} limit 1`,
);

/** The name in SQL of a table that has a row, though there is no authority that could have written it. */
export async function findLeftover(transaction: Transaction): Promise<string | undefined> {
  const [row] = await selectLeftover(transaction);
  return row?.tableName;
}
