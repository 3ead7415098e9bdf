import { HanaperError, type Remedy } from '../../errors.ts';
import type { Database } from '../engine/database.ts';
import { takeLock } from '../engine/lock.ts';
import { ownViewDigests } from '../engine/own-tables.ts';
import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';
import { migrations } from './list.ts';
import { requireMadeSchema, requireOwnSchema } from './own-schema.ts';
import { createVersionsTable } from './versions-table.ts';

const selectVersions = prepare<{ readonly version: number; readonly name: string }>(
  'select version, name from hanaper_migrations order by version',
);
const selectObjects = {
  sqlite: prepare<SchemaObject>(
    String.raw`select name, type from sqlite_schema
     where type <> 'index' and not (type = 'table' and name like 'sqlite\_%' escape '\')`,
  ),
  postgres: prepare<SchemaObject>(
    `select tablename as name, 'table' as type from pg_tables where schemaname = current_schema()`,
  ),
};

/** Whether a database has no schema of ours, an older one, or today's. */
export type SchemaState = 'absent' | 'older' | 'current';

/**
 * Looks at the schema without changing anything.
 *
 * @throws HanaperError `database_newer`, `database_corrupt` where the tables are another program's, or altered
 */
export async function readSchemaState(database: Database): Promise<SchemaState> {
  const version = await database.transact('read', (transaction) => readVersion(transaction, database.name));
  if (version === undefined) return 'absent';
  if (version < latestVersion()) return 'older';
  await requireOwnSchema(database);
  return 'current';
}

/** The version of the schema: 0 where nothing of ours is there, or all was taken back. */
export function readSchemaVersion(database: Database): Promise<number> {
  return database.transact('read', async (transaction) => (await readVersion(transaction, database.name)) ?? 0);
}

/** Applies what is missing, under a lock: of two processes that start at once, one migrates and one waits. */
export function migrateUp(database: Database): Promise<void> {
  return database.transact('write', async (transaction) => {
    await takeLock(transaction, 'migrations');
    const version = await readVersion(transaction, database.name);
    if (version === undefined) await createVersionsTable(transaction);
    for (const migration of migrations.filter((candidate) => candidate.version > (version ?? 0))) {
      await migration.up(transaction);
      const { version: applied, name } = migration;
      const appliedAt = new Date().toISOString();
      await transaction.kysely.insertInto('hanaperMigrations').values({ version: applied, name, appliedAt }).execute();
    }
    await requireMadeSchema(transaction);
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

/** The version of the schema that this Hanaper makes and uses. */
export function latestVersion(): number {
  return migrations.at(-1)?.version ?? 0;
}

async function readVersion(transaction: Transaction, name: string): Promise<number | undefined> {
  const tables = await listTables(transaction, name);
  if (!tables.includes('hanaper_migrations')) {
    if (tables.length === 0) return undefined;
    throw corrupt(name, 'holds tables of another program', 'name_another_database');
  }
  const applied = await selectVersions(transaction);
  const version = applied.at(-1)?.version ?? 0;
  if (version > latestVersion()) throw newer(name, version);
  const isKnown = applied.every((each, at) => each.version === at + 1 && each.name === migrations[at]?.name);
  if (!isKnown || (version === 0 && tables.length > 1)) throw corrupt(name, 'does not say which schema it has');
  return version;
}

async function listTables(transaction: Transaction, name: string): Promise<readonly string[]> {
  const objects = await selectObjects[transaction.engine](transaction);
  // A view of ours is read by nothing here: a trigger or another view in place of a table could undo or hide what we write.
  const foreign = objects.find(
    ({ name: object, type }) => type !== 'table' && !(type === 'view' && Object.hasOwn(ownViewDigests, object)),
  );
  if (foreign) throw corrupt(name, `holds a ${foreign.type} that is not ours`);
  return objects.filter(({ type }) => type === 'table').map((object) => object.name);
}

interface SchemaObject {
  readonly name: string;
  readonly type: string;
}

function corrupt(name: string, reason: string, remedy?: Remedy): HanaperError {
  return new HanaperError('database_corrupt', `${name} ${reason}.`, {
    database: name,
    reason,
    ...(remedy && { remedy }),
  });
}

function newer(name: string, version: number): HanaperError {
  return new HanaperError(
    'database_newer',
    `${name} was made by a newer Hanaper (schema ${version}; this one knows ${latestVersion()}). Nothing was changed: use the newer version.`,
    { database: name, version, known: latestVersion() },
  );
}
