import type { Database } from './database.ts';
import type { PostgresLocation } from './location.ts';
import { requireDurable } from './postgres-session.ts';

const versions = {
  sqlite: 'select sqlite_version() as version',
  postgres: `select current_setting('server_version') as version`,
};

const selectSettings = `select current_setting('fsync') as fsync, current_setting('full_page_writes') as pages,
  current_setting('session_replication_role') as role, current_setting('server_encoding') as encoding`;

/** Reads the version of the engine: `3.51.0`, `18.4`. */
export async function readEngineVersion(database: Database): Promise<string> {
  const [found] = await database.select<{ readonly version: string }>(versions[database.engine]);
  return found?.version ?? 'unknown';
}

/**
 * Requires of a server of PostgreSQL what each write transaction requires of it; nothing is written.
 *
 * @throws HanaperError `bad_config`, details: `setting`
 */
export async function requireDurableServer(database: Database, location: PostgresLocation): Promise<void> {
  const rows = await database.select<Readonly<Record<'fsync' | 'pages' | 'role' | 'encoding', string>>>(selectSettings);
  for (const { fsync, pages, role, encoding } of rows) {
    requireDurable(
      { fsync, full_page_writes: pages, session_replication_role: role, server_encoding: encoding },
      location,
    );
  }
}
