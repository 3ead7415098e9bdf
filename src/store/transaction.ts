import type { Transaction as KyselyTransaction } from 'kysely';
import type { Schema } from './schema.ts';

/** The two engines. */
export type Engine = 'sqlite' | 'postgres';

/** An open transaction: what every store function takes first. It refuses queries once it has ended. */
export interface Transaction {
  readonly engine: Engine;
  readonly kysely: KyselyTransaction<Schema>;
}
