import { type Allowance, Budget } from '../budget.ts';

/** How much one request may have done. */
const requestAllowance: Allowance = {};

/** Opens the budget of a new request; all that is done for the request draws on it. */
export function openRequestBudget(): Budget {
  return new Budget(requestAllowance);
}
