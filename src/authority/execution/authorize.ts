import type { Budget } from '../../budget.ts';
import { HanaperError } from '../../errors.ts';
import { toSeconds } from '../../signature/time.ts';
import type { OrganizationRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findOrganization } from '../../store/tables/organizations.ts';
import { type ChainContext, proofsFrom, proveChain, shapeChain } from '../../ucan/chain/chain.ts';
import { type Chain, checkTime } from '../../ucan/chain/rules.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { limits } from '../../ucan/limits.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import type { Invocation } from '../../ucan/token/invocation.ts';
import { revokeCommand } from '../../ucan/token/revocation.ts';
import { isSignatureValid } from '../../ucan/token/verified.ts';
import type { AnyCommand, Recall } from '../schemas/command.ts';
import { parseArgs } from '../schemas/parse-args.ts';
import { eitherOf, type StoredTokens } from '../tokens/stored-tokens.ts';
import { findPowerRoot, hostedHere } from './hosted-subjects.ts';
import type { BudgetedRequest } from './request.ts';
import { requireRevokerStanding } from './revoker-standing.ts';

/** Seconds for which an invocation may be valid at most, from the present on. */
const longestLifetime = 900;

/** What an invocation is checked against. */
export interface AuthorizationContext {
  readonly transaction: Transaction;
  readonly tokens: StoredTokens;
  readonly recall: Recall;
  /** RFC 3339, UTC. */
  readonly now: string;
  /** DID of the authority. */
  readonly authority: string;
}

/** An invocation that may be executed at the time of its authorisation. */
export interface Authorized {
  readonly command: AnyCommand;
  /** From the root to the invoker. */
  readonly path: readonly Delegation[];
  /** The organisation whose command it is. */
  readonly organisation?: OrganizationRow;
  /** The root of the power that is used, whose allowance pays for what is kept; absent for a caller without a bound. */
  readonly powerRoot?: string;
}

/**
 * Authorises an invocation, the cheapest refusal first: arguments, audience and lifetime; the shape of its chain; its
 * subject; then the signatures, revocations and policies of its proofs.
 *
 * @throws HanaperError `too_large`, `audience_mismatch`, `subject_mismatch`, `invalid_claim`, `bad_input`, and what `validateInvocation` throws
 */
export async function authorize(
  { transaction, tokens, recall, now, authority }: AuthorizationContext,
  command: AnyCommand,
  { invocation, given, budget, isLocal = false }: BudgetedRequest,
): Promise<Authorized> {
  const isHosted = hostedHere(transaction, authority, recall);
  let heard: string | undefined;
  const hosted = await recall(`subject/${command.subject}/${invocation.subject}`, () =>
    findHosted(transaction, command, invocation, authority),
  );
  requireShort(invocation);
  // Before the policies, which take the longer the more there is to look at. The handler gets the very object that
  // they are checked against: it is inspected, and never rebuilt.
  parseArgs(command.args, invocation.args);
  // A revocation removes every power below its author, whatever its audience and time (UCAN revocation 1.0).
  if (invocation.command === revokeCommand) {
    const surroundings = { tokens, budget, isHosted, given, now: toSeconds(now) };
    heard = isLocal ? undefined : await requireRevokerStanding(surroundings, invocation.subject);
  } else {
    requireAddressed(invocation, authority);
    requireShortLived(invocation, toSeconds(now));
  }
  const context: ChainContext = {
    now: toSeconds(now),
    resolveProof: eitherOf(proofsFrom(given), (cid) => tokens.resolveProof(cid)),
    revocationsOf: (cid) => recall(`revocations/${formatCid(cid)}`, () => tokens.revocationsOf(cid)),
    missing: 'refuse',
    budget,
  };
  const chain = await shapeChain(invocation, context);
  const isEmpowered = hosted !== undefined && (command.subject === 'anybody' || (await isRootSigned(chain, budget)));
  if (!isEmpowered) throw hostedElsewhere(command, invocation, authority);
  const { path } = await proveChain(chain, context);
  tokens.keep(path);
  const powerRoot = isLocal ? undefined : (heard ?? (await findPowerRoot(path, isHosted)));
  return { command, path, ...hosted, ...(powerRoot !== undefined && { powerRoot }) };
}

/**
 * Checks an authorised invocation against a later time.
 *
 * @throws HanaperError `token_expired`, `token_not_yet_valid`
 */
export function requireInTime(invocation: Invocation, path: readonly Delegation[], now: string): void {
  for (const token of [invocation, ...path]) {
    const failure = checkTime(token, { now: toSeconds(now) });
    if (failure) throw failure;
  }
}

// A chain can be made up about anybody. One whose subject never signed is answered as one about a subject that is not hosted
// here, so that nobody but those who were delegated to learns which ones are.
async function isRootSigned({ links: [root] }: Chain, budget: Budget): Promise<boolean> {
  return root?.delegation === undefined || isSignatureValid(root.delegation, undefined, budget);
}

// `undefined` where the subject is not one of this command that is hosted here.
async function findHosted(
  transaction: Transaction,
  { subject: kind }: AnyCommand,
  { subject }: Invocation,
  authority: string,
): Promise<Pick<Authorized, 'organisation'> | undefined> {
  if (kind === 'anybody') return {};
  if (kind === 'authority') return subject === authority ? {} : undefined;
  const organisation = await findOrganization(transaction, { did: subject });
  return organisation && { organisation };
}

function hostedElsewhere(
  { subject: kind, name }: AnyCommand,
  { subject, cid }: Invocation,
  authority: string,
): HanaperError {
  const expected = kind === 'authority' ? `the authority ${authority}` : 'an organisation that is hosted here';
  return new HanaperError(
    'subject_mismatch',
    `${name} is invoked on ${expected}, with a first proof that it has signed; the subject of this invocation is ${subject}.`,
    { cid: formatCid(cid), subject, expected: kind === 'authority' ? authority : 'organisation' },
  );
}

// Anybody may revoke, and what is taken is kept for ever.
function requireShort({ command, cid, bytes }: Invocation): void {
  if (command !== revokeCommand || bytes.length <= limits.revocationBytes) return;
  throw new HanaperError(
    'too_large',
    `This revocation has ${bytes.length} bytes; one has at most ${limits.revocationBytes}.`,
    { cid: formatCid(cid), most_bytes: limits.revocationBytes },
  );
}

// Left out, the audience is the subject (UCAN invocation 1.0), which is hosted here, or the invocation is refused.
function requireAddressed({ cid, audience }: Invocation, authority: string): void {
  if (audience === undefined || audience === authority) return;
  throw new HanaperError(
    'audience_mismatch',
    `This invocation is addressed to ${audience}. Here the authority ${authority} executes.`,
    { cid: formatCid(cid), expected: authority, actual: audience },
  );
}

function requireShortLived({ cid, expiration }: Invocation, now: number): void {
  if (expiration !== null && expiration <= now + longestLifetime) return;
  const how = expiration === null ? 'does not expire' : `is valid for more than ${longestLifetime} seconds`;
  throw new HanaperError(
    'invalid_claim',
    `This invocation ${how}. Let it expire within ${longestLifetime / 60} minutes.`,
    { cid: formatCid(cid), exp: expiration, most_seconds: longestLifetime },
  );
}
