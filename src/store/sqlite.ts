import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from 'kysely';
import { HanaperError, systemCodeOf } from '../errors.ts';
import { busyTimeout, retryWhileBusy, type SqliteFile } from './sqlite-file.ts';

const mostPrepared = 100;
const longestPrepared = 4096;
const mostConnections = 8;
// For so many milliseconds a reader may go on with a file that was exchanged; a writer looks each time.
const longestUnseen = 100;
// For so many milliseconds a reader goes on before whoever else waits has a turn: a signal, a timer, another request.
const longestTurn = 25;

/**
 * Kysely over `node:sqlite`: the connection to the file that is given, others beside it where several transactions are open
 * at once, and write transactions that take the lock when they begin.
 */
export function createSqliteDialect(file: SqliteFile, first: DatabaseSync): Dialect {
  return {
    createAdapter: () => new ManyConnections(),
    createDriver: () => new SqliteDriver(file, first),
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

// Kysely would let one transaction at a time have a connection, and a reader wait for a writer that waits for the file.
class ManyConnections extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class SqliteDriver implements Driver {
  readonly #file: SqliteFile;
  /** Which file it was that lay at the path. */
  readonly #identity: string;
  readonly #connections: SqliteConnection[];
  readonly #idle: SqliteConnection[];
  readonly #waiting: ((connection: SqliteConnection) => void)[] = [];
  /** When the file was last seen at its path. */
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(file: SqliteFile, first: DatabaseSync) {
    const connection = new SqliteConnection(first);
    this.#file = file;
    this.#identity = file.identify();
    this.#connections = [connection];
    this.#idle = [connection];
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SqliteConnection> {
    if (performance.now() - this.#lookedAt > longestUnseen) this.#requireSameFile();
    return this.#idle.pop() ?? this.#openAnother() ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  async beginTransaction(connection: SqliteConnection, settings: TransactionSettings): Promise<void> {
    const isReading = settings.accessMode === 'read only';
    connection.begin(isReading);
    if (isReading) return run(connection, 'begin');
    this.#requireSameFile();
    // SQLite's own wait would hold this whole process, and with it the writer that is waited for, if that is here too.
    return retryWhileBusy(() => connection.withoutWaiting(() => run(connection, 'begin immediate')));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    // What was read without a lock is worth something only where nobody has written meanwhile.
    if (this.#file.readOnly) this.#requireSameFile();
    await run(connection, 'commit');
  }

  rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    return run(connection, 'rollback');
  }

  async releaseConnection(connection: SqliteConnection): Promise<void> {
    const next = this.#waiting.shift();
    if (next) next(connection);
    else this.#idle.push(connection);
  }

  async destroy(): Promise<void> {
    for (const connection of this.#connections) connection.close();
  }

  // SQLite would go on with a file that was deleted or exchanged, and what it writes there nobody would ever see.
  #requireSameFile(): void {
    this.#lookedAt = performance.now();
    if (this.#isSameFile()) return;
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    throw new HanaperError(
      'unavailable',
      `${this.#file.path} was moved, deleted, exchanged or written to while it was open. Put it back, or start again.`,
      { path: this.#file.path },
    );
  }

  #isSameFile(): boolean {
    return this.#file.identify() === this.#identity;
  }

  #openAnother(): SqliteConnection | undefined {
    if (this.#connections.length >= mostConnections || !this.#isSameFile()) return undefined;
    const opened = this.#file.open();
    this.#file.configure(opened);
    const connection = new SqliteConnection(opened);
    this.#connections.push(connection);
    return connection;
  }
}

interface Prepared {
  readonly statement: StatementSync;
  readonly returnsRows: boolean;
}

class SqliteConnection implements DatabaseConnection {
  readonly #file: DatabaseSync;
  // Preparing takes longer than running most statements; there are not many different ones.
  readonly #prepared = new Map<string, Prepared>();
  /** When others last had a turn, while somebody reads. Who writes goes on, since others wait for that. */
  #yieldedAt = Number.POSITIVE_INFINITY;

  constructor(file: DatabaseSync) {
    this.#file = file;
  }

  /** Takes note of what kind of transaction begins. */
  begin(isReading: boolean): void {
    this.#yieldedAt = isReading ? performance.now() : Number.POSITIVE_INFINITY;
  }

  /** Runs something that fails at once where the file is busy. */
  async withoutWaiting(act: () => Promise<void>): Promise<void> {
    try {
      this.#file.exec('PRAGMA busy_timeout = 0');
      await act();
    } finally {
      this.#file.exec(`PRAGMA busy_timeout = ${busyTimeout}`);
    }
  }

  close(): void {
    this.#file.close();
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    if (performance.now() - this.#yieldedAt > longestTurn) await this.#yield();
    const { statement, returnsRows } = this.#prepare(sql);
    const values = parameters as readonly SQLInputValue[];
    if (returnsRows) return { rows: readAll(statement, values, sql) as Row[] };
    return { rows: [], numAffectedRows: BigInt(statement.run(...values).changes) };
  }

  // Queries are synchronous here, and what waits for them alone would keep the process from everything else.
  async #yield(): Promise<void> {
    await yieldToOthers();
    this.#yieldedAt = performance.now();
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const statement = this.#file.prepare(sql);
    const prepared = { statement, returnsRows: statement.columns().length > 0 };
    if (this.#prepared.size >= mostPrepared) this.#prepared.clear();
    if (sql.length <= longestPrepared) this.#prepared.set(sql, prepared);
    return prepared;
  }

  // biome-ignore lint/correctness/useYield: the interface asks for it, and no query here is streamed.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new TypeError('SQLite queries are not streamed');
  }
}

function readAll(statement: StatementSync, values: readonly SQLInputValue[], sql: string): unknown[] {
  try {
    return statement.all(...values);
  } catch (error) {
    throw systemCodeOf(error) === 'ERR_OUT_OF_RANGE' ? tooLarge(sql, error) : error;
  }
}

// An integer of more than 53 bits, which no row of ours holds.
function tooLarge(sql: string, cause: unknown): HanaperError {
  const table = /\bfrom "?(\w+)/.exec(sql)?.[1] ?? 'database';
  const message = `The ${table} holds a number that is too large. Restore the database from a backup.`;
  return new HanaperError('database_corrupt', message, { table }, cause);
}

async function run(connection: DatabaseConnection, sql: string): Promise<void> {
  await connection.executeQuery(CompiledQuery.raw(sql));
}
