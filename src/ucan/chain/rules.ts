import type { CID } from 'multiformats/cid';
import { type ErrorCode, type ErrorDetails, HanaperError } from '../../errors.ts';
import { formatCid } from '../encoding/cid.ts';
import { toDagJson } from '../encoding/dag-json.ts';
import type { IpldMap } from '../encoding/ipld.ts';
import { findPolicyFailure, openPolicyBudget, type PolicyOptions } from '../policy/match.ts';
import { coversCommand } from '../token/command.ts';
import type { Delegation } from '../token/delegation.ts';
import type { Invocation } from '../token/invocation.ts';
import { invalidSignature } from '../token/verified.ts';

/** The rules of a chain, by what each looks at. */
export type Rule =
  | 'available'
  | 'signature'
  | 'time'
  | 'executor'
  | 'root'
  | 'revocation'
  | 'issuer'
  | 'subject'
  | 'command'
  | 'policy';

/** When, by whom, and how a chain is judged. */
export interface Circumstances extends PolicyOptions {
  /** The moment of execution, in seconds since 1970. */
  readonly now: number;
  /** Seconds by which clocks may differ: 0 (the default) to 60. */
  readonly skew?: number | undefined;
  /** Who is about to execute it: then the invocation must be addressed to this DID. */
  readonly executor?: string | undefined;
}

/** A revocation, as far as a chain asks: {@link Revocation} is one. */
export interface RevocationRecord {
  /** The subject of the revocation, itself validated before. */
  readonly revokedBy: string;
}

/** One proof of a chain. */
export interface Link {
  readonly cid: CID;
  /** Absent where it was not given, or another token in its place. */
  readonly delegation?: Delegation;
}

/** An invocation and its proofs from the root on. */
export interface Chain {
  readonly invocation: Invocation;
  readonly links: readonly Link[];
}

/** What is found out about a delegation beside its form. */
export interface Evidence {
  readonly isSigned: boolean;
  readonly revocations: readonly RevocationRecord[];
}

/** Hears how each rule went for each token: a {@link Link}, or the {@link Chain} itself for its invocation. */
export type Visit = (token: Link | Chain, rule: Rule, failure: HanaperError | undefined) => void;

// The names that the published test data has for our codes.
const ucanErrors: Readonly<Partial<Record<ErrorCode, string>>> = {
  invalid_claim: 'InvalidClaim',
  proof_unavailable: 'UnavailableProof',
  token_expired: 'Expired',
  token_not_yet_valid: 'TooEarly',
  audience_mismatch: 'InvalidAudience',
  subject_mismatch: 'InvalidSubject',
  policy_violation: 'MatchError',
};

/**
 * Judges the shape of a chain, which costs next to nothing: times, audiences, issuers, subjects and commands. The invocation
 * comes first, then link by link from the root, then where both meet.
 */
export function judgeShape(chain: Chain, context: Circumstances, visit: Visit): void {
  const { invocation, links } = chain;
  visit(chain, 'time', checkTime(invocation, context));
  if (context.executor !== undefined) visit(chain, 'executor', checkExecutor(invocation, context.executor));
  for (const link of links) visit(link, 'available', link.delegation ? undefined : unavailable(link));
  if (invocation.issuer === invocation.subject) return;
  visit(chain, 'root', checkRoot(invocation, links[0]));
  for (const [index, link] of links.entries()) judgeLink(link, links[index - 1], invocation, context, visit);
  const last = links.at(-1)?.delegation;
  if (last === undefined) return;
  visit(chain, 'issuer', checkAddressed(last, invocation));
  visit(chain, 'command', checkCommand(last, invocation));
}

function judgeLink(
  link: Link,
  before: Link | undefined,
  invocation: Invocation,
  context: Circumstances,
  visit: Visit,
): void {
  const { delegation } = link;
  if (delegation === undefined) return;
  const above = before?.delegation;
  visit(link, 'time', checkTime(delegation, context));
  if (above) visit(link, 'issuer', checkAddressed(above, delegation));
  visit(link, 'subject', checkSubject(delegation, invocation));
  if (above) visit(link, 'command', checkCommand(above, delegation));
}

/** Judges the signature of a link, and whether it was revoked by its issuer or one of `issuersAbove`. */
export function judgeEvidence(
  link: Link,
  { isSigned, revocations }: Evidence,
  issuersAbove: () => readonly string[],
  visit: Visit,
): void {
  const { delegation } = link;
  if (delegation === undefined) return;
  visit(link, 'signature', isSigned ? undefined : invalidSignature(delegation));
  const issuers = revocations.length === 0 ? [] : [delegation.issuer, ...issuersAbove()];
  visit(link, 'revocation', checkRevocation(delegation, revocations, issuers));
}

/**
 * Judges every policy of a chain, all on one budget.
 *
 * @throws HanaperError `too_large` where a budget was given, and ends
 */
export function judgePolicies({ invocation, links }: Chain, { missing, budget }: Circumstances, visit: Visit): void {
  const options = { missing, budget: budget ?? openPolicyBudget() };
  for (const link of links) {
    if (link.delegation === undefined) continue;
    const failure = checkPolicy(link.delegation, invocation.args, options);
    // A policy that takes too many steps is broken; a request that does is refused for that.
    if (failure) budget?.requireLeft();
    visit(link, 'policy', failure);
  }
}

/** Whether a token is within its time; a tie is. */
export function checkTime(token: Delegation | Invocation, { now, skew = 0 }: Circumstances): HanaperError | undefined {
  const { expiration } = token;
  const notBefore = token.kind === 'delegation' ? token.notBefore : undefined;
  if (expiration !== null && now > expiration + skew) {
    const since = formatTime(expiration);
    return refuse('token_expired', token, `expired at ${since}. Ask ${token.issuer} for a new one`, {
      exp: expiration,
      now,
    });
  }
  if (notBefore === undefined || now >= notBefore - skew) return undefined;
  const from = formatTime(notBefore);
  return refuse('token_not_yet_valid', token, `is not valid before ${from}`, { nbf: notBefore, now });
}

function checkExecutor(invocation: Invocation, executor: string): HanaperError | undefined {
  const { audience = invocation.subject } = invocation;
  if (audience === executor) return undefined;
  return refuse('audience_mismatch', invocation, `is addressed to ${audience}, not to ${executor}`, {
    expected: executor,
    actual: audience,
  });
}

// The root is the subject's own word, and says so: a powerline passes on what somebody else has given.
function checkRoot(invocation: Invocation, root: Link | undefined): HanaperError | undefined {
  const { subject } = invocation;
  if (root === undefined) {
    const reason = `is by ${invocation.issuer} on the power of ${subject}, and has no proof of it`;
    return refuse('invalid_claim', invocation, reason, { subject });
  }
  const { delegation } = root;
  if (delegation === undefined) return undefined;
  if (delegation.subject === null) {
    return refuse('invalid_claim', delegation, 'is a powerline, which cannot begin a chain', { subject });
  }
  if (delegation.subject !== subject || delegation.issuer === subject) return undefined;
  const reason = `begins the chain, but is issued by ${delegation.issuer} and not by the subject ${subject}`;
  return refuse('invalid_claim', delegation, reason, { expected: subject, actual: delegation.issuer });
}

/** Whether a delegation is unrevoked: only who issued it, or one above it (`issuers`), may take it back. */
export function checkRevocation(
  delegation: Delegation,
  revocations: readonly RevocationRecord[],
  issuers: readonly string[],
): HanaperError | undefined {
  const counting = revocations.find(({ revokedBy }) => issuers.includes(revokedBy));
  if (counting === undefined) return undefined;
  const { revokedBy } = counting;
  return refuse('token_revoked', delegation, `was revoked by ${revokedBy}`, { revoked_by: revokedBy });
}

function checkAddressed(before: Delegation, token: Delegation | Invocation): HanaperError | undefined {
  if (before.audience === token.issuer) return undefined;
  const reason = `is issued by ${token.issuer}, but the delegation before it is to ${before.audience}`;
  return refuse('audience_mismatch', token, reason, { expected: before.audience, actual: token.issuer });
}

function checkSubject(delegation: Delegation, { subject }: Invocation): HanaperError | undefined {
  if (delegation.subject === null || delegation.subject === subject) return undefined;
  return refuse('subject_mismatch', delegation, `is about ${delegation.subject}, not about ${subject}`, {
    expected: subject,
    actual: delegation.subject,
  });
}

function checkCommand(before: Delegation, token: Delegation | Invocation): HanaperError | undefined {
  if (coversCommand(before.command, token.command)) return undefined;
  const reason = `is for ${token.command}, which ${before.command}, delegated before, does not cover`;
  return refuse('command_not_covered', token, reason, { command: token.command, delegated: before.command });
}

/** The error for a delegation that does not cover the command that it would have to. */
export function refuseCommand(delegation: Delegation, command: string): HanaperError {
  const reason = `is for ${delegation.command}, which does not cover ${command}`;
  return refuse('command_not_covered', delegation, reason, { command, delegated: delegation.command });
}

/** Whether the arguments keep the policy of a delegation. */
export function checkPolicy(
  delegation: Delegation,
  args: IpldMap,
  options: PolicyOptions = {},
): HanaperError | undefined {
  const failure = findPolicyFailure(delegation.policy, args, options);
  if (failure === undefined) return undefined;
  const statement = toDagJson(failure.statement);
  const reasons = {
    false: 'which the arguments break',
    unresolved: 'which asks for an argument that is not there',
    too_costly: 'which takes too many steps to check',
  };
  return refuse('policy_violation', delegation, `has the policy ${shorten(statement)}, ${reasons[failure.reason]}`, {
    statement: shorten(statement),
    reason: failure.reason,
  });
}

function unavailable({ cid }: Link): HanaperError {
  return new HanaperError(
    'proof_unavailable',
    `The proof ${formatCid(cid)} was not given, or another token in its place. Give it with the invocation.`,
    { cid: formatCid(cid), ucan_error: ucanErrors.proof_unavailable },
  );
}

function refuse(
  code: ErrorCode,
  { kind, cid }: Delegation | Invocation,
  reason: string,
  details: ErrorDetails,
): HanaperError {
  const name = formatCid(cid);
  const ucanError = ucanErrors[code];
  return new HanaperError(code, `The ${kind} ${name} ${reason}.`, {
    cid: name,
    ...details,
    ...(ucanError && { ucan_error: ucanError }),
  });
}

function formatTime(seconds: number): string {
  const milliseconds = seconds * 1000;
  return milliseconds <= 8.64e15 ? new Date(milliseconds).toISOString() : `${seconds} s`;
}

function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
