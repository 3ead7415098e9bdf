import type { CID } from 'multiformats/cid';
import { equalBytes } from '../../bytes.ts';
import { decodeLogEntry, type LogEntry } from '../../log/entry.ts';
import { logTampered } from '../../log/tampered.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { listLogEntries, readLogHead } from '../../store/tables/log.ts';
import { getInvocationByCid } from '../../store/tables/ucan-invocations.ts';

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
 * The index of the first of the log's `size` entries that was enrolled at a time (RFC 3339, UTC, milliseconds) or later; where
 * no entry was, that of the next entry to come. Times never decrease, so few entries of a long log are read.
 *
 * @throws HanaperError `log_tampered`
 */
export function findIndexAt(transaction: Transaction, time: string, size: number): Promise<number> {
  return findFirst(size, async (index) => (await readEnrolledAt(transaction, index)) >= time);
}

/**
 * When the entry at an index was enrolled.
 *
 * @throws HanaperError `log_tampered`
 */
export async function readEnrolledAt(transaction: Transaction, index: number): Promise<string> {
  const placed = await findEntry(transaction, index);
  if (placed) return placed.entry.enrolledAt;
  throw logTampered('entry', 'is missing', { index });
}

/**
 * The entry that names a receipt; `undefined` if no entry does, as for what was executed before there was a log.
 *
 * @throws HanaperError `log_tampered`
 */
export async function findEntryOf(transaction: Transaction, receipt: CID): Promise<PlacedEntry | undefined> {
  const row = await getInvocationByCid(transaction, receipt);
  if (row?.executedAt == null) return undefined;
  // Not earlier than it was executed; later only where the clock was put back.
  let index = await findIndexAt(transaction, row.executedAt, (await readLogHead(transaction)).size);
  for (;;) {
    const page = await listEntries(transaction, index, entriesAtOnce);
    const found = page.find(({ entry }) => equalBytes(entry.receipt.bytes, receipt.bytes));
    if (found || page.length < entriesAtOnce) return found;
    index += entriesAtOnce;
  }
}

// By halving: where something holds at an index, it holds at every later one.
async function findFirst(count: number, holds: (index: number) => Promise<boolean>): Promise<number> {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (await holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
