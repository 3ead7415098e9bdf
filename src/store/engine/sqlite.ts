import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { setTimeout as sleep, setImmediate as yieldToOthers } from 'node:timers/promises';
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
import { HanaperError, systemCodeOf } from '../../errors.ts';
import { uptime } from '../../uptime.ts';
import type { FileFault, FileWatch } from './file-watch.ts';
import { busyTimeout, retryWhileBusy, type SqliteFile } from './sqlite-file.ts';

const maxPrepared = 100;
const longestPrepared = 4096;
const maxConnections = 8;
// For so many milliseconds a reader may go on with a file that was exchanged; a writer looks each time.
export const longestUnseen: number = 100;
// For so many milliseconds a reader goes on before it yields: to a signal, a timer, another request.
const longestTurn = 25;
// For so many milliseconds one waits for another process that may be moving its log into the file, looking each `pause`.
const longestCheckpoint = 1000;
const pause = 20;

/** Readers of files that were lost: they stay open, so that nothing is made of those files when a connection is closed. */
const abandoned: DatabaseSync[] = [];

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
  readonly #connections: SqliteConnection[];
  readonly #idle: SqliteConnection[];
  readonly #waiting: ((connection: SqliteConnection) => void)[] = [];
  /** When the files were last looked at. */
  #lookedAt = Number.NEGATIVE_INFINITY;
  #isAtFault = false;
  #keeper: DatabaseSync | undefined;

  constructor(file: SqliteFile, first: DatabaseSync) {
    const connection = new SqliteConnection(first);
    this.#file = file;
    this.#connections = [connection];
    this.#idle = [connection];
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<SqliteConnection> {
    const connection = this.#idle.pop() ?? this.#openAnother() ?? (await this.#wait());
    if (uptime() - this.#lookedAt <= longestUnseen) return connection;
    try {
      await this.#requireSameFiles(connection);
      return connection;
    } catch (error) {
      await this.releaseConnection(connection);
      throw error;
    }
  }

  async beginTransaction(connection: SqliteConnection, settings: TransactionSettings): Promise<void> {
    const isReading = settings.accessMode === 'read only';
    connection.begin(isReading);
    if (isReading) return run(connection, 'begin');
    await this.#requireSameFiles(connection);
    // SQLite's own wait would hold this whole process, and with it the writer that is waited for, if that is here too.
    return retryWhileBusy(() => connection.withoutWaiting(() => run(connection, 'begin immediate')));
  }

  async commitTransaction(connection: SqliteConnection): Promise<void> {
    // What was read without a lock is worth something only where nobody has written meanwhile.
    if (this.#file.readOnly) this.#requireNoFault(this.#file.watch.lookAtPaths());
    await run(connection, 'commit');
    // What was committed to files that nobody will ever open again is not done.
    if (connection.isWriting) await this.#requireSameFiles(connection);
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
    const isSound = this.#idle.every((connection) => connection.lookAt(this.#file.watch) === undefined);
    // The last connection that is closed moves the log into the file and removes it: into one that is another's by now, and
    // away from under somebody else. It does not while there is one more.
    if (isSound) this.#keeper?.close();
    else if (this.#keeper) abandoned.push(this.#keeper);
    for (const connection of this.#connections) connection.close();
  }

  // A connection that can only read: where it is the last that is closed, it moves and removes nothing.
  #keep(): DatabaseSync {
    const keeper = this.#file.openReader();
    keeper.exec('select 1 from sqlite_schema limit 1');
    return keeper;
  }

  // SQLite would go on with files that were deleted, exchanged or overwritten, and what it writes there nobody would ever see.
  async #requireSameFiles(connection: SqliteConnection): Promise<void> {
    // Anyone who has waited in vain once does not wait again.
    const deadline = uptime() + (this.#isAtFault ? 0 : longestCheckpoint);
    for (;;) {
      const fault = connection.lookAt(this.#file.watch);
      // Another process may be moving its log into the file at this moment.
      if (fault === undefined || !fault.mayPass || uptime() > deadline) return this.#requireNoFault(fault);
      await sleep(pause);
    }
  }

  #requireNoFault(fault: FileFault | undefined): void {
    this.#isAtFault = fault !== undefined;
    this.#lookedAt = fault ? Number.NEGATIVE_INFINITY : uptime();
    if (fault) throw notTheSame(this.#file.path, fault);
    if (this.#file.watch.isLogging && !this.#file.readOnly) this.#keeper ??= this.#keep();
  }

  #wait(): Promise<SqliteConnection> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #openAnother(): SqliteConnection | undefined {
    if (this.#connections.length >= maxConnections || this.#file.watch.lookAtPaths()) return undefined;
    const opened = this.#file.open();
    this.#file.configure(opened);
    const connection = new SqliteConnection(opened);
    this.#connections.push(connection);
    return connection;
  }
}

function notTheSame(path: string, { reason }: FileFault): HanaperError {
  return new HanaperError(
    'unavailable',
    `${path} ${reason} while it was open. Nothing more is written to it. Find out what was done there, put it right, and start again.`,
    { path, reason },
  );
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
    this.#yieldedAt = isReading ? uptime() : Number.POSITIVE_INFINITY;
  }

  /** Whether it has a transaction that writes, or had one last. */
  get isWriting(): boolean {
    return this.#yieldedAt === Number.POSITIVE_INFINITY;
  }

  /** Looks at the files, outside of a transaction. */
  lookAt(watch: FileWatch): FileFault | undefined {
    return watch.look(this.#file);
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
    if (uptime() - this.#yieldedAt > longestTurn) await this.#yield();
    const { statement, returnsRows } = this.#prepare(sql);
    const values = parameters as readonly SQLInputValue[];
    if (returnsRows) return { rows: readAll(statement, values, sql) as Row[] };
    return { rows: [], numAffectedRows: BigInt(statement.run(...values).changes) };
  }

  // Queries are synchronous here, and what waits for them alone would keep the process from everything else.
  async #yield(): Promise<void> {
    await yieldToOthers();
    this.#yieldedAt = uptime();
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const statement = this.#file.prepare(sql);
    const prepared = { statement, returnsRows: statement.columns().length > 0 };
    if (this.#prepared.size >= maxPrepared) this.#prepared.clear();
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
