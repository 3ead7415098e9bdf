import { Socket } from 'node:net';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import type { Client, QueryResult as ServerResult } from 'pg';
import { HanaperError } from '../../errors.ts';
import { translateLogin } from './failure.ts';
import { beginStatements, type PostgresSession, requireDurable, type ServerSettings } from './postgres-session.ts';

const longestFarewell = 1_000;
const writing = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/** One connection. Everything that is asked on it is in a transaction of ours, and answered in time or not at all. */
export class PostgresConnection implements DatabaseConnection {
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #session: PostgresSession;
  #access: 'read' | 'write' | undefined;
  #askedAt: number | undefined;
  #failure: HanaperError | undefined;
  #isBroken = false;

  private constructor(client: Client, socket: Socket, session: PostgresSession) {
    this.#client = client;
    this.#socket = socket;
    this.#session = session;
    // One that breaks between two queries is reported by the next of them.
    const broken = () => {
      this.#isBroken = true;
    };
    client.on('error', broken);
    client.on('end', broken);
  }

  /**
   * A connection that is logged in. `create` makes a client of a socket.
   *
   * @throws HanaperError `unavailable` where the server refuses it for reasons of its own
   */
  static async open(create: (socket: Socket) => Client, session: PostgresSession): Promise<PostgresConnection> {
    const socket = new Socket();
    const connection = new PostgresConnection(create(socket), socket, session);
    try {
      await connection.#client.connect();
      return connection;
    } catch (error) {
      // One that failed to log in is left open by the driver, and with it the process running.
      socket.destroy();
      throw translateLogin(error);
    }
  }

  /** Whether nothing more can be asked on it. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Whether it was silent for too long. */
  get isSilent(): boolean {
    return this.#failure !== undefined;
  }

  /** When it was asked what it has not answered yet; `undefined` where nothing is asked. */
  get askedAt(): number | undefined {
    return this.#askedAt;
  }

  /**
   * Begins a transaction.
   *
   * @throws HanaperError `bad_config` where the server would lose what is written
   */
  async begin(access: 'read' | 'write'): Promise<void> {
    this.#access = access;
    try {
      const results = listOf(await this.#ask(beginStatements(access, this.#session)));
      if (access === 'write') requireDurable(results.at(-1)?.rows[0] as ServerSettings, this.#session);
    } catch (error) {
      await this.rollBack().catch(() => undefined);
      throw error;
    }
  }

  /** Ends it, so that all of it is done. */
  async commit(): Promise<void> {
    const [result] = listOf(await this.#ask('commit'));
    this.#access = undefined;
    // What failed before, and was passed over, makes PostgreSQL undo it all.
    if (result?.command === 'ROLLBACK') throw new TypeError('the transaction had failed before its commit');
  }

  /** Ends it, so that nothing is done. One that cannot even do that is used no more. */
  async rollBack(): Promise<void> {
    this.#access = undefined;
    try {
      await this.#ask('rollback');
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#access === undefined) return { rows: (await this.#readAlone(sql)) as Row[] };
    const { command, rowCount, rows } = (await this.#ask(sql, parameters)) as ServerResult;
    return { rows: rows as Row[], ...(writing.has(command) && { numAffectedRows: BigInt(rowCount ?? 0) }) };
  }

  // biome-ignore lint/correctness/useYield: the interface asks for it, and no query here is streamed.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new TypeError('PostgreSQL queries are not streamed');
  }

  /** Takes leave of the server. One that does not hear it is not waited for. */
  async close(): Promise<void> {
    this.#isBroken = true;
    if (this.#socket.destroyed) return;
    const timer = setTimeout(() => this.#socket.destroy(), longestFarewell);
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#client.end().catch(() => undefined);
    await closed;
    clearTimeout(timer);
  }

  /** Ends everything that waits on it. */
  cutOff(failure: HanaperError): void {
    this.#failure ??= failure;
    this.#isBroken = true;
    this.#socket.destroy();
  }

  // In one go with what begins and ends it: the way to the server and back is most of what it costs.
  async #readAlone(sql: string): Promise<readonly unknown[]> {
    try {
      const results = await this.#ask(`${beginStatements('read', this.#session)}; ${sql}; commit`);
      return listOf(results).at(-2)?.rows ?? [];
    } catch (error) {
      await this.rollBack().catch(() => undefined);
      throw error;
    }
  }

  async #ask(sql: string, parameters?: readonly unknown[]): Promise<ServerResult | ServerResult[]> {
    const { answer } = this.#session.waits;
    const timer = setTimeout(() => this.cutOff(silent(answer)), answer);
    this.#askedAt = performance.now();
    try {
      return await (parameters?.length ? this.#client.query(sql, [...parameters]) : this.#client.query(sql));
    } catch (error) {
      throw this.#failure ?? error;
    } finally {
      clearTimeout(timer);
      this.#askedAt = undefined;
    }
  }
}

function listOf(results: ServerResult | ServerResult[]): readonly ServerResult[] {
  return Array.isArray(results) ? results : [results];
}

function silent(waited: number): HanaperError {
  return new HanaperError(
    'unavailable',
    `PostgreSQL has not answered for ${waited / 1000} s, and the connection was given up. Check the server and the network, and try again.`,
    { reason: 'silent' },
  );
}
