import type { Transaction } from '../../store/engine/transaction.ts';
import { findLastCheckpoint } from '../../store/tables/checkpoints.ts';
import type { FollowedLog } from './followed-log.ts';

/** How far the log has come. */
export interface LogState {
  readonly entries: number;
  /** How many of them are under the last checkpoint. */
  readonly signed: number;
  /** When that was made: RFC 3339, UTC; absent before the first. */
  readonly signedAt?: string;
}

/** Reads how far the log has come; nothing is verified. */
export function readLogState({ followed }: { readonly followed: FollowedLog }): Promise<LogState> {
  return followed.read((transaction, { size }) => describeLogState(transaction, size));
}

/** How far a log of so many entries has come. */
export async function describeLogState(transaction: Transaction, entries: number): Promise<LogState> {
  const last = await findLastCheckpoint(transaction);
  return { entries, signed: last?.size ?? 0, ...(last && { signedAt: last.createdAt }) };
}
