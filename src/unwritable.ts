import { HanaperError, systemCodeOf } from './errors.ts';

// No room, or no working disk, however well the place was chosen.
const passing: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'];

/** The error for a file that cannot be written: `unavailable` where the disk is full or fails, else `bad_input`. */
export function unwritable(path: string, cause: unknown): HanaperError {
  const reason = systemCodeOf(cause) ?? 'unwritable';
  const details = { path, reason };
  if (!isFull(reason)) {
    return new HanaperError('bad_input', `${path} cannot be written (${reason}).`, details, cause);
  }
  const message = `${path} cannot be written (${reason}). Make room there, or name a place elsewhere.`;
  return new HanaperError('unavailable', message, details, cause);
}

/** Whether a file cannot be written because the disk is full, or fails: by the system's code. */
export function isFull(reason: string): boolean {
  return passing.includes(reason);
}
