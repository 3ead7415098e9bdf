import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs';
import { CamelCasePlugin, type Dialect, Kysely } from 'kysely';
import { HanaperError, systemCodeOf } from '../errors.ts';
import { makeFolderOf } from '../make-folder.ts';
import { Database } from './engine/database.ts';
import { translateFailure } from './engine/failure.ts';
import { type DatabaseLocation, describeLocation, type PostgresLocation } from './engine/location.ts';
import { everydayWaits, type PostgresSession, type PostgresWaits, patientWaits } from './engine/postgres-session.ts';
import type { Schema } from './engine/schema.ts';
import { createSqliteDialect } from './engine/sqlite.ts';
import { beginReading, beginWriting, isWritable, openableForReading, writableFile } from './engine/sqlite-file.ts';
import { migrateUp, readSchemaState } from './migrations/migrate.ts';

/**
 * What a database is opened for: to be made where it is not there, to be used, or to be examined. Examining one
 * writes nothing to it, not even an upgrade of an older schema. Glancing at one does not even make the files that
 * SQLite keeps beside it, and is refused as `unavailable` if somebody begins to write meanwhile.
 * One that is opened to be migrated keeps its schema until it is told which.
 */
export type Purpose = 'create' | 'use' | 'migrate' | 'examine' | 'glance';

/** How long a database of PostgreSQL is waited for. */
export interface OpenOptions {
  /** Default: as long as commands wait; an audit is more patient. */
  readonly waits?: PostgresWaits;
  /** When it aborts, everything that waits for the database fails. */
  readonly signal?: AbortSignal;
}

interface Opened {
  readonly purpose: Purpose;
  /** Whether nothing can be written. */
  readonly readOnly: boolean;
  /** Makes ready for writing what is known to be ours. */
  configure(): Promise<void>;
  /** Brings the schema up to date. */
  migrate(database: Database): Promise<void>;
}

/**
 * Opens a database, and brings an older schema up to date. A file of SQLite that may not be written to is read as it is.
 *
 * @throws HanaperError `not_initialized`, `database_newer`, `database_corrupt`, `unavailable`, and `database_older` where
 *   nothing may be written
 */
export async function openDatabase(
  location: DatabaseLocation,
  purpose: Purpose,
  options: OpenOptions = {},
): Promise<Database> {
  const name = describeLocation(location);
  try {
    return location.engine === 'sqlite'
      ? await openSqlite(location.path, name, purpose)
      : await openPostgres(location, name, purpose, options);
  } catch (error) {
    throw translateFailure(error, name);
  }
}

async function openSqlite(path: string, name: string, purpose: Purpose): Promise<Database> {
  if (purpose === 'create') createPrivateFile(path, name);
  else if (!existsSync(path)) throw notInitialized(name);
  const readOnly = isLooking(purpose) || !isWritable(path);
  const file = readOnly ? openableForReading(path, purpose === 'glance') : writableFile(path);
  const connection = file.open();
  const kysely = connect(createSqliteDialect(file, connection));
  const configure = async () => (readOnly ? beginReading(file, connection) : beginWriting(file, connection));
  return prepare(new Database('sqlite', name, kysely), { purpose, readOnly, configure, migrate: migrateUp });
}

async function openPostgres(
  { url, schema, acceptsLoss }: PostgresLocation,
  name: string,
  purpose: Purpose,
  { waits = purpose === 'examine' || purpose === 'migrate' ? patientWaits : everydayWaits, signal }: OpenOptions,
): Promise<Database> {
  const { createPostgresDialect } = await import('./engine/postgres.ts');
  const connectWith = async (session: PostgresSession) => {
    const { dialect, isStalled } = await createPostgresDialect(url, session, signal);
    return new Database('postgres', name, connect(dialect), isStalled);
  };
  const session = { schema, acceptsLoss, waits };
  const migrate = async () => {
    // What is done to whole tables takes longer than a command may.
    await using patient = await connectWith({ ...session, waits: patientWaits });
    await migrateUp(patient);
  };
  return prepare(await connectWith(session), {
    purpose,
    readOnly: isLooking(purpose),
    configure: async () => undefined,
    migrate,
  });
}

function isLooking(purpose: Purpose): boolean {
  return purpose === 'examine' || purpose === 'glance';
}

async function prepare(database: Database, { purpose, readOnly, configure, migrate }: Opened): Promise<Database> {
  try {
    const state = await readSchemaState(database);
    if (state === 'absent' && purpose !== 'create') throw notInitialized(database.name);
    if (state !== 'current' && readOnly) throw older(database.name);
    await configure();
    if (state !== 'current' && purpose !== 'migrate') await migrate(database);
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

function older(name: string): HanaperError {
  return new HanaperError(
    'database_older',
    `${name} was made by an older Hanaper, and is only looked at here. Opening it for writing brings it up to date.`,
    { database: name, remedy: 'open_for_writing' },
  );
}

/** What is reported about a database that has no schema, or no authority, yet. */
export function notInitialized(name: string): HanaperError {
  return new HanaperError('not_initialized', `${name} is not initialised.`, {
    database: name,
    remedy: 'initialize',
  });
}
