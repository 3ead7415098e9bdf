import type { CID } from 'multiformats/cid';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { effectOf } from '../engine/effects.ts';
import { noteFound } from '../engine/note-found.ts';
import { readPages } from '../engine/pages.ts';
import type { RevocationRow } from '../engine/schema.ts';
import type { Transaction } from '../engine/transaction.ts';

/** Adds a revocation; a second one by the same revoker changes nothing, and the first is noted as found. Returns whether it is new. */
export async function insertRevocation(transaction: Transaction, row: RevocationRow): Promise<boolean> {
  const { kysely, effects } = transaction;
  const result = await kysely
    .insertInto('ucanRevocations')
    .values(row)
    .onConflict((conflict) => conflict.columns(['delegationCid', 'revokedBy']).doNothing())
    .executeTakeFirst();
  const isNew = Number(result.numInsertedOrUpdatedRows ?? 0) > 0;
  if (isNew) effects.wrote('ucanRevocations', row);
  else await noteFound(transaction, 'ucanRevocations', [effectOf('ucanRevocations', row).key]);
  return isNew;
}

/** The revocations of delegations, by some revokers, or by any. */
export async function listRevocations(
  { kysely }: Transaction,
  cids: readonly CID[],
  revokers?: readonly string[],
): Promise<readonly RevocationRow[]> {
  if (cids.length === 0 || revokers?.length === 0) return [];
  const query = kysely
    .selectFrom('ucanRevocations')
    .select(['delegationCid', 'revokedBy', 'invocationCid', 'reason', 'revokedAt'])
    .where('delegationCid', 'in', cids.map(formatCid));
  return (revokers ? query.where('revokedBy', 'in', revokers) : query).execute();
}

/** Every revocation in the order of their rows, some at a time; with the ids of the rows. */
export function listEveryRevocation(
  { kysely }: Transaction,
  atOnce: number,
): AsyncGenerator<readonly (RevocationRow & { readonly id: number })[]> {
  const query = kysely.selectFrom('ucanRevocations').selectAll().orderBy('id').limit(atOnce);
  return readPages(atOnce, (last) => (last ? query.where('id', '>', last.id) : query).execute());
}

/** Whether one of `issuers`, those of a delegation and of what is above it, has revoked it under any of its CIDs. */
export async function isDelegationRevoked(
  { kysely }: Transaction,
  cids: readonly CID[],
  issuers: readonly string[],
): Promise<boolean> {
  if (cids.length === 0 || issuers.length === 0) return false;
  const found = await kysely
    .selectFrom('ucanRevocations')
    .select('id')
    .where('delegationCid', 'in', cids.map(formatCid))
    .where('revokedBy', 'in', issuers)
    .executeTakeFirst();
  return found !== undefined;
}
