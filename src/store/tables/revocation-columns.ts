import type { RevocationColumns } from '../engine/schema.ts';

/** The columns of a key that is not revoked. */
export const active: { readonly [Column in keyof RevocationColumns]: null } = {
  revokedAt: null,
  revocationReason: null,
  effectiveAt: null,
  effectiveIndex: null,
};

/** The columns of a key that is revoked. */
export interface Revocation extends RevocationColumns {
  readonly revokedAt: string;
}
