import { lockDatabase } from '../../authority/commands/database.ts';
import { HanaperError } from '../../errors.ts';
import type { Outcome } from '../output.ts';
import type { Session } from '../session.ts';

/** `hanaper database unlock` */
export async function unlock(session: Session): Promise<Outcome> {
  const remote = await session.openRemote();
  const credential = await session.requireCredential();
  if (credential.kind !== 'passphrase') throw passphraseOnly();
  const document = await remote.unlock(credential.passphrase);
  return { document, lines: [`The server of ${document.did} is unlocked.`] };
}

/** `hanaper database lock` */
export async function lock(session: Session): Promise<Outcome> {
  await session.openRemote();
  const caller = await session.openCaller('write');
  const document = await caller.execute(lockDatabase, {});
  return {
    document,
    lines: [
      `The server of ${document.did} is locked: it reads and verifies on, and signs no more.`,
      '',
      'Next: hanaper database unlock',
    ],
  };
}

function passphraseOnly(): HanaperError {
  return new HanaperError('usage', 'A server is unlocked with a passphrase: give --passphrase-file FILE.', {
    option: '--raw-key-file',
  });
}
