import { type Allowance, Budget, type Meter } from '../../budget.ts';
import { limits } from '../../ucan/limits.ts';

/** How much may be done at once, no matter who asks: by far more than anyone who means well needs. */
const callAllowance: Allowance = {
  // 255 delegations with a short policy each are 10,000.
  values: 32_768,
  key_bytes: limits.policyKeyBytes,
  // A policy of 256 statements over short arguments takes some 5,000.
  policy_steps: 40_000,
  visits: 5000,
  rows_read: 5000,
};

// Of all kinds together, as they are counted: a chain of 64, or seventy delegations to store, and not twice as much.
const requestCost = 13_000;

// A signature does not shrink: tokens that are meant well unzip to some times their size, and no more.
const stretch = 16;
const freeBytes = 131_072;
const maxBytes = 3_145_728;

/** Opens the budget of a new request, of so many bytes as it was sent in; all that is done for it draws on it. */
export function openRequestBudget(sentBytes: number = Number.POSITIVE_INFINITY, meter?: Meter): Budget {
  const heldBytes = Math.min(maxBytes, freeBytes + stretch * sentBytes);
  return new Budget({ ...callAllowance, cost: requestCost, held_bytes: heldBytes }, meter);
}

/** Opens the budget of a local call: all kinds of work together have no bound. */
export function openLocalBudget(): Budget {
  return new Budget({ ...callAllowance, held_bytes: maxBytes });
}
