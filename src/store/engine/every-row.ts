import { type Effect, effectOf, type LoggedRow, type LoggedTable, loggedTables } from './effects.ts';
import type { Transaction } from './transaction.ts';

const rowsAtOnce = 500;

/** Every row of every logged table, as if it had just been written, some at a time. */
export async function* listEveryRow(transaction: Transaction): AsyncGenerator<readonly Effect[]> {
  for (const table of loggedTables) yield* listRows(transaction, table);
}

/** Every row of one logged table, some at a time. */
export async function* listRows({ kysely }: Transaction, table: LoggedTable): AsyncGenerator<readonly Effect[]> {
  const order = (table === 'logKeys' ? 'epoch' : 'id') as 'id';
  for (let last: string | number | undefined, more = true; more; ) {
    let query = kysely.selectFrom(table).selectAll().orderBy(order).limit(rowsAtOnce);
    if (last !== undefined) query = query.where(order, '>', last as never);
    const rows = await query.execute();
    yield rows.map((row) => effectOf(table, row as LoggedRow<typeof table>));
    last = (rows.at(-1) as Readonly<Record<string, string | number>> | undefined)?.[order];
    more = rows.length === rowsAtOnce;
  }
}
