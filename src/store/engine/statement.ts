import { CompiledQuery } from 'kysely';
import type { Transaction } from './transaction.ts';

/** No integer of either engine comes before it: where a walk over every row begins, whatever program wrote them. */
export const lowestInteger = -9_223_372_036_854_775_808n;

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
