import { z } from 'zod';
import { requireRefusal } from '../../attempt.ts';
import type { ErrorCode } from '../../errors.ts';
import { requireTyped } from '../../store/engine/damage.ts';
import { type Effect, effectOf, type LoggedRow, type LoggedTable, nameInSql } from '../../store/engine/effects.ts';
import type { OrganizationRow } from '../../store/engine/schema.ts';
import { listLostKeys, listLostRevocations, type UnforgettableTable } from '../../store/tables/lost-rows.ts';
import { listUnwritten } from '../log/check-rows.ts';
import type { CommandContext } from '../schemas/command.ts';
import { openTrust } from './open-trust.ts';

/** Something that a list shows, or leaves out, and that is not as the log or the signed trust has it. */
export interface AlteredDocument {
  readonly code: 'log_tampered' | 'trust_tampered';
  /** The table's name in SQL. */
  readonly table: string;
  /** What names the row, as in the log. */
  readonly key: string;
  /** What is wrong, as a sentence. */
  readonly message: string;
}

/** What lists say beside their rows: absent where all is as it was written. */
export interface MaybeAltered {
  readonly altered?: readonly AlteredDocument[];
}

/** The form of {@link MaybeAltered}. */
export const alteredFields: { readonly altered: z.ZodExactOptional<z.ZodType<readonly AlteredDocument[]>> } = {
  altered: z
    .array(
      z.strictObject({
        code: z.enum(['log_tampered', 'trust_tampered']),
        table: z.string().describe("The table's name in SQL"),
        key: z.string().describe('What names the row, as in the log'),
        message: z.string(),
      }),
    )
    .min(1)
    .describe('What is not as the log, or the signed trust, has it. Absent: all is')
    .exactOptional(),
};

/** What one document of a list says of its row: absent where that is as it was written. */
export interface MaybeMarked {
  readonly altered?: true;
}

/** The form of {@link MaybeMarked}. */
export const markFields: { readonly altered: z.ZodExactOptional<z.ZodType<true>> } = {
  altered: z.literal(true).describe('The row is not as the log has it. Absent: it is').exactOptional(),
};

/** A document of a list, marked where the row of that key is among those that were altered. */
export function mark<Result extends object>(
  document: Result,
  key: string,
  altered: readonly AlteredDocument[],
): Result & MaybeMarked {
  return altered.some((each) => each.key === key) ? { ...document, altered: true } : document;
}

type Reading = Pick<CommandContext, 'transaction' | 'entryIndex' | 'authority'>;

/** A document with what was found altered, where anything was. */
export function withAltered<Result extends object>(
  document: Result,
  ...found: readonly (readonly AlteredDocument[])[]
): Result & MaybeAltered {
  const altered = found.flat();
  return altered.length > 0 ? { ...document, altered } : document;
}

/** Which of these rows are not what the log says was written there last. Before the log begins there is nothing to say. */
export async function findAlteredRows<Table extends LoggedTable>(
  { transaction, entryIndex }: Reading,
  table: Table,
  rows: readonly LoggedRow<Table>[],
): Promise<readonly AlteredDocument[]> {
  return findAlteredEffects(
    { transaction, entryIndex },
    rows.map((row) => effectOf(table, row)),
  );
}

/**
 * The same for rows in their canonical form.
 *
 * @throws HanaperError `database_corrupt` where they have what can be shown by nobody
 */
export async function findAlteredEffects(
  { transaction, entryIndex }: Omit<Reading, 'authority'>,
  rows: readonly Effect[],
): Promise<readonly AlteredDocument[]> {
  if (entryIndex === 0) return [];
  const unwritten = await listUnwritten(transaction, rows);
  await requireTyped(transaction, new Set(unwritten.map(({ table }) => table)));
  return unwritten.map(({ table, key }) =>
    describe(table, key, 'The row is not what was written there last: somebody has altered or added it.'),
  );
}

/** Which rows of a table the log has, and the table has not: at most a hundred. */
export async function findLostRows(
  { transaction, entryIndex }: Reading,
  table: UnforgettableTable,
): Promise<readonly AlteredDocument[]> {
  if (entryIndex === 0) return [];
  return (await listLostKeys(transaction, table)).map((key) => describe(nameInSql(table), key, lost));
}

/** What is not as it was written of the rows of a list, and of the organisations that it is about and what they trust. */
export async function findAlteredList<Table extends LoggedTable & UnforgettableTable>(
  reading: Reading,
  table: Table,
  rows: readonly LoggedRow<Table>[],
  organisations: readonly OrganizationRow[],
): Promise<readonly AlteredDocument[]> {
  const altered = await findAlteredRows(reading, table, rows);
  return [
    ...(await findAlteredRows(reading, 'organizations', organisations)),
    ...altered,
    ...(await findLostRows(reading, table)),
    ...(await findAlteredTrust(reading, organisations)),
  ];
}

/** Which revocations the log has, and the table has not: at most a hundred. */
export async function findLostRevocations({ transaction, entryIndex }: Reading): Promise<readonly AlteredDocument[]> {
  if (entryIndex === 0) return [];
  return (await listLostRevocations(transaction)).map((key) => describe('ucan_revocations', key, lost));
}

/** What organisations trust, by their rows, and their authority has not signed. */
async function findAlteredTrust(
  { transaction, authority }: Reading,
  organisations: readonly OrganizationRow[],
): Promise<readonly AlteredDocument[]> {
  const found: AlteredDocument[] = [];
  for (const organisation of organisations) {
    try {
      await openTrust(transaction, authority, organisation);
    } catch (error) {
      const { message } = requireRefusal(error, ...tampering);
      const { id: key } = organisation;
      found.push({ code: 'trust_tampered', table: 'trust_snapshots', key, message });
    }
  }
  return found;
}

const lost = 'The row is missing, and no entry of the log has removed it.';
const tampering: readonly ErrorCode[] = ['trust_tampered', 'database_corrupt'];

function describe(table: string, key: string, message: string): AlteredDocument {
  return { code: 'log_tampered', table, key, message };
}
