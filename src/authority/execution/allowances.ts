import { HanaperError } from '../../errors.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { addKeptAmount, sumKeptAmounts } from '../../store/tables/kept-amounts.ts';

/** What a principal can leave behind here, and how much of it counts at a time. */
export const allowances = {
  /** Bytes in a day: of chains, of invocations beyond their first 4 KiB, and of principals that were not known. */
  act_bytes: 8_388_608,
  /** Bytes in a day: of receipts, and of rows that no other allowance counts, beyond the first 8 KiB of an act. */
  written_bytes: 33_554_432,
  /** Bytes, of delegations until they expire, and of older tokens. */
  stored_bytes: 16_777_216,
  /** Revocations in thirty days. */
  revocations: 10_000,
  /** Of these, those of delegations that are not stored. */
  pending_revocations: 1000,
} as const;

/** Bytes that one act may add to the chains that are kept. */
export const maxChainBytes = 131_072;

/** Bytes of an invocation that are not counted. */
export const freeInvocationBytes = 4096;

/** Bytes of what an act writes that are not counted. */
export const freeWrittenBytes = 8192;

/** Bytes that a principal which was not known counts as. */
export const principalBytes = 1024;

const day = 86_400;
// Later than that is counted as never.
const longestCount = 366 * day;
const never = Number.MAX_SAFE_INTEGER;

/** How long revocations count, in seconds. */
export const revocationCount: number = 30 * day;

/** Whose allowance is drawn on, and for what. */
export interface Draw {
  /** The root of the power that is used; `undefined` for the authority and the organisations, which have no bound. */
  readonly root: string | undefined;
  readonly kind: keyof typeof allowances;
  readonly amount: number;
}

/**
 * Requires that an allowance has room, before anything is written.
 *
 * @throws HanaperError `too_large`
 */
export async function requireAllowance(transaction: Transaction, draw: Draw, now: number): Promise<void> {
  const { root, kind, amount } = draw;
  if (root === undefined || amount === 0) return;
  const kept = await sumKeptAmounts(transaction, root, kind, now);
  if (kept + amount > allowances[kind]) throw exhausted(root, kind);
}

/**
 * Draws on an allowance until a time, in seconds since 1970 (null: for ever), counted by the day.
 *
 * @throws HanaperError `too_large`
 */
export async function drawAllowance(
  transaction: Transaction,
  draw: Draw,
  now: number,
  until: number | null,
): Promise<void> {
  await requireAllowance(transaction, draw, now);
  const { root, kind, amount } = draw;
  if (root === undefined || amount === 0) return;
  const end = until === null || until > now + longestCount ? never : Math.ceil((until + 1) / day) * day;
  await addKeptAmount(transaction, { root, kind, until: end, amount }, now);
}

function exhausted(root: string, kind: keyof typeof allowances): HanaperError {
  const most = allowances[kind];
  return new HanaperError(
    'too_large',
    `What ${root} was delegated has left ${most} ${kind.replaceAll('_', ' ')} here, and no more are taken by it or by those to whom it passed that on. Wait until some no longer count, or ask the organisation to do it.`,
    { reason: 'allowance', root, kind, most },
  );
}
