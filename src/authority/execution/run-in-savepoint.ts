import { type ErrorCode, HanaperError } from '../../errors.ts';
import { type Transaction, withSavepoint } from '../../store/engine/transaction.ts';
import type { ReceiptClaims } from '../../ucan/token/receipt.ts';
import type { Authorized } from './authorize.ts';
import { countWritten } from './require-allowance.ts';

// What is nobody's fault but ours or the world's: it consumes nothing, and can be asked for again.
const faults: readonly ErrorCode[] = [
  'internal',
  'unavailable',
  'bad_config',
  'locked',
  'not_initialized',
  'database_newer',
  'database_older',
  'database_corrupt',
  'trust_tampered',
  'log_tampered',
  'log_rolled_back',
  'authority_tampered',
  'authority_changed',
  'slot_damaged',
];

/** What came of a handler: what its receipt says, and why it refused, in full. */
export interface Outcome {
  readonly out: ReceiptClaims['out'];
  readonly refusal?: HanaperError;
}

/**
 * Runs a handler so that all of it is done or nothing, and counts what it has written.
 *
 * @throws HanaperError what leaves no receipt: faults, `too_large`, `rate_limited`, and each refusal of what anybody may ask
 */
export async function runInSavepoint(
  transaction: Transaction,
  authorized: Authorized,
  now: string,
  run: (inner: Transaction) => Promise<unknown>,
): Promise<Outcome> {
  try {
    const ok = await withSavepoint(transaction, async (inner) => {
      const result = await run(inner);
      await countWritten(inner, authorized, result, now);
      return result;
    });
    return { out: { ok } };
  } catch (error) {
    if (!(error instanceof HanaperError) || faults.includes(error.code)) throw error;
    // Who asks for too much leaves nothing, not even that they did.
    if (error.code === 'too_large' || error.code === 'rate_limited') throw error;
    // Anybody may ask, and only the handler finds out whether they may. They ask without a nonce: one that comes before what
    // it needs, or is sent ahead of its author by somebody else without it, must not stand in the way of the same later.
    if (authorized.command.subject === 'anybody') throw error;
    return { out: { error: { code: error.code, message: error.message } }, refusal: error };
  }
}
