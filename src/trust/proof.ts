import { encodeBase64 } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import type { SignedLogKey } from '../log/log-key.ts';
import { hashLength } from '../log/merkle.ts';
import { logTampered } from '../log/tampered.ts';
import { decodeSignature, type PackageSignature, type SignatureDocument } from '../signature/document.ts';
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

/** The longest proof that is read, in bytes. */
export const maxProofLength: number = 256 * 1024;

const kind = 'hanaper/package-proof';
const fields = ['version', 'kind', 'signature', 'receipt', 'entry', 'index', 'inclusion', 'checkpoint', 'log_key'];
// A tree of 2^53 leaves has no longer way.
const maxHashes = 54;

/** The text of a `.proof.json` file. */
export function formatPackageProof(proof: Omit<PackageProof, 'signature'>): string {
  const { document, receipt, entry, index, inclusion, checkpoint, logKey } = proof;
  const written = {
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
  return `${JSON.stringify(written, null, 2)}\n`;
}

/**
 * Reads a `.proof.json` file: at most 256 KiB. `checkPackageProof` tells whether it proves anything.
 *
 * @throws HanaperError `log_tampered`
 */
export function parsePackageProof(bytes: Uint8Array): PackageProof {
  const proof = reader.object(reader.json(reader.utf8(bytes, maxProofLength)), 'proof', fields);
  if (proof['version'] !== 1) throw refuse('is of another version', 'version');
  if (proof['kind'] !== kind) throw refuse('is something else', 'kind');
  const logKey = reader.object(proof['log_key'], 'log_key', ['statement', 'signature']);
  return {
    document: proof['signature'] as SignatureDocument,
    signature: readSignature(proof['signature']),
    receipt: reader.base64(proof['receipt'], 'receipt', maxProofLength),
    entry: reader.base64(proof['entry'], 'entry', maxProofLength),
    index: reader.integer(proof['index'], 'index', 0),
    inclusion: reader.list(proof['inclusion'], 'inclusion', maxHashes, readHash),
    checkpoint: reader.text(proof['checkpoint'], 'checkpoint', { max: maxProofLength }),
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
    const reason = cause instanceof HanaperError ? String(cause.details['reason']) : 'is none';
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
