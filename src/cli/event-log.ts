import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { encodeUtf8 } from '../bytes.ts';
import { HanaperError, systemCodeOf } from '../errors.ts';
import type { Observer } from '../events.ts';
import { escapeUnprintable } from '../printable.ts';

/** Appends every event to a file as JSON lines (`-`: standard error). */
export interface EventLog extends Disposable {
  /** @throws HanaperError `unavailable` where the file cannot be written */
  readonly observe: Observer;
}

/**
 * Opens the event log before anything is done, so that nothing is done unrecorded.
 *
 * @throws HanaperError `bad_config` where the file cannot be opened
 */
export async function openEventLog(path: string): Promise<EventLog> {
  const descriptor = path === '-' ? openStandardError() : openForAppending(path);
  // Where a line broke off, the next begins on one of its own.
  let start = '';
  return {
    observe: ({ name, time, reason, details }) => {
      const level = reason === undefined ? 'info' : 'warn';
      const line = JSON.stringify({ level, time, event: name, ...(reason && { reason }), details });
      try {
        writeAll(descriptor, encodeUtf8(`${start}${escapeUnprintable(line)}\n`));
        start = '';
      } catch (cause) {
        start = '\n';
        throw unwritable(path, cause);
      }
    },
    [Symbol.dispose]: () => {
      if (descriptor !== 2) closeSync(descriptor);
    },
  };
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
}

// A pipe is opened anew, so that it is not the others' who write there that no longer wait.
function openStandardError(): number {
  if (!fstatSync(2).isFIFO()) return 2;
  try {
    return openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return 2;
  }
}

function openForAppending(path: string): number {
  try {
    // Without waiting for a reader, where it is a pipe: what it does not take cannot be recorded.
    return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK, 0o600);
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unwritable';
    throw new HanaperError(
      'bad_config',
      `The event log ${path} cannot be written (${reason}).`,
      { path, reason },
      cause,
    );
  }
}

function unwritable(path: string, cause: unknown): HanaperError {
  const reason = systemCodeOf(cause) ?? 'unwritable';
  const file = path === '-' ? 'on standard error' : path;
  return new HanaperError(
    'unavailable',
    `The event log ${file} cannot be written (${reason}): see whether its disk is full, or its reader has stopped.`,
    { path, reason },
    cause,
  );
}
