import type { RevocationColumns, TrustedKeyRow } from '../engine/schema.ts';
import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

/** A trusted key of an organisation's own, or of one that it accepts. */
export interface TrustRow extends TrustedKeyRow {
  /** Name of the organisation whose own trusted key it is; null: it is trusted directly. */
  readonly via: string | null;
}

/** Whose signing key a trusted key is here, and whether it is revoked. */
export interface OwnerRow extends RevocationColumns {
  readonly keyFingerprint: string;
  /** DID of the organisation. */
  readonly did: string;
}

const columns = `trusted.id, trusted.org_id, trusted.key_fingerprint, trusted.public_key, trusted.key_name, trusted.trusted_at,
  trusted.revoked_at, trusted.revocation_reason, trusted.effective_at, trusted.effective_index, trusted.label`;
const ofAccepted = `from key_trust_acls acl
  join organizations child on child.id = acl.child_org_id
  join trusted_keys trusted on trusted.org_id = child.id
  where acl.parent_org_id = $2 and acl.revoked_at is null`;

const selectTrust = prepare<TrustRow>(
  `select ${columns}, cast(null as varchar) as via from trusted_keys trusted where trusted.org_id = $1
   union all select ${columns}, child.name as via ${ofAccepted}`,
);
const selectOwners = prepare<OwnerRow>(
  `select signing.key_fingerprint, owner.did,
     signing.revoked_at, signing.revocation_reason, signing.effective_at, signing.effective_index
   from signing_keys signing join organizations owner on owner.id = signing.org_id
   where signing.key_fingerprint in (
     select trusted.key_fingerprint from trusted_keys trusted where trusted.org_id = $1
     union all select trusted.key_fingerprint ${ofAccepted})`,
);

/** The rows of trust of an organisation, and of those that it accepts by an active ACL; revoked ones included. */
export function listTrustRows(transaction: Transaction, orgId: string): Promise<readonly TrustRow[]> {
  return selectTrust(transaction, orgId, orgId);
}

/** The signing keys among those of {@link listTrustRows}, of whichever organisation; revoked ones included. */
export function listOwnerRows(transaction: Transaction, orgId: string): Promise<readonly OwnerRow[]> {
  return selectOwners(transaction, orgId, orgId);
}

/** Ids of the organisations that have a row of trust in a key, revoked or not. */
export async function listTrusting({ kysely }: Transaction, fingerprint: string): Promise<readonly string[]> {
  const rows = await kysely
    .selectFrom('trustedKeys')
    .select('orgId')
    .distinct()
    .where('keyFingerprint', '=', fingerprint)
    .execute();
  return rows.map(({ orgId }) => orgId);
}

/** Ids of the organisations that accept any of these by an active ACL. */
export async function listAccepting({ kysely }: Transaction, children: readonly string[]): Promise<readonly string[]> {
  const rows = await kysely
    .selectFrom('keyTrustAcls')
    .select('parentOrgId')
    .distinct()
    .where('childOrgId', 'in', children)
    .where('revokedAt', 'is', null)
    .execute();
  return rows.map(({ parentOrgId }) => parentOrgId);
}
