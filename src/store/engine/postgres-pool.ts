import { HanaperError } from '../../errors.ts';
import type { PostgresConnection } from './postgres-connection.ts';
import type { PostgresWaits } from './postgres-session.ts';

const maxConnections = 10;
const longestIdle = 10_000;

interface Waiter {
  readonly timer: NodeJS.Timeout;
  resolve(connection: Promise<PostgresConnection> | PostgresConnection): void;
  reject(error: unknown): void;
}

/** Connections to one server: at most ten, and nobody waits for one without an end. */
export class ConnectionPool {
  readonly #waits: PostgresWaits;
  readonly #open: () => Promise<PostgresConnection>;
  readonly #connections = new Set<PostgresConnection>();
  readonly #idle = new Map<PostgresConnection, NodeJS.Timeout>();
  readonly #waiting: Waiter[] = [];
  /** When each of those that are being made was begun. */
  readonly #begun = new Set<{ readonly askedAt: number }>();
  /** Those that are being made are counted as well. */
  #count = 0;
  #end: HanaperError | undefined;

  constructor(waits: PostgresWaits, open: () => Promise<PostgresConnection>) {
    this.#waits = waits;
    this.#open = open;
  }

  /**
   * A connection that nobody else has.
   *
   * @throws HanaperError `unavailable` where all of them are taken for too long, or were cut off
   */
  async acquire(): Promise<PostgresConnection> {
    if (this.#end) throw this.#end;
    return this.#takeIdle() ?? (this.#count < maxConnections ? this.#make() : this.#wait());
  }

  /** Gives one back. */
  release(connection: PostgresConnection): void {
    // Where one has gone silent, those that did nothing meanwhile have most likely done so too.
    if (connection.isSilent) for (const idle of [...this.#idle.keys()]) void this.#drop(idle);
    if (connection.isBroken || this.#end) void this.#drop(connection);
    else this.#offer(connection);
  }

  /** For how many milliseconds a query, or a new connection, has been waiting for the server's answer. */
  longestWait(): number {
    const now = performance.now();
    return Math.max(0, ...[...this.#begun, ...this.#connections].map(({ askedAt = now }) => now - askedAt));
  }

  /** Ends whatever waits, at once. */
  cutOff(): void {
    this.#end = new HanaperError('unavailable', 'This program is stopping: its connections were cut off.', {
      reason: 'stopping',
    });
    for (const { timer, reject } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(this.#end);
    }
    for (const connection of this.#connections) connection.cutOff(this.#end);
  }

  /** Closes every connection. Nobody has one any more, or anyone who has is cut off. */
  async close(): Promise<void> {
    this.#end ??= new HanaperError('unavailable', 'The database was closed.', { reason: 'closed' });
    await Promise.all([...this.#connections].map((connection) => this.#drop(connection)));
  }

  #takeIdle(): PostgresConnection | undefined {
    for (const [connection, timer] of this.#idle) {
      clearTimeout(timer);
      this.#idle.delete(connection);
      if (!connection.isBroken) return connection;
      void this.#drop(connection);
    }
    return undefined;
  }

  async #make(): Promise<PostgresConnection> {
    this.#count += 1;
    const begun = { askedAt: performance.now() };
    this.#begun.add(begun);
    try {
      const connection = await this.#open();
      this.#connections.add(connection);
      if (this.#end) connection.cutOff(this.#end);
      return connection;
    } catch (error) {
      this.#leaveRoom();
      throw error;
    } finally {
      this.#begun.delete(begun);
    }
  }

  #wait(): Promise<PostgresConnection> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(busy(this.#waits.connect));
      }, this.#waits.connect);
      const waiter: Waiter = { timer, resolve, reject };
      this.#waiting.push(waiter);
    });
  }

  #offer(connection: PostgresConnection): void {
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#idle.set(
        connection,
        setTimeout(() => void this.#drop(connection), longestIdle),
      );
      return;
    }
    clearTimeout(next.timer);
    next.resolve(connection);
  }

  #drop(connection: PostgresConnection): Promise<void> {
    clearTimeout(this.#idle.get(connection));
    this.#idle.delete(connection);
    if (this.#connections.delete(connection)) this.#leaveRoom();
    return connection.close();
  }

  #leaveRoom(): void {
    this.#count -= 1;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    clearTimeout(next.timer);
    next.resolve(this.#make());
  }
}

function busy(waited: number): HanaperError {
  return new HanaperError(
    'unavailable',
    `All connections to PostgreSQL were taken for ${waited / 1000} s. Try again in a moment.`,
    { reason: 'busy' },
  );
}
