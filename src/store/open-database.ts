import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs';
import { CamelCasePlugin, type Dialect, Kysely } from 'kysely';
import { HanaperError, systemCodeOf } from '../errors.ts';
import { makeFolderOf } from '../make-folder.ts';
import { Database } from './database.ts';
import { translateFailure } from './failure.ts';
import { type DatabaseLocation, describeLocation } from './location.ts';
import { migrateUp, readSchemaState } from './migrate.ts';
import type { Schema } from './schema.ts';
import { configureForWriting, createSqliteDialect, openSqliteFile } from './sqlite.ts';

/**
 * Opens a database, and brings an older schema up to date. Only `create` makes what is not there.
 *
 * @throws HanaperError `not_initialized`, `database_newer`, `database_corrupt`, `unavailable`
 */
export async function openDatabase(location: DatabaseLocation, create: boolean): Promise<Database> {
  const name = describeLocation(location);
  try {
    return location.engine === 'sqlite'
      ? await openSqlite(location.path, name, create)
      : await openPostgres(location.url, name, create);
  } catch (error) {
    throw translateFailure(error, name);
  }
}

async function openSqlite(path: string, name: string, create: boolean): Promise<Database> {
  if (create) createPrivateFile(path, name);
  else if (!existsSync(path)) throw notInitialized(name);
  const file = openSqliteFile(path);
  const kysely = connect(createSqliteDialect(file, path));
  return prepare(new Database('sqlite', name, kysely), create, () => configureForWriting(file));
}

async function openPostgres(url: string, name: string, create: boolean): Promise<Database> {
  const { createPostgresDialect } = await import('./postgres.ts');
  const kysely = connect(await createPostgresDialect(url));
  return prepare(new Database('postgres', name, kysely), create, async () => undefined);
}

async function prepare(database: Database, create: boolean, configure: () => Promise<void>): Promise<Database> {
  try {
    const state = await readSchemaState(database);
    if (state === 'absent' && !create) throw notInitialized(database.name);
    await configure();
    if (state !== 'current') await migrateUp(database);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

function connect(dialect: Dialect): Kysely<Schema> {
  return new Kysely<Schema>({ dialect, plugins: [new CamelCasePlugin()] });
}

// The folder and the file are the owner's alone; SQLite gives its other files the same mode.
function createPrivateFile(path: string, name: string): void {
  try {
    if (existsSync(path)) {
      if (statSync(path).size === 0) chmodSync(path, 0o600);
      return;
    }
    makeFolderOf(path);
    closeSync(openSync(path, 'a', 0o600));
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unwritable';
    throw new HanaperError('unavailable', `${name} cannot be created (${reason}).`, { database: name, reason }, cause);
  }
}

/** What is told of a database that has no schema, or no authority, yet. */
export function notInitialized(name: string): HanaperError {
  return new HanaperError('not_initialized', `${name} is not initialised. Run "hanaper init" first.`, {
    database: name,
  });
}
