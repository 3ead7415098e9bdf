import { CompiledQuery, type Transaction as KyselyTransaction } from 'kysely';
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

const begin = CompiledQuery.raw('savepoint act');
const release = CompiledQuery.raw('release savepoint act');
const rollBack = CompiledQuery.raw('rollback to savepoint act');

/** Runs `work` so that all of it is done or nothing, without an end to the transaction around it. */
export async function withSavepoint<Result>(
  transaction: Transaction,
  work: (inner: Transaction) => Promise<Result>,
): Promise<Result> {
  const { kysely, effects } = transaction;
  const inner = { ...transaction, effects: new Effects() };
  await kysely.executeQuery(begin);
  try {
    const result = await work(inner);
    await kysely.executeQuery(release);
    effects.add(inner.effects);
    return result;
  } catch (error) {
    // What went wrong first is what is told, even where the whole transaction is gone.
    await undo(transaction).catch(() => undefined);
    throw translateFailure(error, 'The database');
  }
}

async function undo({ kysely }: Transaction): Promise<void> {
  await kysely.executeQuery(rollBack);
  await kysely.executeQuery(release);
}
