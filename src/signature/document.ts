import { decodeHex, decodeUtf8 } from '../bytes.ts';
import {
  countSignatures,
  type DsseEnvelope,
  decodeEnvelope,
  decodeSignatureEnvelope,
  maxSignatures,
  preAuthenticationEncoding,
} from './dsse.ts';
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

/** A `.sig` file holds at most this many bytes. */
export const maxSignatureFileLength: number = 1024 * 1024;
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
  const length = documents.reduce<number>((total, document) => total + countSignatures(document), 0);
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
  if (!isEnvelope(document)) return decodeBare(document);
  const { payload, signature } = decodeEnvelope(document);
  const [first] = statementSignatures(payload, signature);
  return first;
}

/**
 * Reads all that a signature document of either format can be taken for: each signature in its envelope (DSSE), over each
 * subject of its statement (in-toto).
 *
 * @throws HanaperError `malformed_signature`
 */
export function decodeSignatures(document: unknown): readonly PackageSignature[] {
  if (!isEnvelope(document)) return [decodeBare(document)];
  const { payload, signatures } = decodeSignatureEnvelope(document);
  return statementSignatures(payload, ...signatures);
}

function isEnvelope(document: unknown): boolean {
  return typeof document === 'object' && document !== null && 'payloadType' in document;
}

function decodeBare(document: unknown): PackageSignature {
  const { package_hash, key_fingerprint, signature, signed_at } = decodeHashSignature(document);
  return hashOnlySignature(package_hash, key_fingerprint, signature, signed_at);
}

/**
 * `dsse` signatures from their parts: each signature over each subject of the statement, which is read once.
 *
 * @throws HanaperError `malformed_signature`
 */
export function statementSignatures(
  payload: Uint8Array,
  first: Uint8Array,
  ...others: readonly Uint8Array[]
): readonly [PackageSignature, ...PackageSignature[]] {
  const message = preAuthenticationEncoding(payload);
  const [statement, ...statements] = decodeStatements(payload);
  const toSignature = (signature: Uint8Array, stated: PackageStatement): PackageSignature => {
    const { packageHash, keyFingerprint, signedAt } = stated;
    return { format: 'dsse', packageHash, keyFingerprint, signature, message, signedAt, statement: stated, payload };
  };
  return [
    toSignature(first, statement),
    ...statements.map((each) => toSignature(first, each)),
    ...others.flatMap((signature) => [statement, ...statements].map((each) => toSignature(signature, each))),
  ];
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
