import { join } from 'node:path';
import { checkHead, withoutCheckpoint } from '../authority/audit/check-proof.ts';
import type { Authority } from '../authority/authority.ts';
import { type CheckpointDocument, showCheckpoint } from '../authority/commands/log.ts';
import { HanaperError } from '../errors.ts';
import type { Caller } from './caller.ts';
import { type SeenCheckpoint, SeenCheckpoints } from './seen-checkpoints.ts';
import type { Session } from './session.ts';

/** Where the checkpoints that were seen are remembered. */
export function openSeenCheckpoints({ config }: Session): SeenCheckpoints {
  return new SeenCheckpoints(join(config.stateFolder, 'log-checkpoints.json'));
}

/**
 * Holds the log of a caller against the checkpoint that was seen there last, and remembers the present one. `shown` is one
 * that came with an answer (its note, and of how many entries), and must be of the same history.
 *
 * @throws HanaperError `log_rolled_back`, `log_tampered`
 */
export async function watchLog(
  session: Session,
  caller: Caller,
  shown?: { readonly size: number; readonly note: string },
): Promise<void> {
  const { did } = caller.identity;
  const source = isDatabase(caller) ? caller.database.name : (session.remote?.server ?? '');
  const memory = openSeenCheckpoints(session);
  const [last] = memory.list(did, source);
  const head = await readHead(caller, last);
  if (head === undefined) return;
  const { size } = await checkHead(head, did, last?.checkpoint);
  if (shown) await checkHead(await caller.execute(showCheckpoint, { since: shown.size }), did, shown.note);
  rememberCheckpoint(session, memory, { authority: did, source, size, checkpoint: head.checkpoint });
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
    const reason = error instanceof Error ? error.message : '';
    session.warn(`The checkpoint is not remembered, so that a log that shrinks is not noticed: ${reason}`);
  }
}

// A log that is new has none, and while the vault is locked it has none to come.
async function readHead(caller: Caller, last: SeenCheckpoint | undefined): Promise<CheckpointDocument | undefined> {
  try {
    return await caller.execute(showCheckpoint, last ? { since: last.size } : {});
  } catch (error) {
    if (!(error instanceof HanaperError) || error.code !== 'locked') throw error;
    if (last) throw withoutCheckpoint(last.size);
    return undefined;
  }
}
