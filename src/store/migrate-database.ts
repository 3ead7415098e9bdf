import { HanaperError } from '../errors.ts';
import type { Database } from './engine/database.ts';
import { parseDatabaseUrl } from './engine/location.ts';
import { type Loss, listLosses } from './migrations/losses.ts';
import { latestVersion, migrateDown, migrateUp, readSchemaVersion } from './migrations/migrate.ts';
import { openDatabase } from './open-database.ts';

/** Which database. */
export interface MigrationOptions {
  /** `sqlite:PATH` or `postgres://…` */
  readonly database: string;
}

/** Which database, and down to which version of its schema: 0 is nothing. */
export interface DownOptions extends MigrationOptions {
  readonly to: number;
}

/** From which version of the schema to which a database goes, and what is lost on the way. */
export interface SchemaChange {
  readonly from: number;
  readonly to: number;
  /** Newest first; empty on the way up. */
  readonly losses: readonly Loss[];
}

/**
 * Brings the schema of a database to the newest version. Nothing is lost. Whatever opens a database to write does the same.
 *
 * @throws HanaperError `not_initialized`, `database_newer`, `database_corrupt`, `unavailable`, `bad_config`
 */
export function up(options: MigrationOptions): Promise<SchemaChange> {
  return withDatabase(options, async (database) => {
    const from = await readSchemaVersion(database);
    await migrateUp(database);
    return { from, to: latestVersion(), losses: [] };
  });
}

/**
 * Takes the schema of a database down to a version, in one transaction. What {@link planDown} names is gone for good.
 *
 * @throws HanaperError `bad_input` for a version that is not below the present one, and what {@link up} throws
 */
export function down(options: DownOptions): Promise<SchemaChange> {
  return withDatabase(options, async (database) => {
    const change = await plan(database, options.to);
    await migrateDown(database, options.to);
    return change;
  });
}

/**
 * Tells what {@link down} would take away, and changes nothing.
 *
 * @throws HanaperError what {@link down} throws
 */
export function planDown(options: DownOptions): Promise<SchemaChange> {
  return withDatabase(options, (database) => plan(database, options.to));
}

/**
 * The version of the schema of a database.
 *
 * @throws HanaperError what {@link up} throws
 */
export function readVersion(options: MigrationOptions): Promise<number> {
  return withDatabase(options, readSchemaVersion);
}

async function plan(database: Database, to: number): Promise<SchemaChange> {
  const from = await readSchemaVersion(database);
  if (!Number.isSafeInteger(to) || to < 0 || to >= from) throw notBelow(database.name, from, to);
  const losses = await database.transact('read', (transaction) => listLosses(transaction, from, to));
  return { from, to, losses };
}

async function withDatabase<Result>(
  { database: url }: MigrationOptions,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  await using database = await openDatabase(parseDatabaseUrl(url), 'migrate');
  return await work(database);
}

function notBelow(name: string, from: number, to: number): HanaperError {
  return new HanaperError(
    'bad_input',
    `${name} has version ${from} of the schema, and ${to} is not below it. Give a whole number from 0 on.`,
    { database: name, version: from, to },
  );
}
