import { decodeHex, decodeUtf8 } from '../bytes.ts';
import { type DsseEnvelope, decodeEnvelope, preAuthenticationEncoding, splitEnvelope } from './dsse.ts';
import { decodeHashSignature, type HashSignature } from './hash-signature.ts';
import { malformedSignature, readJson } from './malformed.ts';
import { decodeStatements, type PackageStatement } from './statement.ts';

/** The two ways to sign a package: a DSSE envelope around a statement, or the bare hash. */
export type SignatureFormat = 'dsse' | 'v1';

/** One signature as it stands in a `.sig` file, before anything in it is believed. */
export type SignatureDocument = DsseEnvelope | HashSignature;

/** A signature that was read and found well-formed; nothing in it is verified yet. */
export interface PackageSignature {
  readonly format: SignatureFormat;
  /** 64 hex characters. */
  readonly packageHash: string;
  /** 64 hex characters. */
  readonly keyFingerprint: string;
  /** 64 bytes. */
  readonly signature: Uint8Array;
  /** The bytes that `signature` is over. */
  readonly message: Uint8Array;
  /** RFC 3339, UTC; a mere claim in a hash signature. */
  readonly signedAt: string;
  /** What the signer states; a hash signature states nothing. */
  readonly statement?: PackageStatement;
  /** The bytes of the statement. */
  readonly payload?: Uint8Array;
}

/** A `.sig` file holds at most this many bytes … */
export const maxSignatureFileLength: number = 1024 * 1024;
/** … and this many signatures. */
export const maxSignatures = 16;

/**
 * Splits a `.sig` file, one JSON document or an array of up to 16, into its documents.
 *
 * @throws HanaperError `malformed_signature`
 */
export function parseSignatureFile(file: Uint8Array): readonly unknown[] {
  if (file.length > maxSignatureFileLength) throw malformedSignature(`is larger than ${maxSignatureFileLength} bytes`);
  const text = decodeUtf8(file);
  if (text === undefined) throw malformedSignature('is not UTF-8 text');
  const json = readJson(text);
  const documents: readonly unknown[] = Array.isArray(json) ? json : [json];
  if (documents.length === 0) throw malformedSignature('is an empty array');
  const { length } = documents.flatMap(splitEnvelope);
  if (length > maxSignatures) {
    throw malformedSignature(`holds ${length} signatures; at most ${maxSignatures} are read`);
  }
  return documents;
}

/** The text of a `.sig` file: one document, or an array of several. */
export function serializeSignatureFile(documents: readonly unknown[]): string {
  return `${JSON.stringify(documents.length === 1 ? documents[0] : documents, null, 2)}\n`;
}

/**
 * Reads a signature document of either format that holds one signature; of a statement with several subjects, what is
 * signed of the first.
 *
 * @throws HanaperError `malformed_signature`
 */
export function decodeSignature(document: unknown): PackageSignature {
  const [first] = decodeOne(document);
  return first;
}

/**
 * Reads all that a signature document of either format can be taken for: each signature in its envelope (DSSE), over each
 * subject of its statement (in-toto).
 *
 * @throws HanaperError `malformed_signature`
 */
export function decodeSignatures(document: unknown): readonly PackageSignature[] {
  return splitEnvelope(document).flatMap(decodeOne);
}

type Signatures = readonly [PackageSignature, ...PackageSignature[]];

function decodeOne(document: unknown): Signatures {
  if (typeof document === 'object' && document !== null && 'payloadType' in document) {
    const { payload, signature } = decodeEnvelope(document);
    return statementSignatures(payload, signature);
  }
  const { package_hash, key_fingerprint, signature, signed_at } = decodeHashSignature(document);
  return [hashOnlySignature(package_hash, key_fingerprint, signature, signed_at)];
}

/**
 * A `dsse` signature from its parts: one for each subject of the statement.
 *
 * @throws HanaperError `malformed_signature`
 */
export function statementSignatures(payload: Uint8Array, signature: Uint8Array): Signatures {
  const message = preAuthenticationEncoding(payload);
  const toSignature = (statement: PackageStatement): PackageSignature => {
    const { packageHash, keyFingerprint, signedAt } = statement;
    return { format: 'dsse', packageHash, keyFingerprint, signature, message, signedAt, statement, payload };
  };
  const [first, ...others] = decodeStatements(payload);
  return [toSignature(first), ...others.map(toSignature)];
}

/**
 * A `v1` signature from its parts.
 *
 * @throws HanaperError `malformed_signature`
 */
export function hashOnlySignature(
  packageHash: string,
  keyFingerprint: string,
  signature: Uint8Array,
  signedAt: string,
): PackageSignature {
  const message = decodeHex(packageHash);
  if (message?.length !== 32) throw malformedSignature('has no valid package_hash');
  return { format: 'v1', packageHash, keyFingerprint, signature, message, signedAt };
}
