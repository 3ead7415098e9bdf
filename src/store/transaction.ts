import { type Transaction as KyselyTransaction, sql } from 'kysely';
import { Effects } from './effects.ts';
import { translateFailure } from './failure.ts';
import type { Schema } from './schema.ts';

/** The two engines. */
export type Engine = 'sqlite' | 'postgres';

/** An open transaction: what every store function takes first. It refuses queries once it has ended. */
export interface Transaction {
  readonly engine: Engine;
  readonly kysely: KyselyTransaction<Schema>;
  /** What it has written, for the log. */
  readonly effects: Effects;
}

/** Runs `work` so that all of it is done or nothing, without an end to the transaction around it. */
export async function withSavepoint<Result>(
  transaction: Transaction,
  work: (inner: Transaction) => Promise<Result>,
): Promise<Result> {
  const { kysely, effects } = transaction;
  const inner = { ...transaction, effects: new Effects() };
  await sql`savepoint act`.execute(kysely);
  try {
    const result = await work(inner);
    await sql`release savepoint act`.execute(kysely);
    effects.add(inner.effects);
    return result;
  } catch (error) {
    await sql`rollback to savepoint act`.execute(kysely);
    await sql`release savepoint act`.execute(kysely);
    throw translateFailure(error, 'The database');
  }
}
