import { HanaperError } from '../../errors.ts';

const sqlite = {
  error: 1,
  permission: 3,
  busy: 5,
  locked: 6,
  memory: 7,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  schema: 17,
  tooBig: 18,
  constraint: 19,
  mismatch: 20,
  format: 24,
  notADatabase: 26,
};
const sqliteUniqueViolations: readonly number[] = [1555, 2067];
// What SQLite says of statements of ours where the schema is another.
const sqliteMissing =
  /^no such (table|column)|has no column named|^duplicate column name|already exists$|^ON CONFLICT clause does not match/;
// What is wrong with the text of a statement is our own mistake; all else that SQLite cannot do lies in what the file says.
const sqliteMistake =
  /syntax error|unrecognized token|incomplete input|^cannot (start|commit|rollback)|^no such savepoint|^wrong number of arguments|^no such function/;
const postgresUniqueViolation = '23505';
// Class 42 is what a statement may mean: ours mean something, unless the schema is another.
const postgresMissing = /^42(?!501)...$/;
const postgresOutOfRange = '22003';
const postgresNoRight = '42501';
// Where a statement, a value or the order of statements is wrong it is our own mistake. All else that the server refuses it
// does for damage that it has found, or for what somebody has put into the database.
const postgresMistake = /^(42601|22021|22P0[235]|2[56]...|08P..)$/;
const later = 'Nothing was done. Try again in a moment.';
const check = 'Check that the server runs and lets you in.';
const postgresUnavailable: readonly (readonly [RegExp, string, string])[] = [
  [/^(55P03|55006)$/, 'is held by another transaction for too long', later],
  [/^40...$/, 'could not do this beside other transactions', later],
  [/^(25P0[34]|57014)$/, 'gave up, since it took too long', later],
  [/^25006$/, 'can only be read', 'Write to the server of which it is a copy.'],
  [/^3F000$/, 'has no such schema', 'Have it created, or name another in the URL ("schema").'],
  // Connection, resources, shutdown, the system beneath it, its configuration, login, no such database; and socket errors.
  [/^(08|28|3D|53|57|58|F0)...$|^E(?!RR_)[A-Z_]+$/, 'cannot be reached', check],
];
// What pg says without a code.
const brokenConnection = /^(Connection terminated|Client has encountered a connection error|Client was closed)/;

/** What a driver's error means: a {@link HanaperError} where it is the world's fault, the error itself where it is ours. */
export function translateFailure(error: unknown, database: string): unknown {
  if (error instanceof HanaperError || !(error instanceof Error)) return error;
  if ('errcode' in error && typeof error.errcode === 'number') return translateSqlite(error, error.errcode, database);
  // What SQLite says has a number: a code is that of whatever else was done meanwhile.
  const isServer = !database.startsWith('sqlite:');
  if (isServer && 'code' in error && typeof error.code === 'string')
    return translatePostgres(error, error.code, database);
  if (brokenConnection.test(error.message)) return unavailable(`${database}: the connection broke.`, database, error);
  return error instanceof AggregateError ? translateFailure(error.errors[0], database) : error;
}

/** The same for a transaction that could not even begin: whatever is not known better, the database is not to be had. */
export function translateRefusal(error: unknown, database: string): unknown {
  const translated = translateFailure(error, database);
  if (translated instanceof HanaperError || !(error instanceof Error)) return translated;
  return unavailable(`${database} cannot be reached: ${error.message}.`, database, error);
}

/** The same for a connection that was not made: nothing of ours was looked at, so that nothing of ours can be damaged. */
export function translateLogin(error: unknown): unknown {
  const translated = translateFailure(error, 'PostgreSQL');
  if (translated === error || isUnavailable(translated) || !(error instanceof Error)) return error;
  return unavailable(`PostgreSQL refuses the connection: ${describeProblem(error)}. ${check}`, 'PostgreSQL', error);
}

/**
 * What a COMMIT that failed means. Where the database has not said that it is undone, nobody knows here whether it was done:
 * `unavailable`, with `may_be_done`.
 */
export function translateCommitFailure(error: unknown, database: string): unknown {
  const translated = translateFailure(error, database);
  if (!(error instanceof Error) || isUndone(error, database)) return translated;
  return new HanaperError(
    'unavailable',
    `${database} did not confirm what was written (${error.message}): it may be done. Ask again with the same invocation, or look, before you do it anew.`,
    { database, may_be_done: true },
    error,
  );
}

// SQLite takes back what it could not commit, unless the disk fails on the way. PostgreSQL says so with a code; what it says of
// connections, and of its own end, can come after the deed.
function isUndone(error: Error, database: string): boolean {
  if (database.startsWith('sqlite:')) {
    const failedOnTheWay = 'errcode' in error && (Number(error.errcode) & 0xff) === sqlite.ioError;
    return error instanceof HanaperError || !failedOnTheWay;
  }
  return 'severity' in error && 'code' in error && /^(?!08|40003|57|58|XX)[0-9A-Z]{5}$/.test(String(error.code));
}

function translateSqlite(error: Error, code: number, database: string): unknown {
  if (sqliteUniqueViolations.includes(code)) return alreadyExists(error);
  switch (code & 0xff) {
    case sqlite.corrupt:
    case sqlite.notADatabase:
      return new HanaperError(
        'database_corrupt',
        `${database} is damaged, or not a SQLite database at all. Restore it from a backup.`,
        { database, remedy: 'name_another_database' },
        error,
      );
    case sqlite.error:
      if (sqliteMissing.test(error.message)) return missing(database, error);
      return sqliteMistake.test(error.message) ? error : unreadable(database, error);
    case sqlite.constraint:
      return damaged(database, error);
    case sqlite.tooBig:
    case sqlite.mismatch:
    case sqlite.format:
      return unreadable(database, error);
    case sqlite.busy:
    case sqlite.locked:
      return unavailable(`${database} is held by another process. Try again when that is done.`, database, error);
    case sqlite.permission:
    case sqlite.memory:
    case sqlite.readOnly:
    case sqlite.ioError:
    case sqlite.full:
    case sqlite.cannotOpen:
    case sqlite.protocol:
    case sqlite.schema:
      return unavailable(`${database} cannot be used: ${error.message}.`, database, error);
    default:
      return error;
  }
}

function translatePostgres(error: Error, code: string, database: string): unknown {
  if (code === postgresUniqueViolation) return alreadyExists(error);
  if (postgresMissing.test(code)) return missing(database, error);
  if (code === postgresNoRight)
    return unavailable(`${database}: ${error.message}. Have its owner grant it.`, database, error);
  if (code === postgresOutOfRange) return tooLarge(database, error);
  const meant = postgresUnavailable.find(([pattern]) => pattern.test(code));
  if (meant) return unavailable(`${database} ${meant[1]} (${code}). ${meant[2]}`, database, error);
  return /^[0-9A-Z]{5}$/.test(code) && !postgresMistake.test(code) ? damaged(database, error) : error;
}

function missing(database: string, error: Error): HanaperError {
  return corrupt(`${database} has not the tables and columns of ours. Restore it from a backup.`, database, error);
}

function unreadable(database: string, error: Error): HanaperError {
  return corrupt(`${database} cannot be read: ${error.message}. Restore it from a backup.`, database, error);
}

/** What an error says, as the end of a sentence that somebody else closes. */
export function describeProblem(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}

/** Whether it is the world that is at fault, and not what is kept. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof HanaperError && error.code === 'unavailable';
}

function tooLarge(database: string, error: Error): HanaperError {
  return corrupt(`${database} holds a number that is too large. Restore it from a backup.`, database, error);
}

function damaged(database: string, error: Error): HanaperError {
  return corrupt(`${database}: ${error.message}. Restore it from a backup.`, database, error);
}

function corrupt(message: string, database: string, cause: Error): HanaperError {
  return new HanaperError('database_corrupt', message, { database }, cause);
}

function alreadyExists(error: Error): HanaperError {
  return new HanaperError('already_exists', 'Somebody else just made the same entry; nothing was changed.', {}, error);
}

function unavailable(message: string, database: string, cause: Error): HanaperError {
  return new HanaperError('unavailable', message, { database }, cause);
}
