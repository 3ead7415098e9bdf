import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { HanaperError, systemCodeOf } from '../errors.ts';

const longestWait = 5000;
const pause = 10;
// A lock this old was left by a process that was killed: what it guards takes milliseconds.
const stale = 10_000;

/**
 * Runs `act` while no other process holds the lock of a file: the file `<path>.lock`, made exclusively.
 *
 * @throws HanaperError `unavailable` where it stays held for 5 seconds, `bad_input` where the folder cannot be written
 */
export function withFileLock<Result>(path: string, act: () => Result): Result {
  const lock = `${path}.lock`;
  acquire(lock, Date.now() + longestWait);
  try {
    return act();
  } finally {
    rmSync(lock, { force: true });
  }
}

function acquire(lock: string, deadline: number): void {
  while (!tryToAcquire(lock)) {
    if (Date.now() > deadline) {
      throw new HanaperError('unavailable', `${lock} is held by another process. Try again when that is done.`, {
        lock,
      });
    }
    if (isStale(lock)) rmSync(lock, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
  }
}

function tryToAcquire(lock: string): boolean {
  try {
    closeSync(openSync(lock, 'wx', 0o600));
    return true;
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unwritable';
    if (reason === 'EEXIST') return false;
    throw new HanaperError('bad_input', `${lock} cannot be made (${reason}).`, { path: lock, reason }, cause);
  }
}

function isStale(lock: string): boolean {
  const status = statSync(lock, { throwIfNoEntry: false });
  return status !== undefined && Date.now() - status.mtimeMs > stale;
}
