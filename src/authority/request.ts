import type { Budget } from '../budget.ts';
import { HanaperError } from '../errors.ts';
import type { Delegation } from '../ucan/delegation.ts';
import { readDelegation } from '../ucan/delegation.ts';
import type { DelegationCache } from '../ucan/delegation-cache.ts';
import { decodeEnvelope } from '../ucan/envelope.ts';
import { type Invocation, readInvocation } from '../ucan/invocation.ts';
import { receiptCommand } from '../ucan/receipt.ts';
import { unpackContainer } from '../ucan/tokens.ts';
import { openRequestBudget } from './request-budget.ts';

/** What somebody asks for: one invocation, and the delegations that came beside it. */
export interface Request {
  readonly invocation: Invocation;
  readonly given: readonly Delegation[];
  /** Whether it is handed in by whoever has the database at hand; what comes over a network never is. */
  readonly isLocal?: boolean;
  /** What it may still have done; default: that of a new request. */
  readonly budget?: Budget;
}

/** A request with the budget that it is executed on. */
export type BudgetedRequest = Request & { readonly budget: Budget };

/** Gives a request a budget, unless it has one. */
export function withBudget(request: Request): BudgetedRequest {
  return { ...request, budget: request.budget ?? openRequestBudget() };
}

/**
 * Takes a request out of a container in any of its six encodings.
 *
 * @throws HanaperError `malformed_token`, `bad_input` where it holds no invocation, several, or a receipt
 */
export async function decodeRequest(
  container: Uint8Array,
  known: DelegationCache,
  budget: Budget = openRequestBudget(),
): Promise<BudgetedRequest> {
  const given: Delegation[] = [];
  const invocations: Invocation[] = [];
  for (const bytes of await unpackContainer(container)) {
    const cached = known.find(bytes);
    const envelope = cached?.envelope ?? decodeEnvelope(bytes);
    if (envelope.kind === 'delegation') given.push(cached ?? readDelegation(envelope));
    else invocations.push(readInvocation(envelope));
  }
  const [invocation, ...others] = invocations;
  if (invocation === undefined || others.length > 0) throw notOne(invocations.length);
  if (invocation.command === receiptCommand) throw isReceipt();
  return { invocation, given, budget };
}

function notOne(count: number): HanaperError {
  return new HanaperError(
    'bad_input',
    `A request holds exactly one invocation, with its proofs beside it; this one holds ${count}.`,
    { reason: 'not one invocation', invocations: count },
  );
}

function isReceipt(): HanaperError {
  return new HanaperError('bad_input', 'This is a receipt, which says what was done; it asks for nothing.', {
    reason: 'receipt',
  });
}
