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
    const message = `${path} cannot be looked at (${reason}): ${whyNot(reason)}.`;
    throw new HanaperError('unavailable', message, { path, reason }, cause);
  }
}

function whyNot(reason: string): string {
  if (reason === 'ELOOP') return 'the links on the way to it lead in a circle';
  if (reason === 'ENAMETOOLONG') return 'its name is too long for the file system';
  if (reason === 'EACCES') return 'this user may not enter a folder on the way to it';
  return 'the file system does not say what is there';
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
