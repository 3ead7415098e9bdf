import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { HanaperError, systemCodeOf } from '../../errors.ts';

/**
 * What lies at a path, behind links; `undefined` where nothing does.
 *
 * @throws HanaperError `unavailable` where that cannot be seen
 */
export function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unreadable';
    const message = `${path} cannot be looked at (${reason}): this user may not enter a folder on the way to it.`;
    throw new HanaperError('unavailable', message, { path, reason }, cause);
  }
}

/** Whether this process may read a file, or list a folder. */
export function isReadable(path: string): boolean {
  return may(path, constants.R_OK);
}

/** Whether this process may write to a file, or make files in a folder. */
export function isWritable(path: string): boolean {
  return may(path, constants.W_OK);
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
