import { requireRefusal } from '../../attempt.ts';
import { encodeUtf8, equalBytes } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { type Checkpoint, openCheckpoint } from '../../log/checkpoint.ts';
import { proveConsistency, verifyConsistency } from '../../log/consistency.ts';
import { rootOfEdge } from '../../log/grow-tiles.ts';
import { checkLogKey, verifierKeyOf } from '../../log/log-key.ts';
import { logTampered } from '../../log/tampered.ts';
import type { VerifierKey } from '../../log/verifier-key.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { readLogHead } from '../../store/tables/log.ts';
import { withoutCheckpoint } from './check-proof.ts';
import { growTo, readEdge } from './grow-log.ts';
import type { SeenCheckpoint } from './known-logs.ts';
import { readSignedHead } from './prove-entry.ts';
import { readTree } from './read-tree.ts';
import type { SignedHead } from './verify-head.ts';

interface LogHead {
  readonly signed: Checkpoint;
  /** How many there are, under the checkpoint or behind it. */
  readonly entries: number;
}

/**
 * Checks the log of a database against all that was seen of it: whatever was under a checkpoint then must be there
 * still, in its place. Returns the last checkpoint, verified; `undefined` before the first.
 *
 * @throws HanaperError `log_rolled_back`; `log_tampered` where what is there, or what was seen, is not as it was signed
 */
export async function checkContinuity(
  transaction: Transaction,
  did: string,
  seen: readonly SeenCheckpoint[],
): Promise<SignedHead | undefined> {
  const head = await readSignedHead(transaction, did);
  if (head === undefined) {
    if (seen.length > 0) throw withoutCheckpoint(Math.max(...seen.map(({ size }) => size)));
    return undefined;
  }
  // Read after the checkpoint, which so cannot be ahead of it.
  const { size: entries } = await readLogHead(transaction);
  const { checkpoint: signed, logKey } = head;
  if (entries < signed.size) throw logTampered('entry', 'is missing', { size: signed.size, entries });
  const key = verifierKeyOf(await checkLogKey(logKey, did));
  for (const each of seen) {
    const before = await openRemembered(each, key);
    await requireContinued(transaction, { signed, entries }, before, each.source);
  }
  return head;
}

async function requireContinued(
  transaction: Transaction,
  { signed, entries }: LogHead,
  before: Checkpoint,
  source: string,
): Promise<void> {
  if (entries < before.size) throw rolledBack('shorter', before, entries, source);
  // A copy can have been made after an entry was written, and before it came under its checkpoint.
  if (signed.size < before.size) {
    const { edge } = await growTo(transaction, await readEdge(transaction, signed.size), before.size);
    if (!equalBytes(rootOfEdge(edge), before.root)) throw rolledBack('forked', before, entries, source);
    return;
  }
  const proof = await proveConsistency(readTree(transaction, signed.size), before.size, signed.size);
  const claim = { oldSize: before.size, newSize: signed.size, oldRoot: before.root, newRoot: signed.root, proof };
  try {
    verifyConsistency(claim);
  } catch (cause) {
    throw rolledBack('forked', before, entries, source, requireRefusal(cause));
  }
}

async function openRemembered({ checkpoint, source }: SeenCheckpoint, key: VerifierKey): Promise<Checkpoint> {
  try {
    return await openCheckpoint(encodeUtf8(checkpoint), key);
  } catch (cause) {
    const refusal = requireRefusal(cause);
    throw new HanaperError(
      'log_tampered',
      `What this machine remembers of the log, from ${source}, is not signed by the key of this one: the memory was altered, or the log is another. Find out which.`,
      { reason: 'memory', source, remedy: 'forget_log' },
      refusal,
    );
  }
}

const reasons = {
  shorter: 'has fewer entries than when it was seen before',
  forked: 'has other entries than when it was seen before',
};

function rolledBack(
  reason: keyof typeof reasons,
  { size: seen }: Checkpoint,
  now: number,
  source: string,
  cause?: unknown,
): HanaperError {
  return new HanaperError(
    'log_rolled_back',
    `The log ${reasons[reason]}, at ${source} (then ${seen} entries, now ${now}): this is an old copy of the database, or two copies were written to. Nothing is signed. Find out who put it there.`,
    { reason, seen, now, source, remedy: 'forget_log' },
    cause,
  );
}
