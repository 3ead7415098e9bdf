import {
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type TransactionSettings,
} from 'kysely';
import type { ClientConfig } from 'pg';
import { PostgresConnection } from './postgres-connection.ts';
import { ConnectionPool } from './postgres-pool.ts';
import type { PostgresSession } from './postgres-session.ts';

const timestamptz = 1184;
const int8 = 20;
const keepAliveDelay = 10_000;

/** A dialect, and what is known of its connections. */
export interface PostgresParts {
  readonly dialect: Dialect;
  /** Whether a query, or a new connection, has waited longer for the server than it would for a lock. */
  isStalled(): boolean;
}

/**
 * Kysely over PostgreSQL connections that wait for nothing without an end; times come out as RFC 3339 in UTC with
 * milliseconds. When `signal` aborts, every connection is cut off, and no other is made.
 */
export async function createPostgresDialect(
  url: string,
  session: PostgresSession,
  signal?: AbortSignal,
): Promise<PostgresParts> {
  const config = await configure(url, session);
  const { default: pg } = await import('pg');
  const pool = new ConnectionPool(session.waits, () =>
    PostgresConnection.open((stream) => new pg.Client({ ...config, stream: () => stream }), session),
  );
  if (signal?.aborted) pool.cutOff();
  signal?.addEventListener('abort', () => pool.cutOff(), { once: true });
  const dialect: Dialect = {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PostgresDriver(pool),
    createIntrospector: (kysely) => new PostgresIntrospector(kysely),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
  return { dialect, isStalled: () => pool.longestWait() > session.waits.lock };
}

async function configure(url: string, { waits }: PostgresSession): Promise<ClientConfig> {
  const { default: pg } = await import('pg');
  const parseDate = pg.types.getTypeParser(timestamptz);
  // "infinity", which no row of ours holds, stays text, and so matches no signature.
  const parseTime = (text: string): string => {
    const date = parseDate(text) as unknown;
    return date instanceof Date && !Number.isNaN(date.getTime()) ? date.toISOString() : text;
  };
  return {
    connectionString: url,
    connectionTimeoutMillis: waits.connect,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelay,
    application_name: 'hanaper',
    types: {
      getTypeParser: (oid, format) => {
        if (format !== 'binary' && oid === timestamptz) return parseTime;
        // Seconds, which have 53 bits.
        if (format !== 'binary' && oid === int8) return Number;
        return pg.types.getTypeParser(oid, format);
      },
    },
  };
}

class PostgresDriver implements Driver {
  readonly #pool: ConnectionPool;

  constructor(pool: ConnectionPool) {
    this.#pool = pool;
  }

  async init(): Promise<void> {}

  acquireConnection(): Promise<PostgresConnection> {
    return this.#pool.acquire();
  }

  beginTransaction(connection: PostgresConnection, { accessMode }: TransactionSettings): Promise<void> {
    return connection.begin(accessMode === 'read only' ? 'read' : 'write');
  }

  commitTransaction(connection: PostgresConnection): Promise<void> {
    return connection.commit();
  }

  rollbackTransaction(connection: PostgresConnection): Promise<void> {
    return connection.rollBack();
  }

  async releaseConnection(connection: PostgresConnection): Promise<void> {
    this.#pool.release(connection);
  }

  destroy(): Promise<void> {
    return this.#pool.close();
  }
}
