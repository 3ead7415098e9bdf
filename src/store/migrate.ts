import { sql } from 'kysely';
import { HanaperError } from '../errors.ts';
import type { Database } from './database.ts';
import { takeLock } from './lock.ts';
import { migrations } from './migrations/list.ts';
import type { Transaction } from './transaction.ts';

/** Whether a database has no schema of ours, an older one, or today's. */
export type SchemaState = 'absent' | 'older' | 'current';

/**
 * Looks at the schema without changing anything.
 *
 * @throws HanaperError `database_newer`, `database_corrupt` where the tables are another program's
 */
export function readSchemaState(database: Database): Promise<SchemaState> {
  return database.transact('read', async (transaction) => {
    const version = await readVersion(transaction, database.name);
    if (version === undefined) return 'absent';
    return version < latestVersion() ? 'older' : 'current';
  });
}

/** Applies what is missing, under a lock: of two processes that start at once, one migrates and one waits. */
export function migrateUp(database: Database): Promise<void> {
  return database.transact('write', async (transaction) => {
    await takeLock(transaction, 'migrations');
    const version = await readVersion(transaction, database.name);
    if (version === undefined) await createMigrationsTable(transaction);
    for (const migration of migrations.filter((candidate) => candidate.version > (version ?? 0))) {
      await migration.up(transaction);
      const { version: applied, name } = migration;
      const appliedAt = new Date().toISOString();
      await transaction.kysely.insertInto('hanaperMigrations').values({ version: applied, name, appliedAt }).execute();
    }
  });
}

/** Takes back every migration above `target`, newest first. What their tables held is gone. */
export function migrateDown(database: Database, target: number): Promise<void> {
  return database.transact('write', async (transaction) => {
    await takeLock(transaction, 'migrations');
    const version = (await readVersion(transaction, database.name)) ?? 0;
    const undone = migrations.filter((candidate) => candidate.version > target && candidate.version <= version);
    for (const migration of undone.toReversed()) {
      await migration.down(transaction);
      await transaction.kysely.deleteFrom('hanaperMigrations').where('version', '=', migration.version).execute();
    }
  });
}

function latestVersion(): number {
  return migrations.at(-1)?.version ?? 0;
}

async function readVersion(transaction: Transaction, name: string): Promise<number | undefined> {
  const tables = await listTables(transaction);
  if (!tables.includes('hanaper_migrations')) {
    if (tables.length === 0) return undefined;
    throw new HanaperError(
      'database_corrupt',
      `${name} holds tables of another program. Point --db at an empty database.`,
      { database: name },
    );
  }
  const { kysely } = transaction;
  const row = await kysely
    .selectFrom('hanaperMigrations')
    .select(({ fn }) => fn.max('version').as('version'))
    .executeTakeFirst();
  const version = row?.version ?? 0;
  if (version > latestVersion()) throw newer(name, version);
  return version;
}

async function listTables({ engine, kysely }: Transaction): Promise<readonly string[]> {
  const query =
    engine === 'sqlite'
      ? sql<{
          name: string;
        }>`select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'`
      : sql<{ name: string }>`select tablename as name from pg_tables where schemaname = current_schema()`;
  return (await query.execute(kysely)).rows.map((row) => row.name);
}

async function createMigrationsTable({ kysely }: Transaction): Promise<void> {
  await sql`create table hanaper_migrations (version integer primary key, name text not null, applied_at text not null)`.execute(
    kysely,
  );
}

function newer(name: string, version: number): HanaperError {
  return new HanaperError(
    'database_newer',
    `${name} was made by a newer Hanaper (schema ${version}; this one knows ${latestVersion()}). Nothing was changed: use the newer version.`,
    { database: name, version, known: latestVersion() },
  );
}
