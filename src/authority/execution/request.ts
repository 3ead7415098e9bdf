import { CID } from 'multiformats/cid';
import type { Budget } from '../../budget.ts';
import { HanaperError } from '../../errors.ts';
import { cidKey, computeCid } from '../../ucan/encoding/cid.ts';
import { type IpldValue, isIpldMap } from '../../ucan/encoding/ipld.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import type { DelegationCache } from '../../ucan/token/delegation-cache.ts';
import { decodeEnvelope, kindOfToken } from '../../ucan/token/envelope.ts';
import { type Invocation, readInvocation } from '../../ucan/token/invocation.ts';
import { receiptCommand } from '../../ucan/token/receipt.ts';
import { revokeCommand } from '../../ucan/token/revocation.ts';
import { unpackContainer } from '../../ucan/token/tokens.ts';
import { openLocalBudget, openRequestBudget } from './request-budget.ts';

/** What a caller wants of the log. */
export interface LogWishes {
  /** The note of a checkpoint that the caller has seen, which the log must continue before anything is done. */
  readonly seen?: string;
  /** Whether what is written comes under a checkpoint at once. */
  readonly wantsCheckpoint?: boolean;
}

/** What somebody asks for: one invocation, and the delegations that came beside it. */
export interface Request extends LogWishes {
  readonly invocation: Invocation;
  readonly given: readonly Delegation[];
  /** Whether a local caller hands it in; what comes over a network never is. */
  readonly isLocal?: boolean;
  /** What it may still have done; default: that of a new request. */
  readonly budget?: Budget;
}

/** A request with the budget that it is executed on. */
export interface BudgetedRequest extends Request {
  readonly budget: Budget;
}

/** Gives a request a budget, unless it has one. */
export function withBudget(request: Request): BudgetedRequest {
  if (isBudgeted(request)) return request;
  return { ...request, budget: request.isLocal ? openLocalBudget() : openRequestBudget() };
}

function isBudgeted(request: Request): request is BudgetedRequest {
  return request.budget !== undefined;
}

/**
 * Takes a request out of a container in any of its six encodings. Of the delegations beside the invocation those that it
 * names are read, and only when somebody asks for them: by then its signature was verified.
 *
 * @throws HanaperError `malformed_token`, `too_large`, `bad_input` where it holds no invocation, several, or a receipt
 */
export async function decodeRequest(
  container: Uint8Array,
  known: DelegationCache,
  budget: Budget = openRequestBudget(container.length),
  wishes: LogWishes = {},
): Promise<BudgetedRequest> {
  const tokens = await unpackContainer(container, budget);
  const { delegation: delegations = [], invocation: invocations = [] } = Object.groupBy(tokens, kindOfToken);
  const [first, ...others] = invocations;
  // Where nobody asks for anything, a damaged token is the likelier mistake.
  if (first === undefined) for (const bytes of delegations) decodeEnvelope(bytes, budget);
  if (first === undefined || others.length > 0) throw notOne(invocations.length);
  const invocation = readInvocation(decodeEnvelope(first, budget));
  if (invocation.command === receiptCommand) throw isReceipt();
  let read: readonly Delegation[] | undefined;
  return {
    ...wishes,
    invocation,
    budget,
    get given() {
      read ??= readNamed(invocation, delegations, known, budget);
      return read;
    },
  };
}

function readNamed(
  { command, proofs, args }: Invocation,
  delegations: readonly Uint8Array[],
  known: DelegationCache,
  budget: Budget,
): readonly Delegation[] {
  // A revocation has no field for the chain that leads to its author.
  const readsAll = command === revokeCommand;
  const named = new Set([...proofs, ...linksIn(args)].map(cidKey));
  return delegations
    .filter((bytes) => readsAll || named.has(cidKey(computeCid(bytes))))
    .map((bytes) => known.decode(bytes, budget));
}

function linksIn(value: IpldValue): readonly CID[] {
  if (value instanceof CID) return [value];
  if (Array.isArray(value)) return value.flatMap(linksIn);
  return isIpldMap(value) ? Object.values(value).flatMap(linksIn) : [];
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
