import { decodeUtf8, encodeBase64 } from '../../bytes.ts';
import { type Checkpoint, openCheckpoint } from '../../log/checkpoint.ts';
import { checkLogKey, type SignedLogKey, verifierKeyOf } from '../../log/log-key.ts';
import { required } from '../../required.ts';

/** A checkpoint with all by which it was verified. */
export interface SignedHead {
  readonly checkpoint: Checkpoint;
  /** The note, as text. */
  readonly note: string;
  readonly logKey: SignedLogKey;
}

// There is one last checkpoint, and some that were it a moment ago.
const maxKept = 16;
const verified = new Map<string, SignedHead>();

/**
 * A checkpoint whose note is signed by the key that the authority has stated. One that was verified is not verified
 * again: requests for proofs name the same one many times.
 *
 * @throws HanaperError `log_tampered`
 */
export async function verifyHead(did: string, logKey: SignedLogKey, note: Uint8Array): Promise<SignedHead> {
  const name = [did, ...[logKey.statement, logKey.signature, note].map(encodeBase64)].join(' ');
  const known = verified.get(name);
  if (known) return known;
  const checkpoint = await openCheckpoint(note, verifierKeyOf(await checkLogKey(logKey, did)));
  // What was verified is text.
  const head = { checkpoint, note: required(decodeUtf8(note), 'text of a checkpoint'), logKey };
  if (verified.size >= maxKept) verified.clear();
  verified.set(name, head);
  return head;
}
