import { decodeUtf8, encodeUtf8 } from '../bytes.ts';
import { isSha256Hex } from '../crypto/fingerprint.ts';
import { malformedSignature, readJson, readObject, readString } from './malformed.ts';
import { parseTime } from './time.ts';

/** What a signer states of a package, as a value: the in-toto Statement v1 of docs/formats/package-signature.md. */
export interface PackageStatement {
  /** The package's file name. */
  readonly name: string;
  /** SHA-256 of the package: 64 hex characters. */
  readonly packageHash: string;
  /** The did:key of the organisation that signs. */
  readonly organisation: string;
  /** Fingerprint of the signing key: 64 hex characters. */
  readonly keyFingerprint: string;
  /** When it was signed: RFC 3339, UTC. */
  readonly signedAt: string;
  /** The last moment at which the signature counts: RFC 3339, UTC. */
  readonly expiresAt?: string;
}

const statementType = 'https://in-toto.io/Statement/v1';
const predicateType = 'urn:x-hanaper:package-signature:v1';
const maxNameLength = 1024;
const maxTextLength = 256;

/** The bytes of a statement, which are what the DSSE envelope carries and the key signs. */
export function encodeStatement(statement: PackageStatement): Uint8Array<ArrayBuffer> {
  return encodeUtf8(
    JSON.stringify({
      _type: statementType,
      subject: [{ name: statement.name, digest: { sha256: statement.packageHash } }],
      predicateType,
      predicate: {
        organization: statement.organisation,
        key_fingerprint: statement.keyFingerprint,
        signed_at: statement.signedAt,
        ...(statement.expiresAt === undefined ? {} : { expires_at: statement.expiresAt }),
      },
    }),
  );
}

/**
 * Reads the very bytes that were signed.
 *
 * @throws HanaperError `malformed_signature`
 */
export function decodeStatement(bytes: Uint8Array): PackageStatement {
  const root = readObject(readJson(decodeUtf8(bytes) ?? '', 'carries a payload that '), 'the statement', [
    '_type',
    'subject',
    'predicateType',
    'predicate',
  ]);
  readString(root['_type'], '_type', maxTextLength, (text) => text === statementType);
  readString(root['predicateType'], 'predicateType', maxTextLength, (text) => text === predicateType);
  return { ...readSubject(root['subject']), ...readPredicate(root['predicate']) };
}

function readSubject(value: unknown): Pick<PackageStatement, 'name' | 'packageHash'> {
  if (!Array.isArray(value) || value.length !== 1) throw malformedSignature('does not have exactly one subject');
  const subject = readObject(value[0], 'the subject', ['name', 'digest']);
  const digest = readObject(subject['digest'], 'the digest', ['sha256']);
  return {
    name: readString(subject['name'], 'name', maxNameLength, (name) => name.length > 0),
    packageHash: readString(digest['sha256'], 'sha256', maxTextLength, isSha256Hex),
  };
}

function readPredicate(value: unknown): Omit<PackageStatement, 'name' | 'packageHash'> {
  const keys = ['organization', 'key_fingerprint', 'signed_at'];
  const predicate = readObject(value, 'the predicate', keys, ['expires_at']);
  const expiresAt = predicate['expires_at'];
  return {
    organisation: readString(predicate['organization'], 'organization', maxTextLength, isDid),
    keyFingerprint: readString(predicate['key_fingerprint'], 'key_fingerprint', maxTextLength, isSha256Hex),
    signedAt: readTime(predicate['signed_at'], 'signed_at'),
    ...(expiresAt === undefined ? {} : { expiresAt: readTime(expiresAt, 'expires_at') }),
  };
}

// Only ever compared with the DID of an organisation that is known, so its key need not be decoded here.
function isDid(text: string): boolean {
  return text.startsWith('did:');
}

function readTime(value: unknown, what: string): string {
  return readString(value, what, maxTextLength, (text) => parseTime(text) !== undefined);
}
