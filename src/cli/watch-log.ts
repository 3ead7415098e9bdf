import { requireRefusal } from '../attempt.ts';
import type { Authority } from '../authority/authority.ts';
import { showCheckpoint } from '../authority/commands/log.ts';
import { checkContinuity } from '../authority/log/check-continuity.ts';
import { checkHead, withoutCheckpoint } from '../authority/log/check-proof.ts';
import type { SeenCheckpoint } from '../authority/log/known-logs.ts';
import type { CheckpointDocument } from '../authority/log/proof-document.ts';
import type { Caller } from './caller.ts';
import { describeLoss } from './remembered-logs.ts';
import type { SeenCheckpoints } from './seen-checkpoints.ts';
import type { Session } from './session.ts';

/** A checkpoint that came with an answer: its note, and of how many entries it is. */
interface Shown {
  readonly size: number;
  readonly note: string;
}

/**
 * Checks the log of a caller against the checkpoint that was seen there last, and remembers the present one. `shown`
 * must be of the same history.
 *
 * @throws HanaperError `log_rolled_back`, `log_tampered`
 */
export async function watchLog(session: Session, caller: Caller, shown?: Shown): Promise<void> {
  const { did } = caller.identity;
  const latest = isDatabase(caller) ? await watchDatabase(session, caller) : await watchServer(session, caller);
  if (latest === undefined) return;
  if (shown) await checkHead(await caller.execute(showCheckpoint, { since: shown.size }), did, shown.note);
  rememberCheckpoint(session, session.seenCheckpoints, latest);
}

// A command beside the database does not ask the server that the environment names.
function isDatabase(caller: Caller): caller is Authority {
  return 'database' in caller;
}

/** Remembers a checkpoint. What holds is not refused because nobody can be told: where that fails, a warning says so. */
export function rememberCheckpoint(session: Session, memory: SeenCheckpoints, latest: SeenCheckpoint): void {
  try {
    memory.remember(latest);
  } catch (error) {
    session.warn(describeLoss(error));
  }
}

// Who only reads may look at a copy in another place, which may be older.
async function watchDatabase(session: Session, { database, identity }: Authority): Promise<SeenCheckpoint | undefined> {
  const { name: source } = database;
  const seen = session.seenCheckpoints.list(identity.did, source);
  const head = await database.transact('read', (transaction) => checkContinuity(transaction, identity.did, seen));
  return head && { authority: identity.did, source, size: head.checkpoint.size, checkpoint: head.note };
}

async function watchServer(session: Session, caller: Caller): Promise<SeenCheckpoint | undefined> {
  const { did } = caller.identity;
  const source = new URL(session.remote?.server ?? '').origin;
  const [last] = session.seenCheckpoints.list(did, source);
  const head = await readHead(caller, last);
  if (head === undefined) return undefined;
  const { size } = await checkHead(head, did, last?.checkpoint);
  return { authority: did, source, size, checkpoint: head.checkpoint };
}

// A log that is new has none, and while the vault is locked it has none to come.
async function readHead(caller: Caller, last: SeenCheckpoint | undefined): Promise<CheckpointDocument | undefined> {
  try {
    return await caller.execute(showCheckpoint, last ? { since: last.size } : {});
  } catch (error) {
    requireRefusal(error, 'locked');
    if (last) throw withoutCheckpoint(last.size);
    return undefined;
  }
}
