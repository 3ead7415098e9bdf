import { HanaperError } from '../../errors.ts';
import { toSeconds } from '../../signature/time.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import { type Invocation, signInvocation } from '../../ucan/token/invocation.ts';
import { vouchForOwn } from '../../ucan/token/verified.ts';
import type { AnyCommand } from '../schemas/command.ts';
import { parseArgs } from '../schemas/parse-args.ts';
import { authoritySigner, organisationSigner } from '../tokens/signers.ts';
import { type Answer, execute, readAsLocal } from './execute.ts';
import { resolveOrganisation } from './find-organisation.ts';
import type { Host } from './host.ts';
import { reportRefusal } from './report-refusal.ts';
import { openLocalBudget } from './request-budget.ts';
import { resultOf } from './result-of.ts';

/** A local call. */
export interface LocalCall {
  readonly args: unknown;
  /** Name, DID or id; absent: the only one. */
  readonly organisation?: string | undefined;
  /** Delegations that go beside the invocation. */
  readonly given?: readonly Delegation[];
}

// Only as long as it takes to get to the entry point, which may have to wait for other writers.
const lifetime = 300;

/**
 * Executes a command for a local caller. A read runs as the principal `local`: who can open the file may
 * read it. A write is invoked by the authority, or by the organisation whose command it is, with its own key.
 *
 * @throws HanaperError `bad_input`, `locked`, `not_found`, `usage`, and what the command throws
 */
export async function executeLocally(host: Host, command: AnyCommand, call: LocalCall): Promise<unknown> {
  return resultOf(await callLocally(host, command, call));
}

async function callLocally(host: Host, command: AnyCommand, call: LocalCall): Promise<Answer> {
  const prepared = await prepare(host, command, call);
  return prepared.kind === 'invocation'
    ? execute(host, command, { invocation: prepared, given: call.given ?? [], budget: openLocalBudget() })
    : prepared;
}

// What never reaches the entry point is reported here.
async function prepare(host: Host, command: AnyCommand, call: LocalCall): Promise<Answer | Invocation> {
  const { args, organisation } = call;
  try {
    parseArgs(command.args, args);
    return command.access === 'read'
      ? await readAsLocal(host, command, args, organisation)
      : await invoke(host, command, call);
  } catch (error) {
    const about = organisation === undefined ? {} : { organisation };
    if (error instanceof HanaperError) reportRefusal(host, command, about, args, error);
    throw error;
  }
}

async function invoke(
  host: Host,
  { name, subject }: AnyCommand,
  { args, organisation }: LocalCall,
): Promise<Invocation> {
  const vault = host.requireVault();
  const { row, now } = await host.followed.read(async (transaction) => ({
    row: subject === 'organisation' ? await resolveOrganisation(transaction, organisation) : undefined,
    now: toSeconds(await host.readNow(transaction)),
  }));
  const signer = row ? organisationSigner(vault, row) : authoritySigner(vault);
  const invocation = await signInvocation(signer, {
    subject: signer.did,
    command: name,
    args,
    issuedAt: now,
    expiration: now + lifetime,
  });
  return vouchForOwn(invocation, signer);
}
