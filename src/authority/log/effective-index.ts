import { decodeLogEntry } from '../../log/entry.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { listLogEntries } from '../../store/tables/log.ts';
import { altered } from './corrupt-row.ts';
import { findFirst } from './find-first.ts';

/**
 * The index of the first of the log's `size` entries that was enrolled at a time or after it; where there is none, that of
 * the entry to come. The times of entries never decrease, so that it takes a few looks in a log of any size.
 *
 * @throws HanaperError `database_corrupt`, `log_tampered`
 */
export function findEffectiveIndex(transaction: Transaction, time: string, size: number): Promise<number> {
  return findFirst(size, async (index) => (await readEnrolledAt(transaction, index)) >= time);
}

/** When the entry of an index was enrolled. */
export async function readEnrolledAt(transaction: Transaction, index: number): Promise<string> {
  const [row] = await listLogEntries(transaction, index, 1);
  if (row?.entryIndex !== index) throw altered(`log: its entry ${index}`);
  return decodeLogEntry(row.entry).enrolledAt;
}
