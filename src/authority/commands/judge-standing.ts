import { Budget } from '../../budget.ts';
import { findStanding, type Standing } from '../../ucan/chain/delegation-status.ts';
import type { Candidate, DelegationSource } from '../../ucan/chain/find-chain.ts';

/** How many delegations are looked at above one, to say how it stands. */
export const mostVisitsOfOne = 250;

/** How a delegation stands, by a bounded look above it, which is drawn on the budget of the request. */
export async function judgeStanding(
  candidate: Candidate,
  source: DelegationSource,
  now: number,
  budget: Budget,
): Promise<Standing> {
  const own = new Budget({ visits: Math.min(mostVisitsOfOne, budget.left('visits')) });
  const standing = await findStanding(candidate, source, now, own);
  budget.spend('visits', own.spentOn('visits'));
  return standing;
}
