import { sql } from 'kysely';
import { isUuid } from '../../crypto/uuid.ts';
import { required } from '../../required.ts';
import { type Effect, effectOf, type LoggedRow, type LoggedTable, nameInSql } from './effects.ts';
import type { Transaction } from './transaction.ts';

/** Rows of a logged table by their keys, in their canonical form; keys of no row, or of no possible one, are passed over. */
export async function listRowsByKey(
  { kysely }: Transaction,
  table: LoggedTable,
  keys: readonly string[],
): Promise<readonly Effect[]> {
  const { column, values } = findersOf(table, keys);
  if (values.length === 0) return [];
  const rows = await kysely
    .selectFrom(table)
    .selectAll()
    .where(sql.ref(nameInSql(column)), 'in', values)
    .execute();
  const wanted = new Set(keys);
  return rows.map((row) => effectOf(table, row as LoggedRow<typeof table>)).filter(({ key }) => wanted.has(key));
}

// What a key says of the column that finds its row. PostgreSQL would reject an invalid id with an error of its own.
function findersOf(
  table: LoggedTable,
  keys: readonly string[],
): { readonly column: string; readonly values: readonly (string | number)[] } {
  switch (table) {
    case 'authority':
      return { column: 'id', values: numbersOf(keys) };
    case 'logKeys':
      return { column: 'epoch', values: numbersOf(keys) };
    case 'didDocuments':
      return { column: 'did', values: keys };
    case 'ucanDelegations':
      return { column: 'cid', values: keys };
    case 'ucanRevocations':
      return { column: 'delegationCid', values: keys.map((key) => required(key.split(' ')[0], 'CID of a delegation')) };
    case 'ucanLegacyTokens':
      return { column: 'tokenDigest', values: keys };
    default:
      return { column: 'id', values: keys.filter(isUuid) };
  }
}

function numbersOf(keys: readonly string[]): readonly number[] {
  return keys.filter((key) => /^\d{1,9}$/.test(key)).map(Number);
}
