import { decodeBase64, encodeBase64 } from '../bytes.ts';
import type { Secret } from '../crypto/secret.ts';
import { hashLength } from './merkle.ts';
import { parseNote, signNote, verifyNote } from './note.ts';
import { logTampered } from './tampered.ts';
import { isKeyName, type VerifierKey } from './verifier-key.ts';

/** What a log says of itself at one size (C2SP tlog-checkpoint). */
export interface Checkpoint {
  /** Which log it is. */
  readonly origin: string;
  /** How many entries. */
  readonly size: number;
  /** The Merkle tree hash of them all: 32 bytes. */
  readonly root: Uint8Array;
  /** How many entries the checkpoint before it has; 0 for the first. Absent where the log does not say. */
  readonly before?: number;
}

// A line behind the three, as a log may add them (C2SP tlog-checkpoint, "Extension lines").
const beforeLine = /^hanaper before (0|[1-9]\d{0,15})$/;

/**
 * The text of a checkpoint: origin, size and root (base64), a line each, and one about the checkpoint before it. An origin
 * that is no name of a key, and what is no size or root, are a `TypeError`.
 */
export function formatCheckpoint({ origin, size, root, before }: Checkpoint): string {
  const isSize = (number: number) => Number.isSafeInteger(number) && number >= 0;
  const isLinked = before === undefined || (isSize(before) && before <= size);
  if (!isKeyName(origin) || !isSize(size) || root.length !== hashLength || !isLinked) {
    throw new TypeError('this is no checkpoint');
  }
  return `${origin}\n${size}\n${encodeBase64(root)}\n${before === undefined ? '' : `hanaper before ${before}\n`}`;
}

/**
 * Reads the text of a checkpoint. Lines behind the three that are not known are passed over, if they are not empty.
 *
 * @throws HanaperError `log_tampered`
 */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  const [origin = '', number = '', encoded = '', extension = ''] = lines;
  if (lines.pop() !== '' || lines.length < 3 || lines.includes('')) throw malformed('has not its three lines');
  const size = /^(?:0|[1-9]\d{0,15})$/.test(number) ? Number(number) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw malformed('has no size that can be');
  const root = encoded.length > 2 * hashLength ? undefined : decodeBase64(encoded);
  if (root?.length !== hashLength) throw malformed(`has no root of ${hashLength} bytes`);
  const [, before] = beforeLine.exec(extension) ?? [];
  return before === undefined ? { origin, size, root } : { origin, size, root, before: Number(before) };
}

/** A checkpoint as a note, signed with the log's Ed25519 key of 32 bytes, whose name is the origin. */
export function signCheckpoint(checkpoint: Checkpoint, key: Secret): Promise<Uint8Array<ArrayBuffer>> {
  return signNote({ text: formatCheckpoint(checkpoint), name: checkpoint.origin, key });
}

/**
 * The checkpoint of a note that the key of a log has signed. `origin` is the key's name, unless another is said.
 *
 * @throws HanaperError `log_tampered`
 */
export async function openCheckpoint(
  note: Uint8Array,
  key: VerifierKey,
  origin: string = key.name,
): Promise<Checkpoint> {
  const checkpoint = parseCheckpoint(await verifyNote(parseNote(note), key));
  if (checkpoint.origin === origin) return checkpoint;
  throw logTampered('checkpoint', 'is that of another log', { expected: origin, actual: checkpoint.origin });
}

function malformed(reason: string): Error {
  return logTampered('checkpoint', reason);
}
