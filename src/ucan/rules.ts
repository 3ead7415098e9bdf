import type { CID } from 'multiformats/cid';
import { type ErrorCode, type ErrorDetails, HanaperError } from '../errors.ts';
import { formatCid } from './cid.ts';
import { coversCommand } from './command.ts';
import { toDagJson } from './dag-json.ts';
import type { Delegation } from './delegation.ts';
import type { Invocation } from './invocation.ts';
import type { IpldMap } from './ipld.ts';
import { limits } from './limits.ts';
import { findPolicyFailure, type PolicyBudget } from './match.ts';
import { invalidSignature } from './verified.ts';

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

/** When, and by whom, a chain is judged. */
export interface Circumstances {
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

/** One proof of a chain, with what was found out about it. */
export interface Link {
  readonly cid: CID;
  /** Absent where it was not given, or another token in its place. */
  readonly delegation?: Delegation;
  readonly isSigned: boolean;
  readonly revocations: readonly RevocationRecord[];
}

/** An invocation and its proofs from the root on, ready to be judged without asking anybody anything. */
export interface Chain {
  readonly invocation: Invocation;
  readonly isSigned: boolean;
  readonly links: readonly Link[];
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

/** Holds a chain against every rule, the invocation's own first, then link by link from the root, then where both meet. */
export function judgeChain(chain: Chain, context: Circumstances, visit: Visit): void {
  const { invocation, links } = chain;
  visit(chain, 'signature', chain.isSigned ? undefined : invalidSignature(invocation));
  visit(chain, 'time', checkTime(invocation, context));
  if (context.executor !== undefined) visit(chain, 'executor', checkExecutor(invocation, context.executor));
  for (const link of links) visit(link, 'available', link.delegation ? undefined : unavailable(link));
  if (invocation.issuer === invocation.subject) return;
  visit(chain, 'root', checkRoot(invocation, links[0]));
  const budget: PolicyBudget = { steps: limits.policySteps };
  links.forEach((link, index) => {
    if (link.delegation) judgeLink(link, link.delegation, index, chain, budget, context, visit);
  });
  const last = links.at(-1)?.delegation;
  if (last === undefined) return;
  visit(chain, 'issuer', checkAddressed(last, invocation));
  visit(chain, 'command', checkCommand(last, invocation));
}

function judgeLink(
  link: Link,
  delegation: Delegation,
  index: number,
  { invocation, links }: Chain,
  budget: PolicyBudget,
  context: Circumstances,
  visit: Visit,
): void {
  const before = links[index - 1]?.delegation;
  const issuersAbove = () => links.slice(0, index).flatMap((above) => above.delegation?.issuer ?? []);
  judgeDelegation(link, delegation, issuersAbove, context, visit);
  if (before) visit(link, 'issuer', checkAddressed(before, delegation));
  visit(link, 'subject', checkSubject(delegation, invocation));
  if (before) visit(link, 'command', checkCommand(before, delegation));
  visit(link, 'policy', checkPolicy(delegation, invocation.args, budget));
}

/** Holds a delegation against the rules that need nothing but, where it was revoked, the issuers above it. */
export function judgeDelegation(
  link: Link,
  delegation: Delegation,
  issuersAbove: () => readonly string[],
  context: Circumstances,
  visit: Visit,
): void {
  visit(link, 'signature', link.isSigned ? undefined : invalidSignature(delegation));
  visit(link, 'time', checkTime(delegation, context));
  const { revocations } = link;
  const issuers = revocations.length === 0 ? [] : [delegation.issuer, ...issuersAbove()];
  visit(link, 'revocation', checkRevocation(delegation, revocations, issuers));
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
export function checkPolicy(delegation: Delegation, args: IpldMap, budget?: PolicyBudget): HanaperError | undefined {
  const failure = findPolicyFailure(delegation.policy, args, budget);
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
