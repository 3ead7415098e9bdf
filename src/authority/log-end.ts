import { emptyRoot, hashLeaf } from '../log/merkle.ts';
import { logTampered } from '../log/tampered.ts';
import { findLogEntry, lockLogHead, readLogHead } from '../store/log.ts';
import type { LogHeadRow } from '../store/schema.ts';
import type { Transaction } from '../store/transaction.ts';

/** Where the log ends, and behind which entry the next one comes. */
export interface LogEnd extends LogHeadRow {
  /** The leaf hash of the last entry; SHA-256 of nothing before the first: 32 bytes. */
  readonly leaf: Uint8Array;
}

/**
 * Where the log ends at this moment.
 *
 * @throws HanaperError `log_tampered` where the last entry is missing, `database_corrupt`
 */
export async function readLogEnd(transaction: Transaction): Promise<LogEnd> {
  const head = await readLogHead(transaction);
  return { ...head, leaf: await hashLast(transaction, head.size) };
}

/**
 * Where the log ends, held until the transaction does.
 *
 * @throws HanaperError `log_tampered` where the last entry is missing, `database_corrupt`
 */
export async function lockLogEnd(transaction: Transaction): Promise<LogEnd> {
  const head = await lockLogHead(transaction);
  return { ...head, leaf: await hashLast(transaction, head.size) };
}

/**
 * The leaf hash of the last of `size` entries: 32 bytes.
 *
 * @throws HanaperError `log_tampered` where it is missing
 */
export async function hashLast(transaction: Transaction, size: number): Promise<Uint8Array> {
  if (size === 0) return emptyRoot();
  const entry = await findLogEntry(transaction, size - 1);
  if (entry) return hashLeaf(entry);
  throw logTampered('entry', 'is missing', { index: size - 1 });
}
