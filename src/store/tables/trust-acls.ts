import { rewriteRows } from '../engine/rewrite.ts';
import type { KeyTrustAclRow } from '../engine/schema.ts';
import type { Transaction } from '../engine/transaction.ts';

/** An ACL with the names of both organisations. */
export interface NamedAcl {
  readonly parent: string;
  readonly child: string;
  readonly row: KeyTrustAclRow;
}

/** The ACLs in which an organisation is parent or child, newest first, revoked ones included. */
export async function listTrustAcls({ kysely }: Transaction, orgId: string): Promise<readonly NamedAcl[]> {
  const rows = await kysely
    .selectFrom('keyTrustAcls as acl')
    .innerJoin('organizations as parent', 'parent.id', 'acl.parentOrgId')
    .innerJoin('organizations as child', 'child.id', 'acl.childOrgId')
    .selectAll('acl')
    .select(['parent.name as parent', 'child.name as child'])
    .where((row) => row.or([row('acl.parentOrgId', '=', orgId), row('acl.childOrgId', '=', orgId)]))
    .orderBy('acl.grantedAt', 'desc')
    .orderBy('acl.id', 'desc')
    .execute();
  return rows.map(({ parent, child, ...row }) => ({ parent, child, row }));
}

/** Adds an ACL. */
export async function insertTrustAcl({ kysely, effects }: Transaction, row: KeyTrustAclRow): Promise<void> {
  await kysely.insertInto('keyTrustAcls').values(row).execute();
  effects.wrote('keyTrustAcls', row);
}

/** Revokes the active ACL between two organisations. Returns whether there was one. */
export async function revokeTrustAcl(
  transaction: Transaction,
  parentOrgId: string,
  childOrgId: string,
  now: string,
): Promise<boolean> {
  const active = await transaction.kysely
    .selectFrom('keyTrustAcls')
    .selectAll()
    .where('parentOrgId', '=', parentOrgId)
    .where('childOrgId', '=', childOrgId)
    .where('revokedAt', 'is', null)
    .execute();
  await rewriteRows(transaction, 'keyTrustAcls', active, { revokedAt: now });
  return active.length > 0;
}
