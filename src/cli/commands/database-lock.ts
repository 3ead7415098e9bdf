import { requireRefusal } from '../../attempt.ts';
import { lockDatabase } from '../../authority/commands/database.ts';
import { HanaperError } from '../../errors.ts';
import type { Caller } from '../caller.ts';
import type { Outcome } from '../output.ts';
import type { Session } from '../session.ts';

/** `hanaper database unlock` */
export async function unlock(session: Session): Promise<Outcome> {
  const remote = await session.openRemote();
  if (session.credentialSources().rawKeyFile !== undefined) throw passphraseOnly();
  const did = await remote.prepareToUnlock();
  const document = await session.tryCredential({ question: `Passphrase of the server of ${did}` }, (credential) => {
    if (credential.kind !== 'passphrase') throw passphraseOnly();
    return remote.unlock(credential.passphrase);
  });
  return { document, lines: [`The server of ${document.did} is unlocked.`] };
}

/** `hanaper database lock` */
export async function lock(session: Session): Promise<Outcome> {
  await session.openRemote();
  const caller = await session.openCaller('write');
  const document = await lockOnce(caller);
  const state = document.isNew ? 'is locked' : 'was locked already';
  return {
    document: { did: document.did, locked: true },
    lines: [
      `The server of ${document.did} ${state}: it reads and verifies on, and signs no more.`,
      '',
      `Next: hanaper database unlock --server ${session.remote?.server ?? 'URL'}`,
    ],
  };
}

// Who may not lock it is not told whether it is locked.
async function lockOnce(caller: Caller): Promise<{ readonly did: string; readonly isNew: boolean }> {
  try {
    return { did: (await caller.execute(lockDatabase, {})).did, isNew: true };
  } catch (error) {
    requireRefusal(error, 'locked');
    return { did: caller.identity.did, isNew: false };
  }
}

function passphraseOnly(): HanaperError {
  return new HanaperError('usage', 'A server is unlocked with a passphrase: give --passphrase-file FILE.', {
    option: '--raw-key-file',
  });
}
