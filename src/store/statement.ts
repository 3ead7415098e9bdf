import { CompiledQuery } from 'kysely';
import type { Transaction } from './transaction.ts';

/** A query that is written out, for those that each request asks: building one takes longer than running it. */
export type Statement<Row> = (transaction: Transaction, ...values: readonly unknown[]) => Promise<readonly Row[]>;

/** A query by its text, in which parameters are `$1`, `$2` … in their order, each once. */
export function prepare<Row>(text: string): Statement<Row> {
  const textOf = { postgres: text, sqlite: text.replace(/\$\d+/g, '?') };
  return async ({ engine, kysely }, ...values) => {
    const { rows } = await kysely.executeQuery<Row>(CompiledQuery.raw(textOf[engine], [...values]));
    return rows;
  };
}
