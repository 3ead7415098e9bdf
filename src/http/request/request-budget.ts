import type { Context } from 'hono';
import { openRequestBudget } from '../../authority/execution/request-budget.ts';
import type { Budget, Meter } from '../../budget.ts';

const variable = 'meter';

/** Has what a request costs told as it is spent. */
export function setMeter(context: Context, meter: Meter): void {
  context.set(variable, meter);
}

/** Opens the budget of a request, of so many bytes as what it asks for was sent in. */
export function openBudget(context: Context, sentBytes: number): Budget {
  return openRequestBudget(sentBytes, context.get(variable) as Meter | undefined);
}
