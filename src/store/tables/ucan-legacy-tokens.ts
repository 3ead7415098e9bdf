import { noteFound } from '../engine/note-found.ts';
import { rewriteFound } from '../engine/rewrite.ts';
import type { LegacyTokenRow } from '../engine/schema.ts';
import type { Transaction } from '../engine/transaction.ts';

/** Adds a token of an older version; one that is there already stays, and is noted as found. Returns whether it is new. */
export async function insertLegacyToken(transaction: Transaction, row: LegacyTokenRow): Promise<boolean> {
  const { kysely, effects } = transaction;
  const result = await kysely
    .insertInto('ucanLegacyTokens')
    .values(row)
    .onConflict((conflict) => conflict.column('tokenDigest').doNothing())
    .executeTakeFirst();
  const isNew = Number(result.numInsertedOrUpdatedRows ?? 0) > 0;
  if (isNew) effects.wrote('ucanLegacyTokens', row);
  else await noteFound(transaction, 'ucanLegacyTokens', [row.tokenDigest]);
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
export async function setReissuedCid(transaction: Transaction, tokenDigest: string, cid: string): Promise<void> {
  const found = transaction.kysely.selectFrom('ucanLegacyTokens').selectAll().where('tokenDigest', '=', tokenDigest);
  await rewriteFound(transaction, 'ucanLegacyTokens', tokenDigest, await found.execute(), { reissuedCid: cid });
}
