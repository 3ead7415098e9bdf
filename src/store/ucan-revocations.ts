import type { CID } from 'multiformats/cid';
import { formatCid } from '../ucan/cid.ts';
import type { RevocationRow } from './schema.ts';
import type { Transaction } from './transaction.ts';

/** Adds a revocation; a second one by the same revoker changes nothing. Returns whether it is new. */
export async function insertRevocation({ kysely, effects }: Transaction, row: RevocationRow): Promise<boolean> {
  const result = await kysely
    .insertInto('ucanRevocations')
    .values(row)
    .onConflict((conflict) => conflict.columns(['delegationCid', 'revokedBy']).doNothing())
    .executeTakeFirst();
  const isNew = Number(result.numInsertedOrUpdatedRows ?? 0) > 0;
  if (isNew) effects.wrote('ucanRevocations', row);
  return isNew;
}

/** The revocations of delegations, whoever made them. */
export async function listRevocations(
  { kysely }: Transaction,
  cids: readonly CID[],
): Promise<readonly RevocationRow[]> {
  if (cids.length === 0) return [];
  return kysely
    .selectFrom('ucanRevocations')
    .select(['delegationCid', 'revokedBy', 'invocationCid', 'reason', 'revokedAt'])
    .where('delegationCid', 'in', cids.map(formatCid))
    .execute();
}

/** Every revocation, oldest first, from behind the row with an id; with the ids of the rows. */
export async function listRevocationsAfter(
  { kysely }: Transaction,
  id: number,
  limit: number,
): Promise<readonly (RevocationRow & { readonly id: number })[]> {
  return kysely.selectFrom('ucanRevocations').selectAll().where('id', '>', id).orderBy('id').limit(limit).execute();
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

/** How many revocations are of delegations that are not stored: one revoker's, or those of all but the authority and the organisations. */
export async function countPendingRevocations(
  { kysely }: Transaction,
  whose: { readonly by: string } | { readonly notBy: string },
): Promise<number> {
  const pending = kysely
    .selectFrom('ucanRevocations as revocation')
    .leftJoin('ucanDelegations as delegation', 'delegation.cid', 'revocation.delegationCid')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('delegation.id', 'is', null);
  const query =
    'by' in whose
      ? pending.where('revocation.revokedBy', '=', whose.by)
      : pending
          .where('revocation.revokedBy', '!=', whose.notBy)
          .where('revocation.revokedBy', 'not in', (inner) => inner.selectFrom('organizations').select('did'));
  return Number((await query.executeTakeFirstOrThrow()).count);
}
