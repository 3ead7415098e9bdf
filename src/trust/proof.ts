import { encodeBase64 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import type { SignedLogKey } from '../log/log-key.ts';
import { hashLength } from '../log/merkle.ts';
import { logTampered } from '../log/tampered.ts';
import { decodeSignature, type PackageSignature, type SignatureDocument } from '../signature/document.ts';
import { maxSignatures } from '../signature/dsse.ts';
import { DocumentReader } from './document-reader.ts';

/** A signature with all that shows where in the log it stands (docs/formats/package-proof.md); nothing of it is checked yet. */
export interface PackageProof {
  /** As it would stand in a `.sig` file. */
  readonly document: SignatureDocument;
  readonly signature: PackageSignature;
  /** The token of the receipt that holds the signature. */
  readonly receipt: Uint8Array;
  /** The entry of the log that names the receipt. */
  readonly entry: Uint8Array;
  /** The index of the entry, from 0. */
  readonly index: number;
  /** The hashes beside the way from the entry to the root, nearest first: 32 bytes each. */
  readonly inclusion: readonly Uint8Array[];
  /** The text of the signed note. */
  readonly checkpoint: string;
  /** What the authority says of the log's key: for who has that from nowhere else. */
  readonly logKey: SignedLogKey;
}
// No field of a proof is longer, in bytes.
const maxFieldLength = 256 * 1024;
/** A `.proof.json` file holds at most this many bytes, and as many proofs as a `.sig` file holds signatures. */
export const maxProofFileLength: number = maxSignatures * maxFieldLength;

const kind = 'hanaper/package-proof';
const fields = ['version', 'kind', 'signature', 'receipt', 'entry', 'index', 'inclusion', 'checkpoint', 'log_key'];
// A tree of 2^53 leaves has no longer way.
const maxHashes = 54;

/** The text of a `.proof.json` file: one proof, or an array of several. */
export function formatProofFile(proofs: readonly PackageProof[]): string {
  const documents = proofs.map(toDocument);
  return `${JSON.stringify(documents.length === 1 ? documents[0] : documents, null, 2)}\n`;
}

/**
 * Splits a `.proof.json` file, one proof or an array of up to 16, into its proofs; `decodePackageProof` reads each.
 *
 * @throws HanaperError `log_tampered`
 */
export function parseProofFile(file: Uint8Array): readonly unknown[] {
  const json = reader.json(reader.utf8(file, maxProofFileLength));
  const proofs = reader.list(Array.isArray(json) ? json : [json], '', maxSignatures, (proof) => proof);
  if (proofs.length === 0) throw refuse('is an empty list', '');
  return proofs;
}

function toDocument({ document, receipt, entry, index, inclusion, checkpoint, logKey }: PackageProof): object {
  return {
    version: 1,
    kind,
    signature: document,
    receipt: encodeBase64(receipt),
    entry: encodeBase64(entry),
    index,
    inclusion: inclusion.map(encodeBase64),
    checkpoint,
    log_key: { statement: encodeBase64(logKey.statement), signature: encodeBase64(logKey.signature) },
  };
}

/**
 * Reads one proof. `checkPackageProof` tells whether it proves anything.
 *
 * @throws HanaperError `log_tampered`
 */
export function decodePackageProof(value: unknown): PackageProof {
  const proof = reader.object(value, 'proof', fields);
  if (proof['version'] !== 1) throw refuse('is of another version', 'version');
  if (proof['kind'] !== kind) throw refuse('is something else', 'kind');
  const logKey = reader.object(proof['log_key'], 'log_key', ['statement', 'signature']);
  return {
    document: proof['signature'] as SignatureDocument,
    signature: readSignature(proof['signature']),
    receipt: reader.base64(proof['receipt'], 'receipt', maxFieldLength),
    entry: reader.base64(proof['entry'], 'entry', maxFieldLength),
    index: reader.integer(proof['index'], 'index', 0),
    inclusion: reader.list(proof['inclusion'], 'inclusion', maxHashes, readHash),
    checkpoint: reader.text(proof['checkpoint'], 'checkpoint', { max: maxFieldLength }),
    logKey: {
      statement: reader.base64(logKey['statement'], 'log_key.statement', 256),
      signature: reader.base64(logKey['signature'], 'log_key.signature', 64),
    },
  };
}

function readSignature(document: unknown): PackageSignature {
  try {
    return decodeSignature(document);
  } catch (cause) {
    const reason = cause instanceof HanaperError ? String(cause.details['reason']) : 'is invalid';
    throw refuse(reason, 'signature', cause);
  }
}

function readHash(value: unknown, field: string): Uint8Array {
  const hash = reader.base64(value, field, hashLength);
  if (hash.length === hashLength) return hash;
  throw refuse(`has not ${hashLength} bytes`, field);
}

const reader = new DocumentReader(refuse);

function refuse(reason: string, field: string, cause?: unknown): HanaperError {
  return logTampered('package proof', field === '' ? reason : `${reason} (${field})`, { field }, cause);
}
