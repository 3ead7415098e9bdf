import { readPages } from '../engine/pages.ts';
import type { CheckpointRow } from '../engine/schema.ts';
import { lowestInteger, prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

const checkpointsAtOnce = 500;

const selectLast = prepare<CheckpointRow>('select size, note, created_at from checkpoints order by size desc limit 1');
const selectPage = prepare<CheckpointRow>(
  'select size, note, created_at from checkpoints where size >= $1 order by size limit $2',
);
const insert = prepare('insert into checkpoints (size, note, created_at) values ($1, $2, $3)');

/** The checkpoint of the most entries; `undefined` before the first. Nobody has verified it. */
export async function findLastCheckpoint(transaction: Transaction): Promise<CheckpointRow | undefined> {
  const [row] = await selectLast(transaction);
  return row;
}

/** Every checkpoint, in their order: read some at a time, and only as far as they are taken. */
export async function* listEveryCheckpoint(transaction: Transaction): AsyncGenerator<CheckpointRow> {
  const pages = readPages<CheckpointRow>(checkpointsAtOnce, (last) =>
    selectPage(transaction, last ? last.size + 1 : lowestInteger, checkpointsAtOnce),
  );
  for await (const rows of pages) yield* rows;
}

/** Adds a checkpoint. */
export async function insertCheckpoint(
  transaction: Transaction,
  { size, note, createdAt }: CheckpointRow,
): Promise<void> {
  await insert(transaction, size, note, createdAt);
}
