import { HanaperError } from '../../errors.ts';
import type { KeySlot } from '../../vault/slot.ts';
import type { KeySlotRow } from '../engine/schema.ts';
import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

const maxSlots = 16;

const selectRemoved = prepare<{ readonly rowKey: string }>(
  `select distinct row_key from log_effects where table_name = 'key_slots'
     and row_key not in (select cast(id as text) from key_slots)`,
);

/** The ids of slots that were removed, as the log has them. */
export async function listRemovedSlots(transaction: Transaction): Promise<readonly string[]> {
  return (await selectRemoved(transaction)).map(({ rowKey }) => rowKey);
}

/**
 * The key slots, oldest first.
 *
 * @throws HanaperError `slot_damaged` where the parameters cannot be read
 */
export async function listKeySlots({ kysely }: Transaction): Promise<readonly KeySlot[]> {
  const query = kysely.selectFrom('keySlots').selectAll().orderBy('createdAt').orderBy('id').limit(maxSlots);
  return (await query.execute()).map(toSlot);
}

/** Adds a slot. */
export async function insertKeySlot({ kysely, effects }: Transaction, slot: KeySlot): Promise<void> {
  const row = toRow(slot);
  await kysely.insertInto('keySlots').values(row).execute();
  effects.wrote('keySlots', row);
}

/**
 * Really deletes a slot.
 *
 * @throws HanaperError `database_corrupt` where the database keeps it
 */
export async function deleteKeySlot({ kysely, effects }: Transaction, id: string): Promise<void> {
  const rows = await kysely.selectFrom('keySlots').selectAll().where('id', '=', id).execute();
  const { numDeletedRows } = await kysely.deleteFrom('keySlots').where('id', '=', id).executeTakeFirstOrThrow();
  if (rows.length !== 1 || numDeletedRows !== 1n) throw kept(id);
  for (const row of rows) effects.removed('keySlots', row);
}

function kept(id: string): HanaperError {
  return new HanaperError(
    'database_corrupt',
    `Key slot ${id} cannot be removed: something in the database hides or keeps it. Restore the database from a backup.`,
    { table: 'key_slots', key: id },
  );
}

function toRow({ costs, ...row }: KeySlot): KeySlotRow {
  const parameters = costs && JSON.stringify({ memory_kib: costs.memoryKib, passes: costs.passes, lanes: costs.lanes });
  return { ...row, parameters };
}

function toSlot({ parameters, ...row }: KeySlotRow): KeySlot {
  return { ...row, costs: parameters === null ? null : readCosts(row.id, parameters) };
}

function readCosts(id: string, parameters: string): NonNullable<KeySlot['costs']> {
  try {
    const { memory_kib, passes, lanes } = JSON.parse(parameters);
    return { memoryKib: memory_kib, passes, lanes };
  } catch (cause) {
    throw new HanaperError(
      'slot_damaged',
      `Key slot ${id} was altered: its parameters cannot be read. Restore the database from a backup.`,
      { slot: id },
      cause,
    );
  }
}
