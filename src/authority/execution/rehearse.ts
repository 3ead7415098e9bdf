import { HanaperError } from '../../errors.ts';
import type { Invocation } from '../../ucan/token/invocation.ts';
import { hashEffects } from '../log/append-entry.ts';
import { lockLogEnd } from '../log/log-end.ts';
import type { LogWatch } from '../log/log-watch.ts';
import type { AnyCommand } from '../schemas/command.ts';
import { parseArgs } from '../schemas/parse-args.ts';
import { AfterCommit } from './after-commit.ts';
import type { LocalCall } from './execute-locally.ts';
import type { Host } from './host.ts';
import { withoutMemo } from './memo.ts';
import { reportRefusal } from './report-refusal.ts';
import { openRequestBudget } from './request-budget.ts';
import { type ExecutionContext, runAsLocal } from './run-handler.ts';

/** Whose commands are rehearsed. */
export interface RehearsingHost extends Host {
  readonly logWatch: LogWatch;
}

/** A call by a local caller, or the invocation that it will be. */
export interface RehearsedCall extends LocalCall {
  /** Nobody verifies its signature. */
  readonly invocation?: Invocation;
}

/**
 * Finds what would refuse a command that needs the vault, before somebody is asked for what opens it. The handler runs as far
 * as it comes without a key; what it writes is rolled back.
 *
 * @throws HanaperError `bad_input`, `not_found`, `usage`, `log_rolled_back`, `log_tampered`, `unavailable`, and what the
 * command throws
 */
export async function rehearse(host: RehearsingHost, command: AnyCommand, call: RehearsedCall): Promise<void> {
  await host.logWatch.hold();
  checkArgs(host, command, call);
  try {
    await (command.access === 'write' ? runAndRollBack(host, command, call) : readAsFarAsPossible(host, command, call));
  } catch (error) {
    if (error instanceof RolledBack || isLocked(error)) return;
    throw reported(host, command, call, error);
  }
}

/**
 * Checks the arguments of a command, and nothing else.
 *
 * @throws HanaperError `bad_input`
 */
export function checkArgs(host: Host, command: AnyCommand, call: LocalCall): void {
  try {
    parseArgs(command.args, call.args);
  } catch (error) {
    throw reported(host, command, call, error);
  }
}

function reported(host: Host, command: AnyCommand, { args, organisation }: LocalCall, error: unknown): unknown {
  const about = organisation === undefined ? {} : { organisation };
  if (error instanceof HanaperError) reportRefusal(host, command, about, args, error);
  return error;
}

class RolledBack extends Error {}

function runAndRollBack(host: RehearsingHost, command: AnyCommand, call: RehearsedCall): Promise<never> {
  return host.database.transact('write', async (transaction) => {
    const head = await lockLogEnd(transaction);
    await host.followed.hold(transaction, head);
    await run(host, { transaction, head }, command, call);
    await hashEffects(transaction, head.size);
    throw new RolledBack();
  });
}

function readAsFarAsPossible(host: RehearsingHost, command: AnyCommand, call: RehearsedCall): Promise<unknown> {
  return host.followed.read((transaction, head) => run(host, { transaction, head }, command, call));
}

async function run(
  host: Host,
  place: Pick<ExecutionContext, 'transaction' | 'head'>,
  command: AnyCommand,
  call: RehearsedCall,
): Promise<unknown> {
  const now = await host.readNow(place.transaction);
  const surroundings = { ...place, now, recall: withoutMemo, budget: openRequestBudget(), told: new AfterCommit() };
  return runAsLocal(host, surroundings, command, call);
}

// The handler has reached the point where it needs a key.
function isLocked(error: unknown): boolean {
  return error instanceof HanaperError && error.code === 'locked';
}
