import type { Budget } from '../../budget.ts';
import type { LogHeadRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import type { Invocation } from '../../ucan/token/invocation.ts';
import { timeOfEntry } from '../log/append-entry.ts';
import type { AnyCommand, CommandContext, CommandSubject, ContextOf, Recall } from '../schemas/command.ts';
import type { AfterCommit } from './after-commit.ts';
import type { Authorized } from './authorize.ts';
import { resolveOrganisation } from './find-organisation.ts';
import type { Host } from './host.ts';
import type { Request } from './request.ts';

/** In what a handler runs. */
export interface ExecutionContext {
  readonly transaction: Transaction;
  /** RFC 3339, UTC. */
  readonly now: string;
  /** Where the log ends. */
  readonly head: LogHeadRow;
  readonly recall: Recall;
  readonly budget: Budget;
  readonly told: AfterCommit;
}

/** Runs the handler of an authorised invocation, on the very arguments that its policies were checked against. */
export async function runHandler(
  host: Host,
  surroundings: ExecutionContext,
  request: Request,
  authorized: Authorized,
  prepared?: unknown,
): Promise<unknown> {
  const context = await contextOf(host, surroundings, request, authorized);
  return authorized.command.run({ ...context, prepared }, request.invocation.args);
}

/** Has a command find out what it wants to know before the turn to write. */
export async function prepareHandler(
  host: Host,
  surroundings: ExecutionContext,
  request: Request,
  authorized: Authorized,
): Promise<unknown> {
  const { command } = authorized;
  if (command.prepare === undefined) return undefined;
  return command.prepare(await contextOf(host, surroundings, request, authorized), request.invocation.args);
}

async function contextOf(
  host: Host,
  surroundings: ExecutionContext,
  { invocation, given, isLocal = false }: Request,
  { organisation, powerRoot }: Authorized,
): Promise<ContextOf<'organisation'> & ContextOf<'anybody'>> {
  const context = await createContext(host, surroundings, given);
  return {
    ...context,
    powerRoot,
    invocation,
    isLocal,
    ...(organisation && { organisation }),
  } as ContextOf<'organisation'> & ContextOf<'anybody'>;
}

/** What a local caller wants done, without a verified invocation. */
export interface UnsignedCall {
  readonly args: unknown;
  /** Name, DID or id; absent: the only one. */
  readonly organisation?: string | undefined;
  readonly given?: readonly Delegation[];
  /** For a command about anybody. */
  readonly invocation?: Invocation;
}

/** Runs the handler of a command for a local caller: the principal `local`. */
export async function runAsLocal(
  host: Host,
  surroundings: ExecutionContext,
  command: AnyCommand,
  { args, organisation, given = [], invocation }: UnsignedCall,
): Promise<unknown> {
  const { transaction } = surroundings;
  const row = command.subject === 'organisation' ? await resolveOrganisation(transaction, organisation) : undefined;
  const context = {
    ...(await createContext(host, surroundings, given)),
    ...(row && { organisation: row }),
    ...(invocation && { invocation, isLocal: true }),
  } as ContextOf<CommandSubject>;
  const prepared = await command.prepare?.(context, args);
  return command.run({ ...context, prepared }, args);
}

async function createContext(
  host: Host,
  { transaction, now, head, recall, budget, told }: ExecutionContext,
  given: readonly Delegation[],
): Promise<CommandContext> {
  return {
    transaction,
    now,
    entryIndex: head.size,
    enrolledAt: timeOfEntry(head, now),
    authority: host.identity,
    budget,
    tokens: await host.tokensIn(transaction),
    given,
    recall,
    vault: () => host.requireVault(),
    emit: (name, details) => told.note(name, details),
    afterCommit: (act) => told.afterDoubt(act),
    lock: () => host.lock(),
  };
}
