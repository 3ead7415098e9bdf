import type { Generated } from 'kysely';
import type { AuthorityRow } from '../../vault/authority-statement.ts';
import type { CheckpointRow, LogEffectRow, LogEntryRow, LogHeadTable, LogKeyRow, LogTileRow } from './log-schema.ts';

export type { CheckpointRow, LogEffectRow, LogEntryRow, LogHeadRow, LogKeyRow, LogTileRow } from './log-schema.ts';

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
  readonly didDocuments: DidDocumentTable;
  readonly ucanDelegations: DelegationTable;
  readonly ucanInvocations: InvocationTable;
  readonly ucanRevocations: RevocationTable;
  readonly ucanLegacyTokens: LegacyTokenTable;
  readonly logHead: LogHeadTable;
  readonly logEntries: LogEntryRow;
  readonly logEffects: LogEffectRow;
  readonly logKeys: LogKeyRow;
  readonly logTiles: LogTileRow;
  readonly checkpoints: CheckpointRow;
  readonly trustSnapshots: TrustSnapshotRow;
  readonly signaturePlaces: SignaturePlaceRow;
  readonly ucanProofs: ProofRow;
  readonly keptAmounts: KeptAmountRow;
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
  /** Since when anybody may ask whether it trusts a signature; null: nobody may. */
  readonly publicVerificationSince: string | null;
  /** What it asks of signatures beyond one by a trusted key: canonical JSON; null: nothing. */
  readonly verificationPolicy: string | null;
}

/** Why a key was revoked, and from when on. All are null while it is active, and where no reason was given. */
export interface RevocationColumns {
  readonly revokedAt: string | null;
  readonly revocationReason: 'superseded' | 'expired' | 'compromised' | null;
  readonly effectiveAt: string | null;
  /** The first index of the log at which the key no longer counts. */
  readonly effectiveIndex: number | null;
}

/** A key with which an organisation signs packages. */
export interface SigningKeyRow extends RevocationColumns {
  readonly id: string;
  readonly orgId: string;
  readonly keyName: string;
  /** 60 bytes. */
  readonly encryptedPrivateKey: Uint8Array;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly keyFingerprint: string;
  readonly createdAt: string;
  /** What people call it, 1 to 255 characters; null: nothing else than its name. */
  readonly label: string | null;
}

/** A public key that an organisation trusts. */
export interface TrustedKeyRow extends RevocationColumns {
  readonly id: string;
  readonly orgId: string;
  readonly keyFingerprint: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly keyName: string | null;
  readonly trustedAt: string;
  /** What people call it, 1 to 255 characters; null: nothing else than its name. */
  readonly label: string | null;
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
  /** The file name in the statement; null: a hash signature, or one that was stored before names were. */
  readonly packageName: string | null;
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

/** What a principal is to this database. */
export type PrincipalKind = 'authority' | 'organisation' | 'person' | 'device' | 'job' | 'stranger';

/** A principal, and its DID document as JSON. */
export interface DidDocumentRow {
  readonly did: string;
  readonly document: string;
  readonly kind: PrincipalKind;
  readonly createdAt: string;
}

interface DidDocumentTable extends DidDocumentRow {
  readonly id: Generated<number>;
}

/** A delegation whose signature was verified; the columns are what its envelope says. */
export interface DelegationRow {
  readonly id: number;
  /** The subject's row; the issuer's for a powerline. */
  readonly didId: number;
  /** base58btc */
  readonly cid: string;
  readonly envelope: Uint8Array;
  readonly iss: string;
  readonly aud: string;
  /** null: a powerline. */
  readonly sub: string | null;
  readonly cmd: string;
  /** DAG-JSON */
  readonly pol: string;
  /** Seconds since 1970. */
  readonly nbf: number | null;
  /** Seconds since 1970; null: never. */
  readonly exp: number | null;
  readonly isRoot: 0 | 1;
  readonly isPowerline: 0 | 1;
  readonly createdAt: string;
}

interface DelegationTable extends Omit<DelegationRow, 'id'> {
  readonly id: Generated<number>;
}

/** An invocation whose signature was verified. */
export interface InvocationRow {
  readonly id: number;
  /** The issuer's row. */
  readonly didId: number;
  /** base58btc */
  readonly cid: string;
  /** SHA-256 of what is signed: 64 hex characters. */
  readonly payloadDigest: string;
  readonly envelope: Uint8Array;
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | null;
  readonly cmd: string;
  /** JSON list of CIDs. */
  readonly prf: string;
  readonly exp: number | null;
  readonly iat: number | null;
  readonly executedAt: string | null;
  /** The receipt. */
  readonly resultCid: string | null;
  readonly createdAt: string;
}

interface InvocationTable extends Omit<InvocationRow, 'id'> {
  readonly id: Generated<number>;
}

/** That somebody revoked a delegation, which need not be known here; whether it counts is judged in each chain. */
export interface RevocationRow {
  readonly delegationCid: string;
  readonly revokedBy: string;
  readonly invocationCid: string;
  readonly reason: string | null;
  readonly revokedAt: string;
}

interface RevocationTable extends RevocationRow {
  readonly id: Generated<number>;
}

/** A token of UCAN 0.8 to 0.10: kept, and never accepted for anything. */
export interface LegacyTokenRow {
  /** SHA-256 of the token: 64 hex characters. */
  readonly tokenDigest: string;
  readonly rawToken: string;
  readonly version: string;
  readonly iss: string;
  readonly aud: string;
  readonly exp: number | null;
  readonly nbf: number | null;
  /** The delegation of UCAN 1.0 that took its place. */
  readonly reissuedCid: string | null;
  readonly createdAt: string;
}

interface LegacyTokenTable extends LegacyTokenRow {
  readonly id: Generated<number>;
}

/** What an organisation trusts at one time, signed by the authority. */
export interface TrustSnapshotRow {
  readonly id: string;
  readonly orgId: string;
  /** From 1, one more each time. */
  readonly version: number;
  readonly payload: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
  readonly createdAt: string;
}

/** By which entry a package signature was made: a hint, that is proven from the entry. */
export interface SignaturePlaceRow {
  /** SHA-256 of the signature's 64 bytes. */
  readonly signatureDigest: Uint8Array;
  readonly entryIndex: number;
}

/** A delegation on which an executed invocation rests. */
export interface ProofRow {
  /** base58btc */
  readonly cid: string;
  readonly envelope: Uint8Array;
}

/** How much one root of power has left behind, of one kind, until a time at which it counts no more. */
interface KeptAmountRow {
  /** The principal to whom the authority or an organisation delegated directly. */
  readonly root: string;
  readonly kind: string;
  /** Seconds since 1970. */
  readonly until: number;
  readonly amount: number;
}

/** A migration that was applied. */
interface MigrationRow {
  readonly version: number;
  readonly name: string;
  readonly appliedAt: string;
}
