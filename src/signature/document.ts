import { decodeHex, decodeUtf8 } from '../bytes.ts';
import { type DsseEnvelope, decodeEnvelope, preAuthenticationEncoding } from './dsse.ts';
import { decodeHashSignature, type HashSignature } from './hash-signature.ts';
import { malformedSignature, readJson } from './malformed.ts';
import { decodeStatement, type PackageStatement } from './statement.ts';

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
  const documents = Array.isArray(json) ? json : [json];
  if (documents.length === 0) throw malformedSignature('is an empty array');
  if (documents.length > maxSignatures) {
    throw malformedSignature(`holds ${documents.length} signatures; at most ${maxSignatures} are read`);
  }
  return documents;
}

/** The text of a `.sig` file: one document, or an array of several. */
export function serializeSignatureFile(documents: readonly unknown[]): string {
  return `${JSON.stringify(documents.length === 1 ? documents[0] : documents, null, 2)}\n`;
}

/**
 * Reads one signature document of either format.
 *
 * @throws HanaperError `malformed_signature`
 */
export function decodeSignature(document: unknown): PackageSignature {
  if (typeof document === 'object' && document !== null && 'payloadType' in document) {
    const { payload, signature } = decodeEnvelope(document);
    return statementSignature(payload, signature);
  }
  const hashSignature = decodeHashSignature(document);
  return hashOnlySignature(
    hashSignature.package_hash,
    hashSignature.key_fingerprint,
    hashSignature.signature,
    hashSignature.signed_at,
  );
}

/**
 * A `dsse` signature from its parts.
 *
 * @throws HanaperError `malformed_signature`
 */
export function statementSignature(payload: Uint8Array, signature: Uint8Array): PackageSignature {
  const statement = decodeStatement(payload);
  const { packageHash, keyFingerprint, signedAt } = statement;
  const message = preAuthenticationEncoding(payload);
  return { format: 'dsse', packageHash, keyFingerprint, signature, message, signedAt, statement, payload };
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
