import type { LegacyTokenRow } from './schema.ts';
import type { Transaction } from './transaction.ts';

/** Adds a token of an older version; one that is there already stays. Returns whether it is new. */
export async function insertLegacyToken({ kysely, effects }: Transaction, row: LegacyTokenRow): Promise<boolean> {
  const result = await kysely
    .insertInto('ucanLegacyTokens')
    .values(row)
    .onConflict((conflict) => conflict.column('tokenDigest').doNothing())
    .executeTakeFirst();
  const isNew = Number(result.numInsertedOrUpdatedRows ?? 0) > 0;
  if (isNew) effects.wrote('ucanLegacyTokens', row);
  return isNew;
}

/** Whether a delegation took the place of a token. */
export async function isReissued({ kysely }: Transaction, tokenDigest: string): Promise<boolean> {
  const row = await kysely
    .selectFrom('ucanLegacyTokens')
    .select('reissuedCid')
    .where('tokenDigest', '=', tokenDigest)
    .executeTakeFirst();
  return typeof row?.reissuedCid === 'string';
}

/** Notes which delegation took the place of a token: the first, where several did. */
export async function setReissuedCid(
  { kysely, effects }: Transaction,
  tokenDigest: string,
  cid: string,
): Promise<void> {
  const rows = await kysely
    .updateTable('ucanLegacyTokens')
    .set({ reissuedCid: cid })
    .where('tokenDigest', '=', tokenDigest)
    .returningAll()
    .execute();
  for (const row of rows) effects.wrote('ucanLegacyTokens', row);
}
