import { Socket } from 'node:net';
import { type Dialect, PostgresDialect } from 'kysely';
import type { PoolClient } from 'pg';

const timestamptz = 1184;
const int8 = 20;
const connectTimeout = 10_000;

// Whatever the database or the user is set to: names mean PostgreSQL's own first, and times come in one form.
const session = `select pg_catalog.set_config('search_path', pg_catalog.quote_ident(current_schema), false),
  pg_catalog.set_config('datestyle', 'ISO, MDY', false), pg_catalog.set_config('quote_all_identifiers', 'off', false)
  where current_schema is not null`;

function prepareSession(client: PoolClient, tell: (error?: Error) => void): void {
  client.query(session).then(() => tell(), tell);
}

/** Kysely over a pool of PostgreSQL connections; times come out as RFC 3339 in UTC with milliseconds. */
export async function createPostgresDialect(url: string): Promise<Dialect> {
  const { default: pg } = await import('pg');
  const parseDate = pg.types.getTypeParser(timestamptz);
  // "infinity", which no row of ours holds, stays text, and so matches no signature.
  const parseTime = (text: string): string => {
    const date = parseDate(text) as unknown;
    return date instanceof Date && !Number.isNaN(date.getTime()) ? date.toISOString() : text;
  };
  const sockets = new Set<Socket>();
  const pool = new pg.Pool({
    stream: () => {
      const socket = new Socket();
      sockets.add(socket);
      return socket.once('close', () => sockets.delete(socket));
    },
    connectionString: url,
    connectionTimeoutMillis: connectTimeout,
    application_name: 'hanaper',
    verify: prepareSession,
    types: {
      getTypeParser: (oid, format) => {
        if (format !== 'binary' && oid === timestamptz) return parseTime;
        // Seconds, which have 53 bits.
        if (format !== 'binary' && oid === int8) return Number;
        return pg.types.getTypeParser(oid, format);
      },
    },
  });
  // One that breaks between two queries of a transaction is reported by the next of them.
  pool.on('connect', (client) => client.on('error', () => undefined));
  // A connection that breaks while idle is replaced at its next use, where the failure is reported.
  pool.on('error', () => undefined);
  const end = () => pool.end().finally(() => sockets.forEach((socket) => void socket.destroy()));
  // pg leaves a connection open that failed to log in, and with it the process running, until the server ends it.
  return new PostgresDialect({
    pool: { connect: () => pool.connect(), end, options: pool.options },
  });
}
