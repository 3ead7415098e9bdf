import { CompiledQuery, type ControlledTransaction, type Kysely, sql } from 'kysely';
import { HanaperError } from '../../errors.ts';
import { SerialQueue } from '../../serial-queue.ts';
import { findDamage } from './damage.ts';
import { Effects } from './effects.ts';
import { translateCommitFailure, translateFailure, translateRefusal } from './failure.ts';
import type { Schema } from './schema.ts';
import type { Engine, Transaction } from './transaction.ts';

/** An open database whose schema is that of this version. */
export class Database implements AsyncDisposable {
  readonly engine: Engine;
  /** A name without a password. */
  readonly name: string;
  /** Digests of schemas of PostgreSQL that were compared with a twin, and equal it. */
  readonly comparedSchemas: string[] = [];
  readonly #kysely: Kysely<Schema>;
  readonly #writers = new SerialQueue();
  readonly #isStalled: () => boolean;

  constructor(engine: Engine, name: string, kysely: Kysely<Schema>, isStalled: () => boolean = () => false) {
    this.engine = engine;
    this.name = name;
    this.#kysely = kysely;
    this.#isStalled = isStalled;
  }

  /** Whether something has been waiting for the server longer than a write would for another writer. */
  get isStalled(): boolean {
    return this.#isStalled();
  }

  /**
   * Runs `work` in one transaction: all of it is done, or nothing. A reader sees the database as it is at the first
   * query, however long that takes.
   *
   * @throws HanaperError whatever `work` throws, `unavailable` (with `may_be_done` where a COMMIT was not confirmed), `database_corrupt`, `already_exists`
   */
  transact<Result>(access: 'read' | 'write', work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    // Writers of one process would only keep each other waiting for the file.
    const takesTurns = access === 'write' && this.engine === 'sqlite';
    return takesTurns ? this.#writers.take(() => this.#transact(access, work)) : this.#transact(access, work);
  }

  async #transact<Result>(
    access: 'read' | 'write',
    work: (transaction: Transaction) => Promise<Result>,
  ): Promise<Result> {
    try {
      const kysely = await this.#begin(access)
        .execute()
        .catch((error: unknown) => {
          throw translateRefusal(error, this.name);
        });
      const transaction = { engine: this.engine, kysely, effects: new Effects() };
      try {
        const result = await work(transaction);
        await this.#commit(kysely, access);
        return result;
      } catch (failure) {
        const error = isMistake(failure) ? await this.#findCause(transaction, failure) : failure;
        // What went wrong first is what is told, even where the connection is gone and nothing can be rolled back.
        if (!kysely.isCommitted)
          await kysely
            .rollback()
            .execute()
            .catch(() => undefined);
        throw error;
      }
    } catch (error) {
      throw translateFailure(error, this.name);
    }
  }

  async #commit(kysely: ControlledTransaction<Schema>, access: 'read' | 'write'): Promise<void> {
    try {
      await kysely.commit().execute();
    } catch (error) {
      throw access === 'write' ? translateCommitFailure(error, this.name) : error;
    }
  }

  /**
   * What a failure means that came of rows outside of a transaction: `database_corrupt` where the file holds what nobody of
   * ours has written there, else the failure itself.
   */
  async explain(failure: unknown): Promise<unknown> {
    return isMistake(failure) ? this.transact('read', (transaction) => this.#findCause(transaction, failure)) : failure;
  }

  // A row that has no value, or one of another type, where there must be one is met as if the program were at fault.
  async #findCause(transaction: Transaction, failure: Error): Promise<Error> {
    try {
      const damage = await findDamage(transaction);
      return damage.length > 0 ? damaged(this.name, damage, failure) : failure;
    } catch (error) {
      return error instanceof HanaperError ? error : failure;
    }
  }

  // The drivers do the rest: anyone who reads sees one state of all tables, whatever others write meanwhile.
  #begin(access: 'read' | 'write') {
    return this.#kysely.startTransaction().setAccessMode(access === 'read' ? 'read only' : 'read write');
  }

  /**
   * Runs one query that needs no transaction around it.
   *
   * @throws HanaperError `unavailable`, `database_corrupt`
   */
  async select<Row>(text: string): Promise<readonly Row[]> {
    try {
      return (await this.#kysely.executeQuery<Row>(CompiledQuery.raw(text))).rows;
    } catch (error) {
      throw translateRefusal(error, this.name);
    }
  }

  /**
   * Moves the write-ahead log of SQLite into the file and empties it, so that what was deleted is in neither.
   * Returns whether that was done: another process that is reading can stand in the way.
   */
  async emptyWriteAheadLog(): Promise<boolean> {
    if (this.engine !== 'sqlite') return true;
    try {
      const { rows } = await sql<{ busy: number }>`PRAGMA wal_checkpoint(TRUNCATE)`.execute(this.#kysely);
      return rows[0]?.busy === 0;
    } catch (error) {
      throw translateFailure(error, this.name);
    }
  }

  /** Closes every connection. */
  async close(): Promise<void> {
    await this.#kysely.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function isMistake(error: unknown): error is Error {
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
}

function damaged(database: string, damage: readonly string[], cause: Error): HanaperError {
  return new HanaperError(
    'database_corrupt',
    `${database} is damaged: ${damage[0]}. Have all of it checked, and restore it from a backup.`,
    { database, damage, remedy: 'verify_log' },
    cause,
  );
}
