import { requireRefusal } from '../../attempt.ts';
import type { Authority } from '../../authority/authority.ts';
import { checkContinuity } from '../../authority/log/check-continuity.ts';
import type { SeenCheckpoint } from '../../authority/log/known-logs.ts';
import { readLogState } from '../../authority/log/log-state.ts';
import type { Outcome } from '../output.ts';
import type { Session } from '../session.ts';

/** `hanaper log forget`: a database is only read, so one that is refused is no hindrance; of a server its DID is asked. */
export async function forget(session: Session): Promise<Outcome> {
  return session.remote ? forgetServer(session) : forgetDatabase(session);
}

// What the server itself remembers is forgotten beside its database.
async function forgetServer(session: Session): Promise<Outcome> {
  const remote = await session.openRemote();
  const did = await remote.learnAuthority();
  const forgotten = session.seenCheckpoints.forget(did);
  const document = { authority: did, forgotten: forgotten.map(({ source, size }) => ({ source, size })) };
  if (forgotten.length === 0) return { document, lines: [nothingSeen(did)] };
  return {
    document,
    lines: [...listForgotten(did, forgotten), 'The log of the server is believed as it is from now on.'],
  };
}

async function forgetDatabase(session: Session): Promise<Outcome> {
  const authority = await session.openUnwatched();
  const { did } = authority.identity;
  const { entries } = await readLogState(authority);
  const forgotten = session.seenCheckpoints.forget(did);
  const loss = await findLoss(authority, forgotten);
  const document = {
    authority: did,
    forgotten: forgotten.map(({ source, size }) => ({ source, size })),
    entries,
    continued: loss === undefined,
  };
  if (forgotten.length === 0) return { document, lines: [nothingSeen(did)] };
  if (loss) session.warn(loss);
  return {
    document,
    lines: [
      ...listForgotten(did, forgotten),
      `${authority.database.name} has ${entries} entries, and is believed from now on.`,
      '',
      'Next: hanaper log verify',
    ],
  };
}

function nothingSeen(did: string): string {
  return `Nothing was seen of the log of ${did}, so nothing changes.`;
}

function listForgotten(did: string, forgotten: readonly SeenCheckpoint[]): readonly string[] {
  return [
    `What was seen of the log of ${did} is forgotten:`,
    ...forgotten.map(({ source, size }) => `  ${size} entries at ${source}`),
  ];
}

const lost =
  'Entries that were seen are not in this database, and are given up: what they did is undone, revocations included, and their receipts can never again be proven to stand in the log.';

const unknown =
  'What was remembered is not signed by the key of this log, so that nobody can say whether entries that were seen are missing here.';

/** What is given up, in words; `undefined` where all that was seen is here. */
async function findLoss(
  { database, identity }: Authority,
  seen: readonly SeenCheckpoint[],
): Promise<string | undefined> {
  try {
    await database.transact('read', (transaction) => checkContinuity(transaction, identity.did, seen));
    return undefined;
  } catch (error) {
    const { details } = requireRefusal(error, 'log_rolled_back', 'log_tampered');
    return details['reason'] === 'memory' ? unknown : lost;
  }
}
