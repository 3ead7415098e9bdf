import { Budget } from '../../budget.ts';
import { type DelegationStatus, findDelegationStatus } from '../../ucan/chain/delegation-status.ts';
import type { Candidate, DelegationSource } from '../../ucan/chain/find-chain.ts';

/** How many delegations are looked at above one, to say how it stands. */
export const maxVisitsOfOne = 250;

/** How a delegation stands, by a bounded look above it, which is drawn on the budget of the request. */
export async function judgeStatus(
  candidate: Candidate,
  source: DelegationSource,
  now: number,
  budget: Budget,
): Promise<DelegationStatus> {
  const own = new Budget({ visits: Math.min(maxVisitsOfOne, budget.left('visits')) });
  const standing = await findDelegationStatus(candidate, source, now, own);
  budget.spend('visits', own.spentOn('visits'));
  return standing;
}
