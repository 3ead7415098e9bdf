import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { HanaperError } from '../../errors.ts';
import { describeFileState, lengthOf } from './file-state.ts';
import { type FileWatch, LiveFileWatch } from './file-watch.ts';
import { sqliteCodeOf } from './sqlite-code.ts';

/** A SQLite file that exists, and how connections to it are opened. */
export interface SqliteFile {
  readonly path: string;
  /** Whether nothing is ever written to it. */
  readonly readOnly: boolean;
  /** Opens a connection. Nothing is written by that. */
  open(): DatabaseSync;
  /** Makes a connection ready for use. */
  configure(connection: DatabaseSync): void;
  /** Opens a connection that only reads. */
  openReader(): DatabaseSync;
  /** Tells whether what lies at the path stays what was opened. */
  readonly watch: FileWatch;
}

/** Milliseconds for which SQLite itself waits for a file that is busy. */
export const busyTimeout: number = 5000;

/** Why a file is refused that was read without a lock, and to which somebody has written. */
export const changedMeanwhile = 'was moved, exchanged or written to';

const busyCode = 5;
// What SQLite says where it can neither find nor make what it keeps beside a file: read-only, and cannot open.
const unreadableCodes: readonly (number | undefined)[] = [8, 14];
const longestPause = 50;
const readingSettings = 'PRAGMA trusted_schema = OFF; PRAGMA cache_size = -32768;';
// A flush at every commit, and zeros over what is deleted.
const writingSettings = 'PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 4000;';

/** A file to read from and write to. Its first connection is to be prepared by {@link beginWriting}. */
export function writableFile(path: string): SqliteFile {
  return {
    path,
    readOnly: false,
    open: () => new DatabaseSync(path, { timeout: busyTimeout, enableForeignKeyConstraints: true }),
    configure: (connection) => connection.exec(writingSettings + readingSettings),
    openReader: () => readableFile(path).open(),
    watch: new LiveFileWatch(path),
  };
}

/** A file to read from, whatever other process writes to it. */
function readableFile(path: string): SqliteFile {
  const open = () => new DatabaseSync(path, { timeout: busyTimeout, readOnly: true });
  return {
    path,
    readOnly: true,
    open,
    configure: (connection) => connection.exec(readingSettings),
    openReader: open,
    watch: new LiveFileWatch(path),
  };
}

// Without a lock: it holds only as long as nobody writes to it, which is looked at until the end.
function immutableFile(path: string): SqliteFile {
  const location = pathToFileURL(path);
  location.search = '?mode=ro&immutable=1';
  const open = () => new DatabaseSync(location, { readOnly: true });
  return { ...readableFile(path), open, openReader: open, watch: watchImmutable(path) };
}

/**
 * A file from which one only reads, be it on a medium or in a folder that cannot be written to. For a glance no file
 * is made beside one that nobody has open; where somebody writes to it meanwhile, it is `unavailable`.
 *
 * @throws HanaperError `unavailable` where what was written last lies beside it, and cannot be read from there
 */
export function openableForReading(name: string, isGlance = false): SqliteFile {
  // What SQLite keeps beside a file lies beside the file itself, and not beside a link to it.
  const path = realpathSync(name);
  if (lengthOf(`${path}-journal`) > 0) throw unfinished(path);
  if (isGlance && !['-wal', '-shm'].some((suffix) => existsSync(path + suffix))) return immutableFile(path);
  const file = readableFile(path);
  if (canRead(file)) return file;
  if (lengthOf(`${path}-wal`) === 0) return immutableFile(path);
  throw new HanaperError(
    'unavailable',
    `What was written to ${path} last lies beside it in ${path}-wal, and to read that one must be able to write to the folder. Copy both to a folder of your own, and name the copy.`,
    { path },
  );
}

function unfinished(path: string): HanaperError {
  return new HanaperError(
    'unavailable',
    `A program that wrote to ${path} did not end well, and left ${path}-journal. A user who may write there repairs it by opening the database.`,
    { path, remedy: 'open_for_writing' },
  );
}

/** Whether this process may write to a file. */
export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Goes over to write-ahead logging. That needs the file alone for a moment, and SQLite does not wait for it by itself.
 */
export function beginWriting(file: SqliteFile, connection: DatabaseSync): Promise<void> {
  return retryWhileBusy(async () => {
    connection.exec('PRAGMA journal_mode = WAL');
    beginReading(file, connection);
  });
}

/** Makes the first connection to a file ready for use, and begins to watch the file. */
export function beginReading(file: SqliteFile, connection: DatabaseSync): void {
  file.configure(connection);
  // From the first query on there is a log beside it.
  connection.exec('select 1 from sqlite_schema limit 1');
  file.watch.begin(connection);
}

/** Tries something again for as long as SQLite would wait itself, and leaves the process to others meanwhile. */
export async function retryWhileBusy(act: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + busyTimeout;
  for (let pause = 1; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      return await act();
    } catch (error) {
      if (sqliteCodeOf(error) !== busyCode || Date.now() > deadline) throw error;
    }
    await sleep(pause);
  }
}

function canRead(file: SqliteFile): boolean {
  const connection = file.open();
  try {
    connection.exec('select 1 from sqlite_schema');
    return true;
  } catch (error) {
    if (!unreadableCodes.includes(sqliteCodeOf(error))) throw error;
    return false;
  } finally {
    connection.close();
  }
}

// Nobody may write to it, be it by SQLite.
function watchImmutable(path: string): FileWatch {
  const before = describeFileState(path);
  const look = () => (describeFileState(path) === before ? undefined : { reason: changedMeanwhile, mayPass: false });
  return { isLogging: false, begin: () => undefined, look, lookAtPaths: look };
}
