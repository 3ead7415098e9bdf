import { z } from 'zod';
import { didArg, noArgs } from '../args.ts';
import type { Command } from '../command.ts';

/** What a database's lock was turned to. */
export interface LockDocument {
  /** DID of the authority. */
  readonly did: string;
  readonly locked: boolean;
}

const lockResult: z.ZodType<LockDocument> = z.strictObject({ did: didArg, locked: z.boolean() });

/**
 * Asks for the vault to be opened. The invocation says who may ask; the passphrase goes beside it, since an invocation is
 * kept. By the time that this is executed, it has been opened.
 */
export const unlockDatabase: Command<'authority', Record<string, never>, LockDocument> = {
  name: '/database/unlock',
  summary: 'Open the vault of a running server; the passphrase goes beside the invocation',
  subject: 'authority',
  access: 'write',
  route: { method: 'POST', path: '/api/crypto/unlock' },
  args: noArgs,
  result: lockResult,
  run: async ({ authority }) => ({ did: authority.did, locked: false }),
};

/** Has the vault locked once this is committed. */
export const lockDatabase: Command<'authority', Record<string, never>, LockDocument> = {
  name: '/database/lock',
  summary: 'Lock the vault of a running server',
  subject: 'authority',
  access: 'write',
  route: { method: 'POST', path: '/api/crypto/lock' },
  args: noArgs,
  result: lockResult,
  async run({ authority, afterCommit, lock }) {
    afterCommit(lock);
    return { did: authority.did, locked: true };
  },
};
