import type { Context } from 'hono';
import { openRequestBudget } from '../authority/request-budget.ts';
import type { Budget } from '../budget.ts';

const variable = 'budget';

/** Opens the budget of a request, of so many bytes as what it asks for was sent in. */
export function openBudget(context: Context, sentBytes: number): Budget {
  const budget = openRequestBudget(sentBytes);
  context.set(variable, budget);
  return budget;
}

/** What a request has cost so far, in microseconds of one core, roughly. */
export function costOf(context: Context): number {
  const budget = context.get(variable) as Budget | undefined;
  return budget?.cost ?? 0;
}
