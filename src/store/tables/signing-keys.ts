import { rewriteRows } from '../engine/rewrite.ts';
import type { SigningKeyRow } from '../engine/schema.ts';
import type { Transaction } from '../engine/transaction.ts';
import type { Revocation } from './revocation-columns.ts';

/** An organisation's signing keys, newest first, revoked ones included. */
export async function listSigningKeys({ kysely }: Transaction, orgId: string): Promise<readonly SigningKeyRow[]> {
  return kysely
    .selectFrom('signingKeys')
    .selectAll()
    .where('orgId', '=', orgId)
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .execute();
}

/** The signing key of that name: the active one, else the one revoked last. */
export async function findSigningKey(
  { kysely }: Transaction,
  orgId: string,
  keyName: string,
): Promise<SigningKeyRow | undefined> {
  const named = kysely.selectFrom('signingKeys').selectAll().where('orgId', '=', orgId).where('keyName', '=', keyName);
  const active = await named.where('revokedAt', 'is', null).executeTakeFirst();
  return active ?? named.orderBy('revokedAt', 'desc').executeTakeFirst();
}

/** Every signing key with that fingerprint, of whichever organisation. */
export async function listSigningKeysByFingerprint(
  { kysely }: Transaction,
  fingerprint: string,
): Promise<readonly SigningKeyRow[]> {
  return kysely.selectFrom('signingKeys').selectAll().where('keyFingerprint', '=', fingerprint).execute();
}

/** Adds a signing key. */
export async function insertSigningKey({ kysely, effects }: Transaction, row: SigningKeyRow): Promise<void> {
  await kysely.insertInto('signingKeys').values(row).execute();
  effects.wrote('signingKeys', row);
}

/** Revokes every active signing key with that fingerprint. */
export async function revokeSigningKeys(
  transaction: Transaction,
  fingerprint: string,
  revocation: Revocation,
): Promise<void> {
  const rows = await listSigningKeysByFingerprint(transaction, fingerprint);
  const active = rows.filter(({ revokedAt }) => revokedAt === null);
  await rewriteRows(transaction, 'signingKeys', active, revocation);
}

/** Changes why, and from when on, every revoked signing key with that fingerprint was; the time of the act stays. */
export async function amendSigningKeys(
  transaction: Transaction,
  fingerprint: string,
  { revocationReason, effectiveAt, effectiveIndex }: Revocation,
): Promise<void> {
  const rows = await listSigningKeysByFingerprint(transaction, fingerprint);
  const revoked = rows.filter(({ revokedAt }) => revokedAt !== null);
  await rewriteRows(transaction, 'signingKeys', revoked, { revocationReason, effectiveAt, effectiveIndex });
}
