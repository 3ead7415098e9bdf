import { z } from 'zod';
import type { Argon2Parameters } from '../../crypto/argon2.ts';
import { areCostsWithinBounds, type SecurityLevel, securityLevels } from '../../vault/costs.ts';
import { didArg, noArgs } from '../schemas/args.ts';
import type { Command } from '../schemas/command.ts';

/** What a database's lock was turned to. */
export interface LockDocument {
  /** DID of the authority. */
  readonly did: string;
  readonly locked: boolean;
}

const lockResult: z.ZodType<LockDocument> = z.strictObject({ did: didArg, locked: z.boolean() });

/** How a master key is to be reached by a passphrase. */
export interface SlotArgs {
  readonly method: 'passphrase' | 'derived';
  /** Argon2id costs by name. */
  readonly security_level?: SecurityLevel;
  /** Argon2id costs that take the place of the level's. */
  readonly custom_params?: { readonly memory_kib: number; readonly passes: number; readonly lanes: number };
}

/** Whether a master key could be made so, and what speaks against it. */
export interface SlotVerdictDocument {
  readonly valid: boolean;
  readonly warnings: readonly string[];
}

const whole = z.int().min(0);

/** The form of {@link SlotArgs}. */
export const slotArgs: z.ZodType<SlotArgs> = z.strictObject({
  method: z
    .enum(['passphrase', 'derived'])
    .describe('Whether the passphrase unwraps the root secret, or is stretched into it'),
  security_level: z.enum(['interactive', 'balanced', 'sensitive']).describe('Argon2id costs by name').exactOptional(),
  custom_params: z
    .strictObject({ memory_kib: whole, passes: whole, lanes: whole })
    .describe("Argon2id costs that take the place of the level's")
    .exactOptional(),
});

const slotVerdict: z.ZodType<SlotVerdictDocument> = z.strictObject({
  valid: z.boolean(),
  warnings: z.array(z.string()),
});

/** The Argon2id costs that are asked for. */
export function costsOf(
  { security_level: level, custom_params: custom }: SlotArgs,
  otherwise: Argon2Parameters = securityLevels.balanced,
): Argon2Parameters {
  if (custom) return { memoryKib: custom.memory_kib, passes: custom.passes, lanes: custom.lanes };
  return level ? securityLevels[level] : otherwise;
}

/** Judges how a master key is to be made. The passphrase goes beside it, and is judged by the server. */
export const validateSlot: Command<'authority', SlotArgs, SlotVerdictDocument> = {
  name: '/database/validate',
  summary: 'Tell whether a master key could be made so; nothing is made',
  subject: 'authority',
  access: 'read',
  route: { method: 'POST', path: '/api/crypto/validate' },
  args: slotArgs,
  result: slotVerdict,
  run: async (_context, args) => judgeSlot(args),
};

/** What speaks against a master key that is made so. */
export function judgeSlot(args: SlotArgs): SlotVerdictDocument {
  const costs = costsOf(args);
  const valid = areCostsWithinBounds(costs);
  const warnings: string[] = [];
  if (!valid)
    warnings.push('The Argon2id costs are out of bounds: 19456 to 1048576 KiB, 2 to 16 passes, 1 to 16 lanes.');
  else if (costs.memoryKib <= securityLevels.interactive.memoryKib) {
    warnings.push(
      'With so little memory a stolen database is guessed at faster; "balanced" is the better choice for most.',
    );
  }
  if (args.method === 'derived') {
    warnings.push(
      'A derived master key stays reachable by its first passphrase in every copy of the database, whatever it is changed to later.',
    );
  }
  return { valid, warnings };
}

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
