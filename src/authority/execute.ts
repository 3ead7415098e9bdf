import { type ErrorCode, HanaperError } from '../errors.ts';
import type { EventName, HanaperEvent } from '../events.ts';
import { lockLogHead, readLogHead } from '../store/log.ts';
import type { LogHeadRow } from '../store/schema.ts';
import { type Transaction, withSavepoint } from '../store/transaction.ts';
import { formatCid } from '../ucan/cid.ts';
import type { Delegation } from '../ucan/delegation.ts';
import type { Invocation } from '../ucan/invocation.ts';
import type { ReceiptClaims } from '../ucan/receipt.ts';
import { type Verified, verifyToken } from '../ucan/verified.ts';
import { type Authorized, authorize, requireInTime } from './authorize.ts';
import type { AnyCommand, CommandContext, CommandSubject, ContextOf } from './command.ts';
import { enrol, hashEffects } from './enrol.ts';
import { type Executed, findExecuted } from './executed.ts';
import { resolveOrganisation } from './find-organisation.ts';
import type { Host } from './host.ts';
import { parseArgs } from './parse-args.ts';
import { rememberPrincipals } from './principals.ts';
import { reportRefusal } from './refusals.ts';
import type { Request } from './request.ts';

/** What came of a request: what was read, or the receipt of what was done. */
export type Answer =
  | { readonly kind: 'result'; readonly result: unknown }
  | (Executed & {
      readonly kind: 'receipt';
      /** Why the handler refused, in full; a receipt has but the code and the message. */
      readonly refusal?: HanaperError;
    });

// What is nobody's fault but ours or the world's: it consumes nothing, and can be asked for again.
const faults: readonly ErrorCode[] = [
  'internal',
  'unavailable',
  'bad_config',
  'locked',
  'not_initialized',
  'database_newer',
  'database_corrupt',
  'authority_tampered',
  'authority_changed',
  'slot_damaged',
];

/**
 * The one door: whatever changes something passes here, whoever asks.
 *
 * An invocation that was executed before gives the stored receipt, whatever the time. Any other is authorised; a command
 * that reads has its result at once; one that writes is executed in one transaction together with its receipt and its
 * entry in the log. What its handler refuses is a receipt too. What is not authorised, and a fault, leaves nothing.
 *
 * @throws HanaperError `invalid_token_signature`, what `authorize` throws, `not_found` for an unknown command, `bad_input`
 * for arguments that do not fit it, `locked`, `unavailable`, `database_corrupt`
 */
export async function execute(host: Host, command: AnyCommand, request: Request): Promise<Answer> {
  try {
    const invocation = await verifyToken(request.invocation);
    const admitted = await host.database.transact('read', (transaction) => admit(host, transaction, command, request));
    if ('answer' in admitted) {
      admitted.told.tell(host);
      return admitted.answer;
    }
    return await perform(host, invocation, request, admitted);
  } catch (error) {
    const { invocation } = request;
    if (error instanceof HanaperError)
      reportRefusal(host, command, describeInvocation(invocation), invocation.args, error);
    throw error;
  }
}

interface Admitted extends Authorized {
  /** Where the log ended when it was authorised. */
  readonly head: LogHeadRow;
}

/** Executes a command that reads for whoever has the database at hand: the principal `local`, who shows no token. */
export async function readAsLocal(
  host: Host,
  command: AnyCommand,
  args: unknown,
  organisation: string | undefined,
): Promise<Answer> {
  const told = new Told();
  const result = await host.database.transact('read', async (transaction) => {
    const now = await host.readNow(transaction);
    const row = command.subject === 'organisation' ? await resolveOrganisation(transaction, organisation) : undefined;
    const context = await createContext(host, transaction, [], now, told);
    return command.run({ ...context, ...(row && { organisation: row }) } as ContextOf<CommandSubject>, args);
  });
  told.tell(host);
  return { kind: 'result', result };
}

async function admit(
  host: Host,
  transaction: Transaction,
  command: AnyCommand,
  request: Request,
): Promise<Admitted | { readonly answer: Answer; readonly told: Told }> {
  const { invocation } = request;
  const isWrite = command.access === 'write';
  const executed = isWrite ? await findExecuted(transaction, invocation, host.identity.did) : undefined;
  const told = new Told();
  if (executed) return { answer: { kind: 'receipt', ...executed }, told };
  const head = await readLogHead(transaction);
  const now = await host.readNow(transaction);
  const authorized = await authorizeIn(host, transaction, command, request, now);
  // The very object that the policies were held against is what the handler gets: it is looked at, and never rebuilt.
  parseArgs(command.args, invocation.args);
  if (isWrite) return { ...authorized, head };
  const result = await runHandler(host, transaction, request, authorized, now, told);
  return { answer: { kind: 'result', result }, told };
}

async function perform(
  host: Host,
  invocation: Verified<Invocation>,
  request: Request,
  admitted: Admitted,
): Promise<Answer> {
  const vault = host.requireVault();
  const told = new Told();
  const answer = await host.database.transact('write', async (transaction): Promise<Answer> => {
    const head = await lockLogHead(transaction);
    const now = await host.readNow(transaction);
    const executed =
      head.size === admitted.head.size ? undefined : await findExecuted(transaction, invocation, host.identity.did);
    if (executed) return { kind: 'receipt', ...executed };
    const authorized = await checkAgain(host, transaction, request, admitted, head, now);
    const { out, refusal } = await runInSavepoint(transaction, (inner) =>
      runHandler(host, inner, request, authorized, now, told),
    );
    if (refusal) told.clear();
    await rememberPrincipals({ transaction, now }, [invocation.issuer]);
    const effects = hashEffects(transaction, head.size);
    const receipt = await enrol(transaction, vault, { invocation, out, now, head }, effects);
    return { kind: 'receipt', receipt, isReplay: false, ...(refusal && { refusal }) };
  });
  told.tell(host);
  reportExecuted(host, admitted.command, request, answer);
  return answer;
}

/** Between the authorisation and the lock somebody may have revoked something, and time has passed. */
async function checkAgain(
  host: Host,
  transaction: Transaction,
  request: Request,
  admitted: Admitted,
  head: LogHeadRow,
  now: string,
): Promise<Authorized> {
  if (head.generation !== admitted.head.generation) {
    return authorizeIn(host, transaction, admitted.command, request, now);
  }
  requireInTime(request.invocation, admitted.path, now);
  return admitted;
}

async function authorizeIn(
  host: Host,
  transaction: Transaction,
  command: AnyCommand,
  request: Request,
  now: string,
): Promise<Authorized> {
  const tokens = await host.tokensIn(transaction);
  return authorize({ transaction, tokens, now, authority: host.identity.did }, command, request);
}

async function runHandler(
  host: Host,
  transaction: Transaction,
  { invocation, given }: Request,
  { command, organisation }: Authorized,
  now: string,
  told: Told,
): Promise<unknown> {
  const context = await createContext(host, transaction, given, now, told);
  return command.run({ ...context, invocation, ...(organisation && { organisation }) }, invocation.args);
}

async function runInSavepoint(
  transaction: Transaction,
  run: (inner: Transaction) => Promise<unknown>,
): Promise<{ readonly out: ReceiptClaims['out']; readonly refusal?: HanaperError }> {
  try {
    return { out: { ok: await withSavepoint(transaction, run) } };
  } catch (error) {
    if (!(error instanceof HanaperError) || faults.includes(error.code)) throw error;
    return { out: { error: { code: error.code, message: error.message } }, refusal: error };
  }
}

async function createContext(
  host: Host,
  transaction: Transaction,
  given: readonly Delegation[],
  now: string,
  told: Told,
): Promise<CommandContext> {
  return {
    transaction,
    now,
    authority: host.identity,
    tokens: await host.tokensIn(transaction),
    given,
    vault: () => host.requireVault(),
    emit: (name, details) => told.note(name, details),
    afterCommit: (act) => told.after(act),
    lock: () => host.lock(),
  };
}

/** What is told, and done, once all is committed. */
class Told {
  #events: { readonly name: EventName; readonly details: HanaperEvent['details'] }[] = [];
  #acts: (() => void)[] = [];

  note(...[name, details]: Parameters<CommandContext['emit']>): void {
    this.#events.push({ name, details });
  }

  after(act: () => void): void {
    this.#acts.push(act);
  }

  clear(): void {
    this.#events = [];
    this.#acts = [];
  }

  tell(host: Host): void {
    for (const act of this.#acts) act();
    for (const { name, details } of this.#events) host.report(name, details);
  }
}

function reportExecuted(host: Host, command: AnyCommand, { invocation }: Request, answer: Answer): void {
  if (answer.kind !== 'receipt' || answer.isReplay) return;
  host.report('command.executed', { command: command.name, ...describeInvocation(invocation) }, answer.refusal);
  if (answer.refusal) reportRefusal(host, command, describeInvocation(invocation), invocation.args, answer.refusal);
}

/** What is told of an invocation. */
export function describeInvocation({ cid, issuer, subject }: Invocation): Readonly<Record<string, string>> {
  return { invocation: formatCid(cid), invoker: issuer, subject };
}
