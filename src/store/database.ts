import { CompiledQuery, type Kysely, sql } from 'kysely';
import { Turns } from '../turns.ts';
import { Effects } from './effects.ts';
import { translateFailure, translateRefusal } from './failure.ts';
import type { Schema } from './schema.ts';
import type { Engine, Transaction } from './transaction.ts';

/** An open database whose schema is that of this version. */
export class Database {
  readonly engine: Engine;
  /** A name without a password. */
  readonly name: string;
  readonly #kysely: Kysely<Schema>;
  readonly #writers = new Turns();

  constructor(engine: Engine, name: string, kysely: Kysely<Schema>) {
    this.engine = engine;
    this.name = name;
    this.#kysely = kysely;
  }

  /**
   * Runs `work` in one transaction: all of it is done, or nothing.
   *
   * @throws HanaperError whatever `work` throws, `unavailable`, `database_corrupt`, `already_exists`
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
      const begin = this.#kysely.startTransaction().setAccessMode(access === 'read' ? 'read only' : 'read write');
      const kysely = await begin.execute().catch((error: unknown) => {
        throw translateRefusal(error, this.name);
      });
      try {
        const result = await work({ engine: this.engine, kysely, effects: new Effects() });
        await kysely.commit().execute();
        return result;
      } catch (error) {
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

  /** What SQLite's own check of its pages and references finds wrong; empty where nothing is. */
  async findDamage(): Promise<readonly string[]> {
    if (this.engine !== 'sqlite') return [];
    try {
      const pages = await sql<{ integrityCheck: string }>`PRAGMA integrity_check(10)`.execute(this.#kysely);
      const references = await sql<{ table: string }>`PRAGMA foreign_key_check`.execute(this.#kysely);
      const found = pages.rows.map((row) => row.integrityCheck).filter((line) => line !== 'ok');
      return [...found, ...references.rows.map((row) => `${row.table} refers to a row that is missing`)];
    } catch (error) {
      throw translateFailure(error, this.name);
    }
  }

  /** Closes every connection. */
  async close(): Promise<void> {
    await this.#kysely.destroy();
  }
}
