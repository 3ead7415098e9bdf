import { HanaperError } from '../../errors.ts';

/** The error for what a database holds, and nobody could rightly have put there. */
export function corruptRow(what: string, cause?: unknown): HanaperError {
  const message = `The ${what} was altered. Restore the database from a backup.`;
  return new HanaperError('database_corrupt', message, { what }, cause);
}
