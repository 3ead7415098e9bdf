import { rewriteRows } from '../engine/rewrite.ts';
import type { TrustedKeyRow } from '../engine/schema.ts';
import type { Transaction } from '../engine/transaction.ts';
import type { Revocation } from './revocation-columns.ts';

/** A trusted key that another organisation contributes through an ACL. */
export interface InheritedKeyRow extends TrustedKeyRow {
  /** Name of the organisation whose own trusted key it is. */
  readonly via: string;
}

/** The trusted keys of an organisation's own, newest first, revoked ones included. */
export async function listTrustedKeys({ kysely }: Transaction, orgId: string): Promise<readonly TrustedKeyRow[]> {
  return kysely
    .selectFrom('trustedKeys')
    .selectAll()
    .where('orgId', '=', orgId)
    .orderBy('trustedAt', 'desc')
    .orderBy('id', 'desc')
    .execute();
}

/** The active keys of every organisation that `orgId` accepts by an active ACL, by that organisation's name. */
export async function listInheritedKeys({ kysely }: Transaction, orgId: string): Promise<readonly InheritedKeyRow[]> {
  return kysely
    .selectFrom('keyTrustAcls as acl')
    .innerJoin('organizations as child', 'child.id', 'acl.childOrgId')
    .innerJoin('trustedKeys as key', 'key.orgId', 'child.id')
    .selectAll('key')
    .select('child.name as via')
    .where('acl.parentOrgId', '=', orgId)
    .where('acl.revokedAt', 'is', null)
    .where('key.revokedAt', 'is', null)
    .orderBy('child.name')
    .orderBy('key.trustedAt', 'desc')
    .execute();
}

/** Adds a trusted key. */
export async function insertTrustedKey({ kysely, effects }: Transaction, row: TrustedKeyRow): Promise<void> {
  await kysely.insertInto('trustedKeys').values(row).execute();
  effects.wrote('trustedKeys', row);
}

/** Revokes trust in a fingerprint: of one organisation, or of all. Returns the ids of those whose trust it ended. */
export async function revokeTrustedKeys(
  transaction: Transaction,
  fingerprint: string,
  revocation: Revocation,
  orgId?: string,
): Promise<readonly string[]> {
  const active = (await listTrust(transaction, fingerprint, orgId)).filter(({ revokedAt }) => revokedAt === null);
  await rewriteRows(transaction, 'trustedKeys', active, revocation);
  return active.map((row) => row.orgId);
}

/** Changes why, and from when on, the trust that ended at one time did. Returns the ids of the organisations. */
export async function amendTrustedKeys(
  transaction: Transaction,
  fingerprint: string,
  { revokedAt, revocationReason, effectiveAt, effectiveIndex }: Revocation,
  orgId?: string,
): Promise<readonly string[]> {
  const rows = await listTrust(transaction, fingerprint, orgId);
  const ended = rows.filter((row) => row.revokedAt === revokedAt);
  await rewriteRows(transaction, 'trustedKeys', ended, { revocationReason, effectiveAt, effectiveIndex });
  return ended.map((row) => row.orgId);
}

async function listTrust(
  { kysely }: Transaction,
  fingerprint: string,
  orgId: string | undefined,
): Promise<readonly TrustedKeyRow[]> {
  const everywhere = kysely.selectFrom('trustedKeys').selectAll().where('keyFingerprint', '=', fingerprint);
  return (orgId === undefined ? everywhere : everywhere.where('orgId', '=', orgId)).execute();
}

/** Whether a key was revoked as compromised by anybody here: as a signing key, or as a trusted one. */
export async function isCompromised({ kysely }: Transaction, fingerprint: string): Promise<boolean> {
  const compromised = (table: 'signingKeys' | 'trustedKeys') =>
    kysely
      .selectFrom(table)
      .select('id')
      .where('keyFingerprint', '=', fingerprint)
      .where('revocationReason', '=', 'compromised');
  const rows = await compromised('trustedKeys').union(compromised('signingKeys')).execute();
  return rows.length > 0;
}

/** Every public key that any row holds, trusted or signing, revoked or not. */
export async function listPublicKeys({ kysely }: Transaction): Promise<readonly Uint8Array[]> {
  const trusted = kysely.selectFrom('trustedKeys').select('publicKey');
  const rows = await trusted.union(kysely.selectFrom('signingKeys').select('publicKey')).execute();
  return rows.map(({ publicKey }) => publicKey);
}

/** Which of these fingerprints are of keys for packages: signing or trusted, revoked or not. */
export async function listKnownFingerprints(
  { kysely }: Transaction,
  fingerprints: readonly string[],
): Promise<readonly string[]> {
  if (fingerprints.length === 0) return [];
  const trusted = kysely.selectFrom('trustedKeys').select('keyFingerprint').where('keyFingerprint', 'in', fingerprints);
  const signing = kysely.selectFrom('signingKeys').select('keyFingerprint').where('keyFingerprint', 'in', fingerprints);
  return (await trusted.union(signing).execute()).map(({ keyFingerprint }) => keyFingerprint);
}
