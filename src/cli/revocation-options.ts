import type { Option } from 'commander';
import type { KeyRevocationArgs, KeyRevocationDocument } from '../authority/keys/revoke-keys.ts';
import { HanaperError } from '../errors.ts';
import { revocationReasons } from '../signature/key-revocation.ts';
import { parseTime } from '../signature/time.ts';
import { choice, option } from './define.ts';

/** Options of `key revoke` and `trust revoke`. */
export interface RevocationOptions {
  readonly reason?: NonNullable<KeyRevocationArgs['reason']>;
  readonly effective?: string;
}

/** Options that say why a key is revoked, and since when. */
export function revocationOptions(): readonly Option[] {
  return [
    choice('--reason <reason>', 'why: what was signed before stays valid', revocationReasons),
    option('--effective <time>', 'since when the key does not count: past or now (default: now); needs a reason'),
  ];
}

/**
 * The arguments that those options mean.
 *
 * @throws HanaperError `usage`
 */
export function readRevocation({ reason, effective }: RevocationOptions): KeyRevocationArgs {
  return {
    ...(reason !== undefined && { reason }),
    ...(effective !== undefined && { effective_at: readTime(effective) }),
  };
}

/** What a revocation with a reason leaves, as a sentence. */
export function describeRest(effectiveAt: string): string {
  return `It does not count since ${effectiveAt}; what it signed before stays valid where its place in the log is known.`;
}

/** The state of a key in a table. */
export function describeState({ revoked_at, reason, effective_at }: KeyRevocationDocument): string {
  if (revoked_at === null) return 'active';
  if (reason === null) return `revoked ${revoked_at}`;
  return `${reason} since ${effective_at}`;
}

function readTime(text: string): string {
  const time = parseTime(text);
  if (time !== undefined) return new Date(time).toISOString();
  throw new HanaperError('usage', `"${text}" is no time. Give one in UTC, like 2026-01-31T12:00:00Z.`, {
    option: '--effective',
  });
}
