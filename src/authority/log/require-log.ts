import { HanaperError } from '../../errors.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findLastCheckpoint } from '../../store/tables/checkpoints.ts';
import { readLogHead } from '../../store/tables/log.ts';
import { isLogKeyStated } from './log-key.ts';

/**
 * Requires what the log of a database has from its first moment on: an entry, its key, and a checkpoint. Where one of them
 * is gone somebody has taken it away, and nothing is signed that would make the rest look whole.
 *
 * @throws HanaperError `log_tampered`, `database_corrupt`
 */
export async function requireLog(transaction: Transaction): Promise<void> {
  const { size } = await readLogHead(transaction);
  if (size === 0) throw removed('entry', size);
  if (!(await isLogKeyStated(transaction))) throw removed('log_key', size);
  if ((await findLastCheckpoint(transaction)) === undefined) throw removed('checkpoint', size);
}

const names = { entry: 'no entry', log_key: 'no key', checkpoint: 'no checkpoint' };

/** The error for a log that lacks what it has had from its first moment on; `entries` is how many it has now. */
export function removed(what: keyof typeof names, entries: number): HanaperError {
  return new HanaperError(
    'log_tampered',
    `The log of this database has ${names[what]}, and always had one: it was removed. Nothing is signed. Keep a copy as it is, and find out who wrote there.`,
    { what, reason: 'is missing', entries, remedy: 'verify_log' },
  );
}
