import type { CID } from 'multiformats/cid';
import { equalBytes } from '../../bytes.ts';
import { decodeLogEntry, type LogEntry } from '../../log/entry.ts';
import { logTampered } from '../../log/tampered.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { listLogEntries, readLogHead } from '../../store/tables/log.ts';
import { getInvocationByCid } from '../../store/tables/ucan-invocations.ts';
import { findFirst } from './find-first.ts';

const entriesAtOnce = 500;

/** An entry, read, and where it stands. */
export interface PlacedEntry {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly entry: LogEntry;
}

/**
 * The entry at an index; `undefined` where the log is not so long.
 *
 * @throws HanaperError `log_tampered`
 */
export async function findEntry(transaction: Transaction, index: number): Promise<PlacedEntry | undefined> {
  const [placed] = await listEntries(transaction, index, 1);
  return placed?.index === index ? placed : undefined;
}

/**
 * Entries from an index on, in their order.
 *
 * @throws HanaperError `log_tampered`
 */
export async function listEntries(
  transaction: Transaction,
  from: number,
  limit: number,
): Promise<readonly PlacedEntry[]> {
  const rows = await listLogEntries(transaction, from, limit);
  return rows.map(({ entryIndex, entry }) => ({ index: entryIndex, bytes: entry, entry: decodeLogEntry(entry) }));
}

/**
 * The index of the first entry that was enrolled at a time (RFC 3339, UTC, milliseconds) or later; where there is none,
 * that of the next entry to come. Since `enrolled_at` never decreases, few entries are looked at.
 *
 * @throws HanaperError `log_tampered`
 */
export async function findIndexAt(transaction: Transaction, time: string): Promise<number> {
  const { size } = await readLogHead(transaction);
  return findFirst(size, async (index) => {
    const placed = await findEntry(transaction, index);
    if (placed === undefined) throw logTampered('entry', 'is missing', { index });
    return placed.entry.enrolledAt >= time;
  });
}

/**
 * The entry that names a receipt; `undefined` where there is none, as for what was executed before there was a log.
 *
 * @throws HanaperError `log_tampered`
 */
export async function findEntryOf(transaction: Transaction, receipt: CID): Promise<PlacedEntry | undefined> {
  const row = await getInvocationByCid(transaction, receipt);
  if (row?.executedAt == null) return undefined;
  // Not earlier than it was executed; later only where the clock was put back.
  let index = await findIndexAt(transaction, row.executedAt);
  for (;;) {
    const page = await listEntries(transaction, index, entriesAtOnce);
    const found = page.find(({ entry }) => equalBytes(entry.receipt.bytes, receipt.bytes));
    if (found || page.length < entriesAtOnce) return found;
    index += entriesAtOnce;
  }
}
