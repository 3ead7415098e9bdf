import type { Authority } from '../authority/authority.ts';
import type { AnyCommand } from '../authority/schemas/command.ts';
import { DeferredCaller } from './deferred-caller.ts';

/** What opening a database for writing needs of a session. */
export interface Unlocker {
  /** Whether nothing gives the passphrase, so that a person is asked. */
  readonly asksForPassphrase: boolean;
  unlockAuthority(): Promise<Authority>;
}

/** Executes commands on a database, which is unlocked for the first one that writes. */
export function openDatabaseCaller(session: Unlocker, authority: Authority): DeferredCaller {
  return new DeferredCaller({
    identity: authority.identity,
    async check(command, call) {
      if (!needsVault(command) || !authority.locked) return;
      const { checkArgs, rehearse } = await import('../authority/execution/rehearse.ts');
      // With a given passphrase the entry point itself refuses, and records that it did.
      if (session.asksForPassphrase) await rehearse(authority, command, call);
      else checkArgs(authority, command, call);
    },
    open: async (command) => (needsVault(command) ? session.unlockAuthority() : authority),
  });
}

function needsVault({ access, signs }: AnyCommand): boolean {
  return access === 'write' || signs === true;
}
