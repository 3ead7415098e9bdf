import { requireRefusal } from '../../attempt.ts';
import type { HanaperError } from '../../errors.ts';
import type { HanaperEvent } from '../../events.ts';

/** Who hears about a checkpoint that could not be made. */
export type ReportFailure = (
  name: 'log.checkpoint_failed',
  details: HanaperEvent['details'],
  refusal: HanaperError,
) => void;

/**
 * Makes a checkpoint after another operation, which a failure must not undo: the failure is reported and returned,
 * and the next checkpoint includes what this one did not.
 */
export async function tryCheckpoint(
  make: () => Promise<unknown>,
  report: ReportFailure,
): Promise<HanaperError | undefined> {
  try {
    await make();
    return undefined;
  } catch (error) {
    const refusal = requireRefusal(error);
    // Locked in the meantime: there is the next unlocking.
    if (refusal.code !== 'locked') report('log.checkpoint_failed', refusal.details, refusal);
    return refusal;
  }
}
