import { HanaperError } from '../errors.ts';
import { nameInSql } from './effects.ts';
import type { Schema } from './schema.ts';
import { prepare } from './statement.ts';
import type { Transaction } from './transaction.ts';

type Columns = { readonly [Table in keyof Schema]: readonly (keyof Schema[Table])[] };

const ownColumns: Columns & { readonly ucanProofs: readonly string[] } = {
  authority: [
    'id',
    'version',
    'masterPublicKey',
    'algorithm',
    'derivationMethod',
    'createdAt',
    'statement',
    'signature',
  ],
  keySlots: ['id', 'kind', 'parameters', 'salt', 'wrappedRootSecret', 'createdAt', 'signature'],
  organizations: [
    'id',
    'name',
    'did',
    'encryptedIdentityKey',
    'hashSignaturesSince',
    'createdAt',
    'publicVerificationSince',
    'verificationPolicy',
  ],
  signingKeys: [
    'id',
    'orgId',
    'keyName',
    'encryptedPrivateKey',
    'publicKey',
    'keyFingerprint',
    'createdAt',
    'revokedAt',
    'revocationReason',
    'effectiveAt',
    'effectiveIndex',
  ],
  trustedKeys: [
    'id',
    'orgId',
    'keyFingerprint',
    'publicKey',
    'keyName',
    'trustedAt',
    'revokedAt',
    'revocationReason',
    'effectiveAt',
    'effectiveIndex',
  ],
  keyTrustAcls: ['id', 'parentOrgId', 'childOrgId', 'grantedAt', 'revokedAt'],
  packageSignatures: [
    'id',
    'packageHash',
    'keyFingerprint',
    'signature',
    'signedAt',
    'format',
    'statement',
    'expiresAt',
    'supersededAt',
  ],
  didDocuments: ['id', 'did', 'document', 'kind', 'createdAt'],
  ucanDelegations: [
    'id',
    'didId',
    'cid',
    'envelope',
    'iss',
    'aud',
    'sub',
    'cmd',
    'pol',
    'nbf',
    'exp',
    'isRoot',
    'isPowerline',
    'createdAt',
  ],
  ucanInvocations: [
    'id',
    'didId',
    'cid',
    'payloadDigest',
    'envelope',
    'iss',
    'sub',
    'aud',
    'cmd',
    'prf',
    'exp',
    'iat',
    'executedAt',
    'resultCid',
    'createdAt',
  ],
  ucanRevocations: ['id', 'delegationCid', 'revokedBy', 'invocationCid', 'reason', 'revokedAt'],
  ucanLegacyTokens: [
    'id',
    'tokenDigest',
    'rawToken',
    'version',
    'iss',
    'aud',
    'exp',
    'nbf',
    'reissuedCid',
    'createdAt',
  ],
  ucanProofs: ['cid', 'envelope'],
  logHead: ['id', 'size', 'generation', 'enrolledAt'],
  logEntries: ['entryIndex', 'entry'],
  logEffects: ['entryIndex', 'position', 'tableName', 'rowKey', 'salt', 'digest'],
  logKeys: ['epoch', 'publicKey', 'statement', 'signature', 'createdAt'],
  logTiles: ['level', 'tileIndex', 'hashes'],
  checkpoints: ['size', 'note', 'createdAt'],
  trustSnapshots: ['id', 'orgId', 'version', 'payload', 'signature', 'createdAt'],
  signaturePlaces: ['signatureDigest', 'entryIndex'],
  hanaperMigrations: ['version', 'name', 'appliedAt'],
};

// Those that keep rows apart: without them the same thing could be there twice.
const ownIndexes: { readonly [Table in keyof Schema]?: readonly string[] } = {
  signingKeys: ['uq_signing_keys_active'],
  trustedKeys: ['uq_trusted_keys_active'],
  keyTrustAcls: ['uq_trust_acls_active'],
  packageSignatures: ['uq_package_signatures_active'],
  ucanDelegations: ['idx_ucan_delegations_cid'],
  ucanInvocations: ['idx_ucan_invocations_cid'],
};

/** A column or an index of a table. */
interface Part {
  readonly table: string;
  readonly part: string;
}

// A table of SQLite that is not strict takes values of any type; ours are, but for the list of migrations.
const selectParts = {
  sqlite: prepare<Part>(
    `select tables.name as "table", columns.name as part
     from pragma_table_list as tables join pragma_table_info(tables.name) as columns
     where tables.schema = 'main' and (tables.strict = 1 or tables.name = 'hanaper_migrations')
     union all select tbl_name, name from sqlite_schema where type = 'index'`,
  ),
  postgres: prepare<Part>(
    `select class.relname as "table", attribute.attname as part
     from pg_class as class join pg_attribute as attribute on attribute.attrelid = class.oid
     where class.relnamespace = current_schema()::regnamespace and class.relkind in ('r', 'p')
     and attribute.attnum > 0 and not attribute.attisdropped
     union all select tablename, indexname from pg_indexes where schemaname = current_schema()`,
  ),
};

/**
 * Requires that every table of ours has its columns, and the indexes that keep its rows apart. Others beside them are not
 * looked at here.
 *
 * @throws HanaperError `database_corrupt`, details: `table`, `part`
 */
export async function requireOwnSchema(transaction: Transaction): Promise<void> {
  const found = new Set<string>();
  for (const { table, part } of await selectParts[transaction.engine](transaction)) found.add(`${table}.${part}`);
  for (const [name, columns] of Object.entries(ownColumns)) {
    for (const column of columns) requirePart(found, nameInSql(name), nameInSql(column));
  }
  for (const [name, indexes] of Object.entries(ownIndexes)) {
    for (const index of indexes) requirePart(found, nameInSql(name), index);
  }
}

function requirePart(found: ReadonlySet<string>, table: string, part: string): void {
  if (found.has(`${table}.${part}`)) return;
  throw new HanaperError(
    'database_corrupt',
    `The table ${table} has not ${part} as this version makes it: somebody altered it. Restore the database from a backup.`,
    { table, part },
  );
}
