import { z } from 'zod';
import { HanaperError } from '../../errors.ts';
import { revocationReasons } from '../../signature/key-revocation.ts';
import type { RevocationColumns } from '../../store/engine/schema.ts';
import type { Revocation } from '../../store/tables/revocation-columns.ts';
import { findIndexAt, readEnrolledAt } from '../log/find-entry.ts';
import { timeArg } from '../schemas/args.ts';
import type { CommandContext } from '../schemas/command.ts';

/** Why a key is revoked, and since when it does not count. */
export interface KeyRevocationArgs {
  /** Absent: it counts for nothing, whenever it signed. */
  readonly reason?: RevocationReason;
  /** RFC 3339, UTC, milliseconds: in the past, or now. Absent: now. It needs a reason. */
  readonly effective_at?: string;
}

/** A revocation as a document; all is null while a key is active. */
export interface KeyRevocationDocument {
  readonly revoked_at: string | null;
  readonly reason: RevocationReason | null;
  readonly effective_at: string | null;
  /** The first index of the log at which the key does not count. */
  readonly effective_index: number | null;
}

type RevocationReason = NonNullable<RevocationColumns['revocationReason']>;

const reasons = z.enum(revocationReasons);

/** The form of {@link KeyRevocationArgs}. */
export const revocationArgs: {
  readonly reason: z.ZodExactOptional<z.ZodType<RevocationReason>>;
  readonly effective_at: z.ZodExactOptional<z.ZodType<string>>;
} = {
  reason: reasons
    .describe('Why: what was signed before stays valid. Without one, nothing that the key signed is')
    .exactOptional(),
  effective_at: timeArg.describe('Since when the key does not count: past or now. It needs a reason').exactOptional(),
};

/** The form of {@link KeyRevocationDocument}. */
export const revocationFields: {
  readonly [Field in keyof KeyRevocationDocument]: z.ZodType<KeyRevocationDocument[Field]>;
} = {
  revoked_at: timeArg.nullable(),
  reason: reasons.nullable().describe('null: the key is active, or counts for nothing, whenever it signed'),
  effective_at: timeArg.nullable().describe('Since when it does not count'),
  effective_index: z.int().min(0).nullable().describe('The first index of the log at which it does not count'),
};

/** The columns of a revocation as a document. */
export function describeRevocation(columns: RevocationColumns): KeyRevocationDocument {
  const { revokedAt, revocationReason, effectiveAt, effectiveIndex } = columns;
  return {
    revoked_at: revokedAt,
    reason: revocationReason,
    effective_at: effectiveAt,
    effective_index: effectiveIndex,
  };
}

/**
 * The result of a first revocation. Without a time it is effective from its own entry in the log on.
 *
 * @throws HanaperError `bad_input`
 */
export async function beginRevocation(
  { transaction, now, entryIndex }: Moment,
  { reason, effective_at: effectiveAt }: KeyRevocationArgs,
): Promise<Revocation> {
  if (reason === undefined) {
    if (effectiveAt === undefined) return { revokedAt: now, ...forever };
    throw badTime('means nothing without a reason: a key that is revoked without one counts for nothing');
  }
  requirePast(effectiveAt, now);
  const effectiveIndex =
    effectiveAt === undefined ? entryIndex : await findIndexAt(transaction, effectiveAt, entryIndex);
  return { revokedAt: now, revocationReason: reason, effectiveAt: effectiveAt ?? now, effectiveIndex };
}

/**
 * The result of another revocation: earlier, never later; `compromised`, and never back.
 *
 * @throws HanaperError `bad_input`, `key_revoked` where nothing would change
 */
export async function amendRevocation(
  { transaction, now, entryIndex }: Moment,
  standing: Revocation,
  { reason = standing.revocationReason ?? undefined, effective_at: effectiveAt }: KeyRevocationArgs,
): Promise<Revocation> {
  requirePast(effectiveAt, now);
  if (reason === undefined) throw badTime('changes nothing: the key counts for nothing, whenever it signed');
  const isOther = reason !== standing.revocationReason;
  if (isOther && reason !== 'compromised') throw reasonStands(standing);
  if (!isOther && effectiveAt === undefined) throw revokedAlready(standing);
  const { effectiveAt: latest, effectiveIndex } = await standingPlace({ transaction }, standing);
  if (effectiveAt === undefined) return { ...standing, revocationReason: reason, effectiveAt: latest, effectiveIndex };
  if (effectiveAt >= latest) throw timeStands(latest);
  const index = Math.min(effectiveIndex, await findIndexAt(transaction, effectiveAt, entryIndex));
  return { ...standing, revocationReason: reason, effectiveAt, effectiveIndex: index };
}

type Moment = Pick<CommandContext, 'transaction' | 'now' | 'entryIndex'>;

const forever = { revocationReason: null, effectiveAt: null, effectiveIndex: null };

// Without a reason nothing counts, whenever it was signed: that is from the first entry on.
async function standingPlace(
  { transaction }: Pick<Moment, 'transaction'>,
  { effectiveAt, effectiveIndex }: Revocation,
): Promise<{ effectiveAt: string; effectiveIndex: number }> {
  if (effectiveAt !== null && effectiveIndex !== null) return { effectiveAt, effectiveIndex };
  return { effectiveAt: await readEnrolledAt(transaction, 0), effectiveIndex: 0 };
}

function requirePast(effectiveAt: string | undefined, now: string): void {
  if (effectiveAt !== undefined && effectiveAt > now) throw badTime(`lies ahead; it is ${now} now`);
}

function badTime(why: string): HanaperError {
  return new HanaperError('bad_input', `The effective time ${why}.`, { field: 'effective_at' });
}

function timeStands(latest: string): HanaperError {
  return new HanaperError(
    'bad_input',
    `This key does not count since ${latest}. That can be moved earlier, never later: give an earlier time.`,
    { field: 'effective_at', effective_at: latest },
  );
}

function reasonStands({ revokedAt, revocationReason }: Revocation): HanaperError {
  const why = describeReason(revocationReason);
  const rest = revocationReason === 'compromised' ? 'That stays' : 'That can become "compromised", and nothing else';
  return new HanaperError('bad_input', `This key was revoked ${why} at ${revokedAt}. ${rest}.`, {
    field: 'reason',
    reason: revocationReason,
  });
}

/** The error for a revocation that says no more than the one that stands. */
export function revokedAlready({ revokedAt, revocationReason }: Revocation): HanaperError {
  const grave = revocationReason === 'compromised' ? [] : ['the reason "compromised"'];
  const early = revocationReason === null ? [] : ['an earlier time of effect'];
  return new HanaperError(
    'key_revoked',
    `This key was revoked ${describeReason(revocationReason)} at ${revokedAt} already. What makes that stricter: ${[...grave, ...early].join(', or ')}.`,
    { revoked_at: revokedAt, reason: revocationReason, remedy: 'revoke_more_strictly' },
  );
}

/** The reason of a revocation as words: "as superseded". */
export function describeReason(reason: RevocationReason | null): string {
  return reason === null ? 'without a reason' : `as ${reason}`;
}
