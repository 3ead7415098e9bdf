import type { CheckpointRow } from './schema.ts';
import { prepare } from './statement.ts';
import type { Transaction } from './transaction.ts';

const selectLast = prepare<CheckpointRow>('select size, note, created_at from checkpoints order by size desc limit 1');
const insert = prepare('insert into checkpoints (size, note, created_at) values ($1, $2, $3)');

/** The checkpoint of the most entries; `undefined` before the first. Nobody has verified it. */
export async function findLastCheckpoint(transaction: Transaction): Promise<CheckpointRow | undefined> {
  const [row] = await selectLast(transaction);
  return row;
}

/** Checkpoints behind a size, in their order: at most so many. */
export async function listCheckpoints(
  { kysely }: Transaction,
  behind: number,
  limit: number,
): Promise<readonly CheckpointRow[]> {
  return kysely.selectFrom('checkpoints').selectAll().where('size', '>', behind).orderBy('size').limit(limit).execute();
}

/** Adds a checkpoint. */
export async function insertCheckpoint(
  transaction: Transaction,
  { size, note, createdAt }: CheckpointRow,
): Promise<void> {
  await insert(transaction, size, note, createdAt);
}
