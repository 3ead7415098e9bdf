import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { type HanaperError, systemCodeOf } from '../errors.ts';

/**
 * The bytes of a regular file; `undefined` where there is none. Of one that is longer than `most` bytes comes one byte more
 * than that: enough for whoever reads it to refuse it. What else stands in the way is thrown as `refuse` says it.
 */
export function readRegularFile(
  path: string,
  most: number,
  refuse: (path: string, cause: unknown) => HanaperError,
): Uint8Array | undefined {
  let descriptor: number;
  try {
    // Without blocking: a pipe must not hang, and is refused below.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return undefined;
    throw refuse(path, cause);
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new TypeError('not a regular file');
    return status.size > most ? new Uint8Array(most + 1) : readFileSync(descriptor);
  } catch (cause) {
    throw refuse(path, cause);
  } finally {
    closeSync(descriptor);
  }
}
