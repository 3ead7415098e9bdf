import { encode } from 'cborg';
import { equalBytes } from '../bytes.ts';
import { type Ed25519PublicKey, importPublicKey, verify } from '../crypto/ed25519.ts';
import { encodeEd25519DidKey } from '../did/did-key.ts';
import { HanaperError } from '../errors.ts';

/** How a database is reached: by a passphrase or a raw key that unwraps its root secret, or by a passphrase that is stretched into it. */
export type SlotKind = 'passphrase' | 'raw' | 'derived';

/** 2: log, key of the log, checkpoints and snapshots of trust must be there. 1: in a database of an older version they may not be yet. */
export type AuthorityVersion = 1 | 2;

/** The version of a new database. */
export const latestVersion: AuthorityVersion = 2;

/** What a database says of its authority: the one row of the table `authority`. */
export interface AuthorityStatement {
  readonly version: AuthorityVersion;
  readonly masterPublicKey: Uint8Array;
  readonly algorithm: 'ed25519';
  readonly derivationMethod: SlotKind;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
}

/** An {@link AuthorityStatement} with its signed bytes. */
export interface AuthorityRow {
  readonly version: number;
  readonly masterPublicKey: Uint8Array;
  readonly algorithm: string;
  readonly derivationMethod: string;
  readonly createdAt: string;
  /** The signed DAG-CBOR. */
  readonly statement: Uint8Array;
  /** 64 bytes, by the key that the statement names. */
  readonly signature: Uint8Array;
}

/** The authority that a checked row names. */
export interface AuthorityIdentity {
  readonly did: string;
  readonly publicKey: Ed25519PublicKey;
  readonly version: AuthorityVersion;
}

/** The bytes that an identity key signs over its own statement: DAG-CBOR of `["hanaper/v1/authority", …]`. */
export function encodeAuthorityStatement(statement: Omit<AuthorityRow, 'statement' | 'signature'>): Uint8Array {
  const { version, masterPublicKey, algorithm, derivationMethod, createdAt } = statement;
  return encode(['hanaper/v1/authority', version, masterPublicKey, algorithm, derivationMethod, createdAt]);
}

/**
 * Checks an authority row against its own signature. That proves only that the row is whole:
 * whose it is, is decided by the DID that was pinned outside of the database.
 *
 * @throws HanaperError `authority_tampered`
 */
export async function checkAuthority(row: AuthorityRow): Promise<AuthorityIdentity> {
  const publicKey = readMasterKey(row.masterPublicKey);
  const { version } = row;
  const known = (version === 1 || version === 2) && row.algorithm === 'ed25519';
  const whole = known && equalBytes(encodeAuthorityStatement(row), row.statement);
  if (!whole || !(await verify(publicKey, row.statement, row.signature))) throw tampered();
  return { did: encodeEd25519DidKey(publicKey), publicKey, version };
}

function readMasterKey(bytes: Uint8Array): Ed25519PublicKey {
  try {
    return importPublicKey(bytes);
  } catch (cause) {
    throw tampered(cause);
  }
}

function tampered(cause?: unknown): HanaperError {
  return new HanaperError(
    'authority_tampered',
    'The authority row of this database does not match its signature: it was altered. Restore the database from a backup.',
    {},
    cause,
  );
}
