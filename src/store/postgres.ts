import { type Dialect, PostgresDialect } from 'kysely';

const timestamptz = 1184;
const connectTimeout = 10_000;

/** Kysely over a pool of PostgreSQL connections; times come out as RFC 3339 in UTC with milliseconds. */
export async function createPostgresDialect(url: string): Promise<Dialect> {
  const { default: pg } = await import('pg');
  const parseDate = pg.types.getTypeParser(timestamptz);
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: connectTimeout,
    application_name: 'hanaper',
    types: {
      getTypeParser: (oid, format) =>
        oid === timestamptz && format !== 'binary'
          ? (text: string) => (parseDate(text) as unknown as Date).toISOString()
          : pg.types.getTypeParser(oid, format),
    },
  });
  // A connection that breaks while idle is replaced at its next use, where the failure is reported.
  pool.on('error', () => undefined);
  return new PostgresDialect({ pool });
}
