import { encodeUtf8 } from '../bytes.ts';
import { dropOldest } from '../drop-oldest.ts';
import { checkSeen } from '../log/check-seen.ts';
import { type Checkpoint, openCheckpoint } from '../log/checkpoint.ts';
import { type LogKey, verifierKeyOf } from '../log/log-key.ts';

const maxKept = 64;

/**
 * A log whose key is known by the word of its authority, and the checkpoints of it that were verified, so that one that many
 * proofs rest on costs one signature.
 */
export class TrustedLog {
  readonly key: LogKey;
  readonly #known = new Map<string, Checkpoint>();

  constructor(key: LogKey) {
    this.key = key;
  }

  /** Takes it that a note is good: something that the authority signed says so, or it was verified before. */
  know(note: string, checkpoint: Checkpoint): void {
    this.#known.set(note, checkpoint);
    dropOldest(this.#known, maxKept);
  }

  /**
   * The checkpoint of a note, whose signature is verified if it is a new one. Two of one size must be the same.
   *
   * @throws HanaperError `log_tampered`, `log_rolled_back`
   */
  async open(note: string): Promise<Checkpoint> {
    const known = this.#known.get(note);
    if (known) return known;
    const checkpoint = await openCheckpoint(encodeUtf8(note), verifierKeyOf(this.key));
    for (const other of this.#known.values()) if (other.size === checkpoint.size) checkSeen(other, checkpoint);
    this.know(note, checkpoint);
    return checkpoint;
  }
}
