import { decodeLogEntry } from '../../log/entry.ts';
import { emptyRoot, hashLeaf } from '../../log/merkle.ts';
import { logTampered } from '../../log/tampered.ts';
import type { LogHeadRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findLogEntry, findTableBehind, lockLogHead, readLogHead } from '../../store/tables/log.ts';

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
  return size === 0 ? emptyRoot() : hashLeaf(await findLast(transaction, size));
}

/**
 * Requires that another entry can follow. It goes behind the head, and is not enrolled before the time of that: there must be
 * nothing in its place, and the time must be that of the last entry.
 *
 * @throws HanaperError `log_tampered`
 */
export async function requireRoom(transaction: Transaction, { size, enrolledAt }: LogHeadRow): Promise<void> {
  const table = await findTableBehind(transaction, size);
  if (table) throw logTampered('head', 'has something behind it', { table, index: size });
  if (size === 0 || decodeLogEntry(await findLast(transaction, size)).enrolledAt === enrolledAt) return;
  throw logTampered('head', 'says another time than its last entry', { column: 'enrolled_at' });
}

async function findLast(transaction: Transaction, size: number): Promise<Uint8Array> {
  const entry = await findLogEntry(transaction, size - 1);
  if (entry) return entry;
  throw logTampered('entry', 'is missing', { index: size - 1 });
}
