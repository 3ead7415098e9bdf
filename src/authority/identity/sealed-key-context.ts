import type { OrganizationRow, SigningKeyRow } from '../../store/engine/schema.ts';
import type { SealedKeyPlace } from '../../vault/vault.ts';

/** Where the sealed identity key of an organisation belongs: the organisation's own row. */
export function identityKeyContext({ id }: Pick<OrganizationRow, 'id'>, fingerprint: string): SealedKeyPlace {
  return { kind: 'organization-identity', rowId: id, organisationId: id, fingerprint };
}

/** Where a sealed signing key belongs: its row, in its organisation. */
export function signingKeyContext({
  id,
  orgId,
  keyFingerprint,
}: Pick<SigningKeyRow, 'id' | 'orgId' | 'keyFingerprint'>): SealedKeyPlace {
  return { kind: 'signing-key', rowId: id, organisationId: orgId, fingerprint: keyFingerprint };
}
