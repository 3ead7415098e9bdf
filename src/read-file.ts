import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { HanaperError, systemCodeOf } from './errors.ts';

const notRegular = 'not a regular file';

/**
 * The bytes of a regular file; `undefined` if it does not exist. Of one that is longer than `most` bytes comes one
 * byte more than that: enough for anyone who reads it to refuse it. What else stands in the way is thrown as `refuse`
 * says it, which is given the system's code, or what the file is instead.
 */
export function readRegularFile(
  path: string,
  most: number,
  refuse: (path: string, reason: string, cause?: unknown) => HanaperError,
): Uint8Array | undefined {
  let descriptor: number;
  try {
    // Without blocking: a pipe must not hang, and is refused below.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unreadable';
    if (reason === 'ENOENT') return undefined;
    // A socket is not opened at all.
    throw refuse(path, reason === 'ENXIO' ? notRegular : reason, cause);
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw refuse(path, status.isDirectory() ? 'a folder' : notRegular);
    return status.size > most ? new Uint8Array(most + 1) : readFileSync(descriptor);
  } catch (cause) {
    throw cause instanceof HanaperError ? cause : refuse(path, systemCodeOf(cause) ?? 'unreadable', cause);
  } finally {
    closeSync(descriptor);
  }
}
