import { requireRefusal } from '../attempt.ts';
import { equalBytes } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import type { Checkpoint } from './checkpoint.ts';
import { verifyConsistency } from './consistency.ts';
import { logTampered } from './tampered.ts';

/**
 * Checks a checkpoint against the one that was seen last, if any: it must be of the same log, and continue it.
 * `proof` is the consistency proof from the one to the other.
 *
 * @throws HanaperError `log_rolled_back`; `log_tampered` where it is of another log
 */
export function checkSeen(seen: Checkpoint | undefined, now: Checkpoint, proof: readonly Uint8Array[] = []): void {
  if (seen === undefined) return;
  if (seen.origin !== now.origin) {
    throw logTampered('checkpoint', 'is that of another log', { expected: seen.origin, actual: now.origin });
  }
  if (now.size < seen.size) throw rolledBack('shorter', seen, now);
  if (now.size === seen.size && !equalBytes(now.root, seen.root)) throw rolledBack('forked', seen, now);
  if (now.size > seen.size) requireConsistency(seen, now, proof);
}

function requireConsistency(seen: Checkpoint, now: Checkpoint, proof: readonly Uint8Array[]): void {
  try {
    verifyConsistency({ oldSize: seen.size, newSize: now.size, oldRoot: seen.root, newRoot: now.root, proof });
  } catch (cause) {
    throw rolledBack('unproven', seen, now, requireRefusal(cause));
  }
}

const reasons = {
  shorter: 'has fewer entries than when it was seen before',
  forked: 'has other entries than when it was seen before',
  unproven: 'is not proven to continue what was seen before',
};

function rolledBack(reason: keyof typeof reasons, seen: Checkpoint, now: Checkpoint, cause?: unknown): HanaperError {
  return new HanaperError(
    'log_rolled_back',
    `The log ${reasons[reason]} (then ${seen.size} entries, now ${now.size}). Keep both checkpoints, and find out who restored or replaced it.`,
    { reason, origin: now.origin, seen: seen.size, now: now.size },
    cause,
  );
}
