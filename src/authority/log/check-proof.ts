import { attempt } from '../../attempt.ts';
import { decodeBase64, encodeUtf8, equalBytes } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { checkSeen } from '../../log/check-seen.ts';
import { type Checkpoint, openCheckpoint, parseCheckpoint } from '../../log/checkpoint.ts';
import { decodeLogEntry, type LogEntry } from '../../log/entry.ts';
import { verifyInclusion } from '../../log/inclusion.ts';
import { checkLogKey, verifierKeyOf } from '../../log/log-key.ts';
import { hashLeaf } from '../../log/merkle.ts';
import { parseNote } from '../../log/note.ts';
import { parseOrigin } from '../../log/origin.ts';
import { logTampered } from '../../log/tampered.ts';
import type { VerifierKey } from '../../log/verifier-key.ts';
import { computeCid } from '../../ucan/encoding/cid.ts';
import {
  type CheckpointDocument,
  type LogKeyDocument,
  type LogProofDocument,
  parseLogProof,
} from './proof-document.ts';

/** A proof that holds: of which entry, and under which checkpoint. */
export interface CheckedProof {
  readonly entry: LogEntry;
  readonly checkpoint: Checkpoint;
}

/**
 * Checks a proof that an entry stands in the log of an authority, by the authority's DID alone.
 *
 * @throws HanaperError `log_tampered`
 */
export async function checkProof(proof: LogProofDocument, did: string): Promise<CheckedProof> {
  const key = await readKey(proof.log_key, did);
  const checkpoint = await openCheckpoint(encodeUtf8(proof.checkpoint), key);
  const bytes = decode(proof.entry);
  const { size, root } = checkpoint;
  const hashes = proof.inclusion.map(decode);
  verifyInclusion({ index: proof.index, size, root, proof: hashes, leafHash: hashLeaf(bytes) });
  const entry = decodeLogEntry(bytes);
  if (equalBytes(computeCid(decode(proof.receipt)).bytes, entry.receipt.bytes)) return { entry, checkpoint };
  throw logTampered('entry', 'names another receipt than the one that came with it', { index: proof.index });
}

/** A file with a proof that holds, and the proof in it. */
export interface OpenedProof extends CheckedProof {
  readonly proof: LogProofDocument;
}

/**
 * Checks the proof in a file, by the DID of the authority, and checks its checkpoint against those that were seen of
 * the log (notes), as far as that can be done without the log: they must not be of as many entries and another root.
 *
 * @throws HanaperError `bad_input` where it is no proof, `authority_changed` where it is of another log, `log_tampered`,
 * `log_rolled_back`
 */
export async function openLogProof(
  bytes: Uint8Array,
  did: string,
  seen: readonly Uint8Array[] = [],
): Promise<OpenedProof> {
  const proof = parseLogProof(bytes);
  requireLogOf(did, proof.checkpoint);
  const { entry, checkpoint } = await checkProof(proof, did);
  const key = await readKey(proof.log_key, did);
  for (const note of seen) {
    const before = await openCheckpoint(note, key);
    if (before.size === checkpoint.size) checkSeen(before, checkpoint);
  }
  return { proof, entry, checkpoint };
}

/**
 * Checks the head of the log of an authority, and that it continues a checkpoint that was seen before (a note), if any.
 *
 * @throws HanaperError `log_tampered`, `log_rolled_back`
 */
export async function checkHead(head: CheckpointDocument, did: string, seen?: string): Promise<Checkpoint> {
  const key = await readKey(head.log_key, did);
  const checkpoint = await openCheckpoint(encodeUtf8(head.checkpoint), key);
  const before = seen === undefined ? undefined : await openCheckpoint(encodeUtf8(seen), key);
  checkSeen(before, checkpoint, (head.consistency ?? []).map(decode));
  return checkpoint;
}

/** The error for a log that had a checkpoint when it was seen, and has none. */
export function withoutCheckpoint(seen: number): HanaperError {
  return new HanaperError(
    'log_rolled_back',
    `The log had ${seen} entries under a checkpoint when it was seen before, and has no checkpoint now. Find out who restored or replaced it.`,
    { reason: 'shorter', seen, now: 0 },
  );
}

function requireLogOf(expected: string, note: string): void {
  const actual = attempt(() => parseOrigin(parseCheckpoint(parseNote(encodeUtf8(note)).text).origin).did);
  // One that cannot be read does not hold, whosever it is.
  if (actual === undefined || actual === expected) return;
  throw new HanaperError(
    'authority_changed',
    `The proof is of the log of the authority ${actual}, but only ${expected} is accepted. Get the proof from the log that you expect.`,
    { expected, actual },
  );
}

async function readKey({ statement, signature }: LogKeyDocument, did: string): Promise<VerifierKey> {
  return verifierKeyOf(await checkLogKey({ statement: decode(statement), signature: decode(signature) }, did));
}

function decode(text: string): Uint8Array {
  const bytes = decodeBase64(text);
  if (bytes) return bytes;
  throw logTampered('inclusion proof', 'has something that is no base64');
}
