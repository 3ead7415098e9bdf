import type { RevocationColumns } from './schema.ts';

/** The columns of a key that is not revoked. */
export const active: { readonly [Column in keyof RevocationColumns]: null } = {
  revokedAt: null,
  revocationReason: null,
  effectiveAt: null,
  effectiveIndex: null,
};
