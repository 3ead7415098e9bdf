import { decodeUtf8, encodeUtf8 } from '../bytes.ts';
import { isSha256Hex } from '../crypto/fingerprint.ts';
import { malformedSignature, readFields, readJson, readObject, readString } from './malformed.ts';
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
const maxSubjects = 256;

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
 * Reads the very bytes that were signed: a statement for each subject that can be a package, in their order, at least one.
 * As in-toto's parsing rules have it, fields and digests that are not known are passed over; the predicate is our own, and
 * strict.
 *
 * @throws HanaperError `malformed_signature`
 */
export function decodeStatements(bytes: Uint8Array): readonly [PackageStatement, ...PackageStatement[]] {
  const root = readFields(readJson(decodeUtf8(bytes) ?? '', 'carries a payload that '), 'the statement', [
    '_type',
    'subject',
    'predicateType',
    'predicate',
  ]);
  readString(root['_type'], '_type', maxTextLength, (text) => text === statementType);
  readString(root['predicateType'], 'predicateType', maxTextLength, (text) => text === predicateType);
  const predicate = readPredicate(root['predicate']);
  const [first, ...others] = readSubjects(root['subject']).map((subject) => ({ ...subject, ...predicate }));
  if (first === undefined) throw malformedSignature('has no subject with a name and a sha256');
  return [first, ...others];
}

type Subject = Pick<PackageStatement, 'name' | 'packageHash'>;

function readSubjects(value: unknown): readonly Subject[] {
  if (!Array.isArray(value) || value.length > maxSubjects) {
    throw malformedSignature(`does not have 1 to ${maxSubjects} subjects`);
  }
  return value.flatMap((subject: unknown) => readSubject(subject) ?? []);
}

// A subject without a name, or of other digests alone, is another verifier's.
function readSubject(value: unknown): Subject | undefined {
  const { name, digest } = readFields(value, 'the subject', ['digest']);
  const { sha256 } = readFields(digest, 'the digest', []);
  if (name === undefined || sha256 === undefined) return undefined;
  return {
    name: readString(name, 'name', maxNameLength, (text) => text.length > 0),
    packageHash: readString(sha256, 'sha256', maxTextLength, isSha256Hex),
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
