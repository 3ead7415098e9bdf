import { z } from 'zod';
import { encodeBase64 } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import type { SignedLogKey } from '../../log/log-key.ts';
import { parseJson } from '../../parse-json.ts';
import type { EntryProof } from './prove-entry.ts';

/** The key of a log as a document: DAG-CBOR and 64 bytes, in base64. */
export interface LogKeyDocument {
  readonly statement: string;
  readonly signature: string;
}

/** {@link EntryProof} as a document; bytes are in base64. */
export interface LogProofDocument {
  readonly index: number;
  readonly entry: string;
  /** The token of the receipt that the entry names. */
  readonly receipt: string;
  /** Hashes of 32 bytes, nearest first. */
  readonly inclusion: readonly string[];
  /** A signed note. */
  readonly checkpoint: string;
  readonly log_key: LogKeyDocument;
  /** That the log continues what it was when it had `since` entries: hashes of 32 bytes in base64. */
  readonly consistency?: readonly string[];
}

/** The head of the log that was signed last. */
export interface CheckpointDocument {
  /** How many entries are under it. */
  readonly size: number;
  /** How many there are. */
  readonly entries: number;
  readonly created_at: string;
  /** A signed note. */
  readonly checkpoint: string;
  readonly log_key: LogKeyDocument;
  /** That it continues the log of `since` entries: hashes of 32 bytes in base64. */
  readonly consistency?: readonly string[];
}

const base64 = z.string();
/** Hashes of a proof. */
export const hashesResult: z.ZodType<readonly string[]> = z
  .array(base64)
  .describe('Hashes of 32 bytes, nearest first, in base64');
/** The text of a checkpoint. */
export const noteResult: z.ZodType<string> = z.string().describe('A signed note');
/** The key of a log. */
export const logKeyResult: z.ZodType<LogKeyDocument> = z
  .strictObject({ statement: base64, signature: base64 })
  .describe('The key of the log, in base64');

/** That an entry stands in the log. */
export const logProofResult: z.ZodType<LogProofDocument> = z.strictObject({
  index: z.int().min(0),
  entry: base64,
  receipt: base64,
  inclusion: hashesResult,
  checkpoint: noteResult,
  log_key: logKeyResult,
  consistency: z.exactOptional(hashesResult),
});

/** A proof as a document. */
export function toLogProofDocument(proof: EntryProof): LogProofDocument {
  const { index, entry, receipt, inclusion, checkpoint, logKey } = proof;
  return {
    index,
    entry: encodeBase64(entry),
    receipt: encodeBase64(receipt),
    inclusion: inclusion.map(encodeBase64),
    checkpoint,
    log_key: toLogKeyDocument(logKey),
  };
}

/** The statement about the key of a log as a document. */
export function toLogKeyDocument({ statement, signature }: SignedLogKey): LogKeyDocument {
  return { statement: encodeBase64(statement), signature: encodeBase64(signature) };
}

/**
 * Reads the proof of an entry as a file has it: UTF-8, JSON. `checkProof` says whether it proves anything.
 *
 * @throws HanaperError `bad_input`
 */
export function parseLogProof(bytes: Uint8Array): LogProofDocument {
  const { data } = logProofResult.safeParse(parseJson(bytes));
  if (data) return data;
  throw new HanaperError('bad_input', 'This is not a valid proof of an entry of a log.', {
    expected: 'a proof of /log/proof',
    remedy: 'prove_entry',
  });
}
