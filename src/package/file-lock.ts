import { linkSync, lstatSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeHex, encodeUtf8 } from '../bytes.ts';
import { sha256 } from '../crypto/digest.ts';
import { randomBytes } from '../crypto/random.ts';
import { HanaperError, systemCodeOf } from '../errors.ts';
import { atExit } from './at-exit.ts';
import { findHolder, formatHolder, type LockHolder, nameHolder, parseHolder } from './lock-holder.ts';
import { temporaryPathFor } from './temporary-file.ts';

// What is done under a lock takes milliseconds, or one answer of a server.
const longestWait = 15_000;
const pause = 10;
// So long a lock that names nobody must stand there unchanged to be nobody's: what earlier versions did under theirs took
// milliseconds. It is counted in turns of waiting here, and not told by a date.
const unnamedTurns = 200;
const longestName = 255;
// Names of machines and counts of the kernel are short: something larger names nobody, and is not read again and again.
const maxBytes = 4096;

/** A lock that this process holds, until it is disposed of. */
export interface FileLock extends Disposable {
  /** The lock file. */
  readonly path: string;
}

/** How long a lock is waited for. */
export interface LockOptions {
  /** Milliseconds; default: 15 seconds. */
  readonly patience?: number;
}

/**
 * Runs `act` while no other process holds the lock of a file. The lock is the file `<path>.lock`, which names its holder: it
 * is taken over only where the kernel says that the holder is gone, however old it is.
 *
 * @throws HanaperError `unavailable` where it stays held, `bad_input` where the folder cannot be written to, or something
 * else stands in the place of the lock
 */
export function withFileLock<Result>(path: string, act: () => Result, options: LockOptions = {}): Result {
  const attempts = new LockAttempts(path, options);
  for (;;) {
    using lock = attempts.next();
    if (lock) return act();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
  }
}

/** Takes the lock of a file as {@link withFileLock} does, and hears signals meanwhile. */
export async function takeFileLock(path: string, options: LockOptions = {}): Promise<FileLock> {
  const attempts = new LockAttempts(path, options);
  for (;;) {
    const lock = attempts.next();
    if (lock) return lock;
    await sleep(pause);
  }
}

/**
 * Takes the lock of a file, and opens what holds it from then on; the lock is let go where that cannot be opened.
 *
 * @throws HanaperError as {@link withFileLock} and `open` do
 */
export async function openUnderLock<Opened extends Disposable>(
  path: string,
  open: (lock: FileLock) => Opened,
): Promise<Opened> {
  const lock = await takeFileLock(path);
  try {
    return open(lock);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

class LockAttempts {
  readonly #path: string;
  readonly #patience: number;
  #turns = 0;
  #unnamed = { identity: '', turns: 0 };

  constructor(path: string, { patience = longestWait }: LockOptions) {
    this.#path = lockPathOf(path);
    this.#patience = patience;
  }

  /** Tries once: the lock, or nothing where it is held. */
  next(): FileLock | undefined {
    const lock = tryToTake(this.#path);
    if (lock) return lock;
    const found = readLock(this.#path);
    if (found === undefined) return undefined;
    if (this.#isAbandoned(found)) {
      removeAbandoned(this.#path, found);
      return undefined;
    }
    if (this.#turns * pause >= this.#patience) throw held(this.#path, found.holder);
    this.#turns += 1;
    return undefined;
  }

  #isAbandoned({ identity, holder }: FoundLock): boolean {
    if (holder) return findHolder(holder) === 'gone';
    const turns = this.#unnamed.identity === identity ? this.#unnamed.turns + 1 : 0;
    this.#unnamed = { identity, turns };
    return turns >= unnamedTurns;
  }
}

// A file's own name may be as long as a name can be.
function lockPathOf(path: string): string {
  const name = `${basename(path)}.lock`;
  if (encodeUtf8(name).length <= longestName) return join(dirname(path), name);
  return join(dirname(path), `.${encodeHex(sha256(encodeUtf8(name))).slice(0, 32)}.lock`);
}

// A link appears at once, with the holder in it, or not at all.
function tryToTake(path: string): FileLock | undefined {
  const token = encodeHex(randomBytes(16));
  const own = temporaryPathFor(path);
  const content = formatHolder(nameHolder(token));
  try {
    writeFileSync(own, content, { flag: 'wx', mode: 0o600 });
    linkOrCreate(own, path, content);
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unwritable';
    if (reason === 'EEXIST') return undefined;
    throw new HanaperError('bad_input', `${path} cannot be made (${reason}).`, { path, reason }, cause);
  } finally {
    rmSync(own, { force: true });
  }
  return hold(path, token);
}

function linkOrCreate(own: string, path: string, content: string): void {
  try {
    linkSync(own, path);
  } catch (cause) {
    // Some file systems know no links.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(systemCodeOf(cause) ?? '')) throw cause;
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
  }
}

function hold(path: string, token: string): FileLock {
  const remove = () => {
    if (readLock(path)?.holder?.token === token) rmSync(path, { force: true });
  };
  const takeBack = atExit(remove);
  return {
    path,
    [Symbol.dispose]: () => {
      takeBack();
      remove();
    },
  };
}

interface FoundLock {
  /** Tells one lock file from another at the same place. */
  readonly identity: string;
  /** Absent: the lock names nobody. */
  readonly holder?: LockHolder;
}

function readLock(path: string): FoundLock | undefined {
  try {
    const status = lstatSync(path, { bigint: true });
    if (!status.isFile()) throw notALock(path);
    const holder = status.size > maxBytes ? undefined : parseHolder(readFileSync(path, 'utf8'));
    const identity = holder?.token ?? `${status.dev}-${status.ino}-${status.ctimeNs}`;
    return { identity, ...(holder && { holder }) };
  } catch (cause) {
    const reason = systemCodeOf(cause);
    if (cause instanceof HanaperError) throw cause;
    if (reason === 'ENOENT') return undefined;
    throw new HanaperError('bad_input', `${path} cannot be read (${reason}).`, { path, reason }, cause);
  }
}

/**
 * Removes a lock whose holder is gone. Two processes may find it at the same time, and the slower one must not remove what the
 * faster one put there since: so only the holder of a lock on that very lock removes it, and looks again before.
 */
function removeAbandoned(path: string, { identity }: FoundLock): void {
  const claim = join(dirname(path), `.${encodeHex(sha256(encodeUtf8(identity))).slice(0, 32)}.lock`);
  const lock = tryToTake(claim);
  if (lock === undefined) {
    // Its holder can be gone as well.
    const other = readLock(claim);
    if (other?.holder && findHolder(other.holder) === 'gone') removeAbandoned(claim, other);
    return;
  }
  using _held = lock;
  if (readLock(path)?.identity === identity) unlinkSync(path);
}

function notALock(path: string): HanaperError {
  return new HanaperError(
    'bad_input',
    `${path} is no file, and stands where the lock of a file is made. Move it out of the way.`,
    { path, reason: 'not a regular file' },
  );
}

function held(path: string, holder: LockHolder | undefined): HanaperError {
  const details = { lock: path, ...(holder && { pid: holder.pid, machine: holder.machine }) };
  if (holder === undefined || findHolder(holder) === 'runs') {
    const by = holder ? `process ${holder.pid}` : 'another process';
    return new HanaperError('unavailable', `${path} is held by ${by}. Try again when that is done.`, details);
  }
  return new HanaperError(
    'unavailable',
    `${path} is held by process ${holder.pid} of another machine or container (${holder.machine.trim()}), so it cannot be told from here whether that runs. If it does not, remove ${path}.`,
    details,
  );
}
