import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { LogIndex, type LogIndexState } from './log-index.ts';
import { sqliteCodeOf } from './sqlite-code.ts';

/** What is wrong with the files of an open database. */
export interface FileFault {
  readonly reason: string;
  /** Whether it can be the work of another connection that is not done yet, and so has to be looked at once more. */
  readonly mayPass: boolean;
}

/** Watches the files of a database while connections to it are open. */
export interface FileWatch {
  /** Whether there is a write-ahead log, and it is watched, too. */
  readonly isLogging: boolean;
  /** Begins to watch the log as well, once there is one. */
  begin(connection: DatabaseSync): void;
  /** Looks at all of them; `connection` has no transaction open. Returns what is wrong with them. */
  look(connection: DatabaseSync): FileFault | undefined;
  /** Looks only whether they lie where they lay. */
  lookAtPaths(): FileFault | undefined;
}

/** Where a write-ahead log stands. */
interface LogState {
  /** How many frames of it are committed; -1 where the database has none. */
  readonly frames: number;
  /** How many of them were moved into the file. */
  readonly moved: number;
  /** What its index holds; `undefined` where that cannot be told. */
  readonly index: LogIndexState | undefined;
  /** Its header, which changes each time that it begins anew; empty before the first frame. */
  readonly header: Buffer;
  /** The header of its last committed frame, whose checksum is over all of them. */
  readonly lastFrame: Buffer;
}

interface State extends LogState {
  /** Bytes and time of the last change of the file. */
  readonly file: string;
}

// https://www.sqlite.org/fileformat2.html#the_write_ahead_log
const logHeaderLength = 32;
const frameHeaderLength = 24;
// Its last bit tells in which order checksums are computed.
const logMagic = 0x377f0682;
const pageSizeOffset = 8;
const saltsOffset = { log: 16, frame: 8 } as const;
const saltsLength = 8;
const readOnlyCode = 8;

/**
 * Watches the three files of a SQLite database while connections to it are open: that each is the one that was opened, and
 * that nobody but SQLite has written to them. In a file that is gone from its path, or under a log that is another's, what
 * is committed is lost.
 */
export class LiveFileWatch implements FileWatch {
  readonly #path: string;
  readonly #realPath: string;
  readonly #identity: string;
  readonly #index: LogIndex;
  #companions: string | undefined;
  #seen: State | undefined;

  /** Begins with the file as it is. */
  constructor(path: string) {
    this.#path = path;
    // SQLite keeps the log beside the file itself, and not beside a link to it.
    this.#realPath = realpathSync(path);
    this.#identity = identify(path);
    this.#index = new LogIndex(`${this.#realPath}-shm`);
  }

  get isLogging(): boolean {
    return this.#seen !== undefined;
  }

  look(connection: DatabaseSync): FileFault | undefined {
    return this.lookAtPaths() ?? (this.#seen && this.#lookInside(connection));
  }

  begin(connection: DatabaseSync): void {
    this.#lookInside(connection);
  }

  lookAtPaths(): FileFault | undefined {
    if (identify(this.#path) !== this.#identity) return lost('was moved, deleted or exchanged');
    if (this.#companions === undefined || this.#companions === this.#identifyCompanions()) return undefined;
    return lost('has lost its -wal or -shm file, or has another one');
  }

  #identifyCompanions(): string {
    return `${identify(`${this.#realPath}-wal`)} ${identify(`${this.#realPath}-shm`)}`;
  }

  #lookInside(connection: DatabaseSync): FileFault | undefined {
    const { log: frames, checkpointed: moved } = countFrames(connection);
    if (frames < 0) return undefined;
    this.#companions ??= this.#identifyCompanions();
    const log = readLog(`${this.#realPath}-wal`, this.#seen?.frames ?? 0, frames);
    if (log === undefined) return passing('has a -wal file that somebody has cut off or written to');
    const index = this.#index.read();
    const state = { frames, moved, index, header: log.header, lastFrame: log.last, file: describe(this.#path) };
    const fault = this.#seen && findFault(this.#seen, log.formerLast, state);
    if (fault === undefined) this.#seen = state;
    return fault;
  }
}

function findFault(before: State, formerLast: Buffer, now: State): FileFault | undefined {
  const isSameLog = now.header.equals(before.header);
  const isWritten = now.file !== before.file;
  if (isSameLog) {
    // Between its last frame and the first that is written anew a log is empty, and has its old header.
    const isEmptied = now.frames === 0;
    if (!isEmptied && (now.frames < before.frames || !formerLast.equals(before.lastFrame))) {
      return passing('has a -wal file that is not the one that was written');
    }
    // One that was empty may have been filled and emptied again meanwhile: its commits are counted beyond its end.
    const isRefilled = now.header.length === 0 && now.index?.commits !== before.index?.commits;
    const isMoved = now.moved !== before.moved || (isEmptied && before.frames > 0) || isRefilled;
    // A checkpoint whose process was killed has written to the file, and moved nothing yet: the log has it all still.
    const isInterrupted = now.index?.attempted !== before.index?.attempted;
    if (isWritten && !isMoved && !isInterrupted) return passing('was overwritten by something else than SQLite');
    return undefined;
  }
  return hasBegunAnew(before, now) ? undefined : passing('has the -wal file of another time');
}

// The header tells no order: its count is each connection's own, and its salts are the next ones or random ones. But before
// a log begins anew, SQLite has moved all of it into the file, and counts its frames from the first on.
function hasBegunAnew(before: State, now: State): boolean {
  if (now.header.length === 0 || before.header.length === 0) return true;
  return now.file !== before.file || now.frames !== before.frames || now.moved !== before.moved;
}

interface LogParts {
  readonly header: Buffer;
  /** The header of the frame that was the last before. */
  readonly formerLast: Buffer;
  readonly last: Buffer;
}

/** Reads from a log what tells whether it is the same; `undefined` where it lacks the frames that it must have. */
function readLog(path: string, formerFrames: number, frames: number): LogParts | undefined {
  const file = openIfAny(path);
  if (file === undefined) return undefined;
  try {
    const header = readAt(file, 0, logHeaderLength);
    const none = Buffer.alloc(0);
    if (header.length < logHeaderLength) return frames > 0 ? undefined : { header: none, formerLast: none, last: none };
    const frameLength = frameHeaderLength + header.readUInt32BE(pageSizeOffset);
    const readFrame = (count: number) =>
      count > 0 ? readAt(file, logHeaderLength + (count - 1) * frameLength, frameHeaderLength) : none;
    const last = readFrame(frames);
    // In the place of the last byte of the last frame there must be one.
    const isWhole = frames === 0 || readAt(file, logHeaderLength + frames * frameLength - 1, 1).length === 1;
    const salts = header.subarray(saltsOffset.log, saltsOffset.log + saltsLength);
    const isOfLog = frames === 0 || last.subarray(saltsOffset.frame, saltsOffset.frame + saltsLength).equals(salts);
    const isLog = frames === 0 || (header.readUInt32BE(0) & ~1) === logMagic;
    return isLog && isWhole && isOfLog ? { header, formerLast: readFrame(formerFrames), last } : undefined;
  } finally {
    // No lock of SQLite is on the log itself; on the other two files closing would release them all.
    closeSync(file);
  }
}

function openIfAny(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}

function readAt(file: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(file, buffer, 0, length, position));
}

// It moves nothing, and only counts. Anyone who may not write to the log is not told.
function countFrames(connection: DatabaseSync): { readonly log: number; readonly checkpointed: number } {
  try {
    const row = connection.prepare('PRAGMA wal_checkpoint(NOOP)').get();
    return { log: Number(row?.['log'] ?? -1), checkpointed: Number(row?.['checkpointed'] ?? -1) };
  } catch (error) {
    if (sqliteCodeOf(error) === readOnlyCode) return { log: -1, checkpointed: -1 };
    throw error;
  }
}

function describe(path: string): string {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  return status ? `${status.size} ${status.mtimeNs}` : 'absent';
}

function identify(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false });
  return status ? `${status.dev} ${status.ino}` : 'absent';
}

function lost(reason: string): FileFault {
  return { reason, mayPass: false };
}

function passing(reason: string): FileFault {
  return { reason, mayPass: true };
}
