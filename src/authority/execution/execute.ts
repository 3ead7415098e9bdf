import { requireRefusal } from '../../attempt.ts';
import type { HanaperError } from '../../errors.ts';
import { required } from '../../required.ts';
import type { LogHeadRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { listDidIds } from '../../store/tables/did-documents.ts';
import type { Invocation } from '../../ucan/token/invocation.ts';
import { type Verified, verifyToken } from '../../ucan/token/verified.ts';
import { appendEntry, hashEffects } from '../log/append-entry.ts';
import { requireContinued } from '../log/require-continued.ts';
import type { AnyCommand, Recall } from '../schemas/command.ts';
import { rememberPrincipals } from '../tokens/principals.ts';
import { AfterCommit } from './after-commit.ts';
import { type Authorized, authorize, requireInTime } from './authorize.ts';
import { type FoundReceipt, findReceipt } from './find-receipt.ts';
import type { Host } from './host.ts';
import { withoutMemo } from './memo.ts';
import { isInDoubt, reportExecuted, reportRefused, unrecorded } from './report-outcome.ts';
import { type BudgetedRequest, type Request, withBudget } from './request.ts';
import { openLocalBudget } from './request-budget.ts';
import { countAct, requireRoomForAct } from './require-allowance.ts';
import { type ExecutionContext, prepareHandler, runAsLocal, runHandler } from './run-handler.ts';
import { runInSavepoint } from './run-in-savepoint.ts';
import type { Turn } from './write-queue.ts';

/** The result of a request: what was read, or the receipt of what was done. */
export type Answer =
  | { readonly kind: 'result'; readonly result: unknown }
  | (FoundReceipt & {
      readonly kind: 'receipt';
      /** Why the handler refused, in full; a receipt has but the code and the message. */
      readonly refusal?: HanaperError;
    });

/**
 * The entry point: every change passes here, whatever its caller.
 *
 * An invocation that was executed before gives the stored receipt, whatever the time. Any other is authorised; a command
 * that reads has its result at once; one that writes is executed in one transaction together with its receipt and its
 * entry in the log. What its handler refuses is a receipt too, unless anybody may ask for it. What is not authorised, and a
 * fault, leaves nothing.
 *
 * @throws HanaperError `invalid_token_signature`, what `authorize` throws, `not_found` for an unknown command, `bad_input`
 * for arguments that do not fit it, `log_rolled_back` where the caller has seen more, `locked`, `database_corrupt`,
 * `unavailable` (with `may_be_done` where it may be done all the same; with `receipt` and perhaps `index` where it was done,
 * and could not be told to the observer)
 */
export async function execute(host: Host, command: AnyCommand, request: Request): Promise<Answer> {
  const told = new AfterCommit();
  const answer = await decide(host, command, request, told).catch((error: unknown) => {
    if (isInDoubt(error)) told.settleDoubt();
    reportRefused(host, command, request, error);
    throw error;
  });
  tell(host, command, request, answer, told);
  return answer;
}

async function decide(host: Host, command: AnyCommand, request: Request, told: AfterCommit): Promise<Answer> {
  const asked = withBudget(request);
  const invocation = await verifyToken(request.invocation, undefined, asked.budget);
  // A checkpoint is written: nobody has one made who may not ask.
  if (command.needsCheckpoint && (await isAdmitted(host, command, asked))) await host.checkpoint();
  const admitted = await host.followed.read(async (...place) => {
    const found = await admit(host, place, command, asked, told);
    if (asked.seen !== undefined) await requireContinued(place[0], host.identity.did, asked.seen);
    if ('kind' in found) return found;
    return command.access === 'write' ? prepare(host, asked, found) : read(host, asked, found);
  });
  if ('kind' in admitted) return admitted;
  const answer = await perform(host, invocation, asked, admitted, told);
  if (asked.wantsCheckpoint) await tryToSign(host);
  return answer;
}

// Before the vault is locked, should that be what was asked for. What was done stays done where it fails.
async function tryToSign(host: Host): Promise<void> {
  await host.checkpoint().catch((error: unknown) => {
    requireRefusal(error);
  });
}

function isAdmitted(host: Host, command: AnyCommand, request: BudgetedRequest): Promise<boolean> {
  return host.followed.read(
    async (...place) => !('kind' in (await admit(host, place, command, request, new AfterCommit()))),
  );
}

// What was done stays done if the observer fails.
function tell(host: Host, command: AnyCommand, { invocation }: Request, answer: Answer, told: AfterCommit): void {
  try {
    told.tell(host);
    if (answer.kind === 'receipt' && !answer.isReplay) reportExecuted(host, command, invocation, answer.refusal);
  } catch (error) {
    throw answer.kind === 'receipt' ? unrecorded(answer, error) : error;
  }
}

/**
 * Tells beforehand whether the entry point would execute a request, for what has to be done first and is costly. It needs no
 * key. The receipt is given where the request was executed before.
 *
 * @throws HanaperError `invalid_token_signature`, what `authorize` throws, `bad_input` for arguments that do not fit
 */
export async function checkRequest(host: Host, command: AnyCommand, request: Request): Promise<Answer | undefined> {
  try {
    const asked = withBudget(request);
    await verifyToken(request.invocation, undefined, asked.budget);
    const admitted = await host.followed.read(async (...place) => {
      const found = await admit(host, place, command, asked, new AfterCommit());
      if (request.seen !== undefined) await requireContinued(place[0], host.identity.did, request.seen);
      return found;
    });
    return 'kind' in admitted ? admitted : undefined;
  } catch (error) {
    reportRefused(host, command, request, error);
    throw error;
  }
}

/** Executes a command that reads for a local caller: the principal `local`, who shows no token. */
export async function readAsLocal(
  host: Host,
  command: AnyCommand,
  args: unknown,
  organisation: string | undefined,
): Promise<Answer> {
  const told = new AfterCommit();
  if (command.needsCheckpoint) await host.checkpoint();
  const result = await host.followed.read(async (transaction, head) => {
    const now = await host.readNow(transaction);
    return runAsLocal(host, { transaction, now, head, recall: withoutMemo, budget: openLocalBudget(), told }, command, {
      args,
      organisation,
    });
  });
  told.tell(host);
  return { kind: 'result', result };
}

interface Admitted extends Authorized {
  /** What the command found out before the turn to write. */
  readonly prepared?: unknown;
  readonly surroundings: ExecutionContext;
}

/** Finds the receipt of what was executed before, and authorises what was not. */
async function admit(
  host: Host,
  [transaction, head]: readonly [Transaction, LogHeadRow],
  command: AnyCommand,
  request: BudgetedRequest,
  told: AfterCommit,
): Promise<Admitted | Answer> {
  const { invocation, budget } = request;
  const isWrite = command.access === 'write';
  const executed = isWrite ? await findReceipt(transaction, invocation, host.identity.did) : undefined;
  if (executed) return { kind: 'receipt', ...executed };
  const now = await host.readNow(transaction);
  const surroundings = { transaction, now, head, recall: host.memo.at(head.generation), budget, told };
  const authorized = await authorizeIn(host, surroundings, command, request);
  return { ...authorized, surroundings };
}

async function read(host: Host, request: Request, admitted: Admitted): Promise<Answer> {
  return { kind: 'result', result: await runHandler(host, admitted.surroundings, request, admitted) };
}

// What is costly to find out, or too much to be kept, is not left to the turn to write.
async function prepare(host: Host, request: BudgetedRequest, admitted: Admitted): Promise<Admitted> {
  const { transaction, now } = admitted.surroundings;
  await requireRoomForAct(host, transaction, request.invocation, admitted, now);
  return { ...admitted, prepared: await prepareHandler(host, admitted.surroundings, request, admitted) };
}

function perform(
  host: Host,
  invocation: Verified<Invocation>,
  request: BudgetedRequest,
  admitted: Admitted,
  told: AfterCommit,
): Promise<Answer> {
  const vault = host.requireVault();
  return host.writer.write(async (transaction, turn): Promise<Answer> => {
    told.clear();
    const hasMoved = turn.head.size !== admitted.surroundings.head.size;
    const executed = hasMoved ? await findReceipt(transaction, invocation, host.identity.did) : undefined;
    if (executed) return { kind: 'receipt', ...executed };
    const now = await host.readNow(transaction);
    const surroundings = {
      transaction,
      now,
      head: turn.head,
      recall: recallIn(host, turn),
      budget: request.budget,
      told,
    };
    const authorized = await checkAgain(host, surroundings, request, admitted, turn.head);
    const dids = [invocation.issuer, vault.did];
    const known = await findPrincipals(surroundings, dids);
    const bytes = await requireRoomForAct(host, transaction, invocation, authorized, now);
    const { out, refusal } = await runInSavepoint(transaction, authorized, now, (inner) =>
      runHandler(host, { ...surroundings, transaction: inner }, request, authorized, admitted.prepared),
    );
    turn.isOpen = true;
    const principals = known.every((id) => id !== undefined) ? known : await addPrincipals(surroundings, dids);
    const effects = await hashEffects(transaction, turn.head.size);
    await host.proofs.keep(transaction, authorized.path, (remember) => told.after(remember));
    await countAct(transaction, authorized, bytes, now);
    const act = { invocation, out, now, head: turn.head, principals };
    const { receipt, head } = await appendEntry(transaction, vault, act, effects);
    const index = turn.head.size;
    turn.head = head;
    turn.isOpen = false;
    if (refusal) told.clear();
    return { kind: 'receipt', receipt, index, isReplay: false, ...(refusal && { refusal }) };
  });
}

// What others have written in this transaction is not committed, and is nothing to remember.
function recallIn(host: Host, { head, committed }: Turn): Recall {
  return head.generation === committed ? host.memo.at(committed) : withoutMemo;
}

/** Between the authorisation and the lock somebody may have revoked something, and time has passed. */
async function checkAgain(
  host: Host,
  surroundings: ExecutionContext,
  request: BudgetedRequest,
  admitted: Admitted,
  head: LogHeadRow,
): Promise<Authorized> {
  if (head.generation !== admitted.surroundings.head.generation) {
    return authorizeIn(host, surroundings, admitted.command, request);
  }
  requireInTime(request.invocation, admitted.path, surroundings.now);
  return admitted;
}

async function authorizeIn(
  host: Host,
  { transaction, now, recall }: ExecutionContext,
  command: AnyCommand,
  request: BudgetedRequest,
): Promise<Authorized> {
  const tokens = await host.tokensIn(transaction);
  return authorize({ transaction, tokens, now, recall, authority: host.identity.did }, command, request);
}

// Looked up before the handler writes: a row that is new may be rolled back, and must not be remembered.
async function findPrincipals(
  { transaction, recall }: ExecutionContext,
  dids: readonly string[],
): Promise<readonly (number | undefined)[]> {
  const ids: (number | undefined)[] = [];
  for (const did of dids) {
    ids.push(await recall(`did/${did}`, async () => (await listDidIds(transaction, [did])).get(did)));
  }
  return ids;
}

async function addPrincipals({ transaction, now }: ExecutionContext, dids: readonly string[]): Promise<number[]> {
  const ids = await rememberPrincipals({ transaction, now }, dids);
  return dids.map((did) => required(ids.get(did), 'principal'));
}
