import type { AuthorityRow } from '../vault/authority-statement.ts';

/**
 * The tables, as rows: camelCase here, snake_case in SQL. Ids are UUIDs, times RFC 3339 in UTC with milliseconds,
 * hashes and fingerprints 64 hex characters. `revokedAt` and `supersededAt` are null while a row is active.
 */
export interface Schema {
  readonly organizations: OrganizationRow;
  readonly signingKeys: SigningKeyRow;
  readonly trustedKeys: TrustedKeyRow;
  readonly keyTrustAcls: KeyTrustAclRow;
  readonly packageSignatures: PackageSignatureRow;
  readonly authority: AuthorityTableRow;
  readonly keySlots: KeySlotRow;
  readonly hanaperMigrations: MigrationRow;
}

/** An organisation; its identity key signs tokens, never packages. */
export interface OrganizationRow {
  readonly id: string;
  /** kebab-case */
  readonly name: string;
  readonly did: string;
  /** 60 bytes. */
  readonly encryptedIdentityKey: Uint8Array;
  /** Since when hash signatures (`v1`) may be made; null: they may not. */
  readonly hashSignaturesSince: string | null;
  readonly createdAt: string;
}

/** A key with which an organisation signs packages. */
export interface SigningKeyRow {
  readonly id: string;
  readonly orgId: string;
  readonly keyName: string;
  /** 60 bytes. */
  readonly encryptedPrivateKey: Uint8Array;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly keyFingerprint: string;
  readonly createdAt: string;
  readonly revokedAt: string | null;
}

/** A public key that an organisation trusts. */
export interface TrustedKeyRow {
  readonly id: string;
  readonly orgId: string;
  readonly keyFingerprint: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly keyName: string | null;
  readonly trustedAt: string;
  readonly revokedAt: string | null;
}

/** The parent accepts the child's keys; the child gains nothing. */
export interface KeyTrustAclRow {
  readonly id: string;
  readonly parentOrgId: string;
  readonly childOrgId: string;
  readonly grantedAt: string;
  readonly revokedAt: string | null;
}

/** A signature of a package. */
export interface PackageSignatureRow {
  readonly id: string;
  readonly packageHash: string;
  readonly keyFingerprint: string;
  /** 64 bytes. */
  readonly signature: Uint8Array;
  readonly signedAt: string;
  readonly format: 'dsse' | 'v1';
  /** The signed payload of a `dsse` signature. */
  readonly statement: Uint8Array | null;
  readonly expiresAt: string | null;
  readonly supersededAt: string | null;
}

/** The one row that says whose database this is. */
interface AuthorityTableRow extends AuthorityRow {
  readonly id: 1;
}

/** A way to get the root secret back. */
export interface KeySlotRow {
  readonly id: string;
  readonly kind: 'passphrase' | 'raw' | 'derived';
  /** JSON `{memory_kib, passes, lanes}`; null for a raw key. */
  readonly parameters: string | null;
  readonly salt: Uint8Array;
  /** 60 bytes; null for a derived slot. */
  readonly wrappedRootSecret: Uint8Array | null;
  readonly createdAt: string;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/** A migration that was applied. */
interface MigrationRow {
  readonly version: number;
  readonly name: string;
  readonly appliedAt: string;
}
