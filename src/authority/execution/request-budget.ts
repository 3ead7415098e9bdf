import { type Allowance, Budget, type Meter } from '../../budget.ts';
import { limits } from '../../ucan/limits.ts';

/** How much one request may have done, no matter who asks: by far more than one that is meant well needs. */
const requestAllowance: Allowance = {
  // 255 delegations with a short policy each are 10,000.
  values: 32_768,
  key_bytes: limits.policyKeyBytes,
  // A policy of 256 statements over short arguments takes some 5,000.
  policy_steps: 125_000,
  // A chain of 64, or as many delegations to store as a container holds beside the invocation.
  signatures: 320,
  visits: 5000,
  rows_read: 5000,
};

// A signature does not shrink: tokens that are meant well unzip to some times their size, and no more.
const stretch = 16;
const freeBytes = 131_072;
const mostBytes = 3_145_728;

/** Opens the budget of a new request, of so many bytes as it was sent in; all that is done for it draws on it. */
export function openRequestBudget(sentBytes: number = Number.POSITIVE_INFINITY, meter?: Meter): Budget {
  return new Budget({ ...requestAllowance, held_bytes: Math.min(mostBytes, freeBytes + stretch * sentBytes) }, meter);
}
