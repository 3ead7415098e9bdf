import { decodeUtf8 } from '../../bytes.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findLastCheckpoint } from '../../store/tables/checkpoints.ts';
import { readNoteSize } from './read-note-size.ts';

/**
 * Checks the log against the checkpoint that a caller has seen of it: a signed note. A database that was put back to
 * an old copy learns so from those who have seen more.
 *
 * @throws HanaperError `log_rolled_back`; `log_tampered` where the note is not one of this log, or the log was altered
 */
export async function requireContinued(transaction: Transaction, did: string, note: string): Promise<void> {
  const last = await findLastCheckpoint(transaction);
  // So it is mostly, and then there is nothing to verify.
  if (last && decodeUtf8(last.note) === note) return;
  const size = readNoteSize(note);
  const { checkContinuity } = await import('./check-continuity.ts');
  await checkContinuity(transaction, did, [{ authority: did, source: 'the caller', size, checkpoint: note }]);
}
