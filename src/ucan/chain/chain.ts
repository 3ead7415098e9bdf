import type { CID } from 'multiformats/cid';
import type { HanaperError } from '../../errors.ts';
import { type OptionNames, requireKnownOptions } from '../../options.ts';
import { cidKey } from '../encoding/cid.ts';
import type { IpldMap } from '../encoding/ipld.ts';
import { limits } from '../limits.ts';
import type { Delegation } from '../token/delegation.ts';
import type { Invocation } from '../token/invocation.ts';
import { cidsOf } from '../token/revocation.ts';
import { invalidSignature, isSignatureValid, type KeyResolver } from '../token/verified.ts';
import {
  type Chain,
  type Circumstances,
  type Evidence,
  judgeEvidence,
  judgePolicies,
  judgeShape,
  type Link,
  type RevocationRecord,
  type Rule,
  type Visit,
} from './rules.ts';

/** What a chain is checked against. */
export interface ChainContext extends Circumstances {
  /** Gives the delegation of a CID; whatever it gives is checked against the CID. */
  resolveProof(cid: CID): Delegation | undefined | Promise<Delegation | undefined>;
  /** Gives the revocations of a CID that are known; which of them count is judged here. */
  revocationsOf(cid: CID): readonly RevocationRecord[] | Promise<readonly RevocationRecord[]>;
  /** Gives the keys of issuers that are no did:key. */
  readonly resolveKeys?: KeyResolver | undefined;
}

/** What a valid invocation may do. */
export interface ValidatedAuthority {
  readonly invocation: Invocation;
  readonly issuer: string;
  readonly subject: string;
  readonly command: string;
  /** The very object that the policies were checked against. */
  readonly args: IpldMap;
  /** The chain, from the root to the invoker; empty where the subject itself invokes. */
  readonly path: readonly Delegation[];
}

/** How one rule went for one token. */
export interface RuleFinding {
  readonly rule: Rule;
  /** Why it does not hold; absent where it does. */
  readonly failure?: HanaperError;
}

/** How one token of a chain went. */
export interface LinkExplanation {
  readonly cid: CID;
  /** Absent for a proof that was not given. */
  readonly token?: Delegation | Invocation;
  readonly findings: readonly RuleFinding[];
}

/** A chain, link by link from the root, with the invocation last. */
export interface Explanation {
  readonly links: readonly LinkExplanation[];
  /** The one reason for which the chain is refused; absent where it is valid. */
  readonly failure?: HanaperError;
}

const contextNames: OptionNames<ChainContext> = {
  now: true,
  skew: true,
  executor: true,
  resolveProof: true,
  revocationsOf: true,
  resolveKeys: true,
  missing: true,
  budget: true,
};

/**
 * Validates an invocation with its chain of proofs (UCAN 1.0, "Validation"), or throws the one precise reason.
 *
 * @throws HanaperError `invalid_token_signature`, `token_expired`, `token_not_yet_valid`, `audience_mismatch`,
 * `proof_unavailable`, `invalid_claim`, `token_revoked`, `subject_mismatch`, `command_not_covered`, `policy_violation`,
 * `too_large` where the budget ends
 * @example
 * const { subject, command, args } = await validateInvocation(invocation, {
 *   resolveProof: proofsFrom(delegations), revocationsOf: () => [], now: Date.now() / 1000,
 * });
 */
export async function validateInvocation(invocation: Invocation, context: ChainContext): Promise<ValidatedAuthority> {
  requireKnownOptions('validateInvocation', context, contextNames);
  return proveChain(await shapeChain(invocation, context), context);
}

/**
 * The first half of {@link validateInvocation}: the signature of the invocation alone, and the shape of its chain. Of the
 * proofs no signature, revocation or policy is looked at.
 *
 * @throws HanaperError `invalid_token_signature`, `token_expired`, `token_not_yet_valid`, `audience_mismatch`,
 * `proof_unavailable`, `invalid_claim`, `subject_mismatch`, `command_not_covered`
 */
export async function shapeChain(invocation: Invocation, context: ChainContext): Promise<Chain> {
  const { chain, isSigned } = await gatherChain(invocation, context);
  if (!isSigned) throw invalidSignature(invocation);
  judgeShape(chain, context, refuse);
  return chain;
}

/**
 * The second half of {@link validateInvocation}: the signatures and revocations of the proofs from the root on, then their
 * policies.
 *
 * @throws HanaperError `invalid_token_signature`, `token_revoked`, `policy_violation`, `too_large`
 */
export async function proveChain(chain: Chain, context: ChainContext): Promise<ValidatedAuthority> {
  await judgeEach(chain, context, refuse);
  judgePolicies(chain, context, refuse);
  const { issuer, subject, command, args } = chain.invocation;
  const path = chain.links.flatMap(({ delegation }) => delegation ?? []);
  return { invocation: chain.invocation, issuer, subject, command, args, path };
}

/** The same walk as {@link validateInvocation}, told link by link and rule by rule instead of ending at the first failure. */
export async function explainInvocation(invocation: Invocation, context: ChainContext): Promise<Explanation> {
  requireKnownOptions('explainInvocation', context, contextNames);
  const { chain, isSigned } = await gatherChain(invocation, context);
  const findings = new Map<Link | Chain, RuleFinding[]>();
  let first: HanaperError | undefined;
  const visit: Visit = (token, rule, failure) => {
    const told = findings.get(token) ?? [];
    findings.set(token, [...told, { rule, ...(failure && { failure }) }]);
    first ??= failure;
  };
  visit(chain, 'signature', isSigned ? undefined : invalidSignature(invocation));
  judgeShape(chain, context, visit);
  await judgeEach(chain, context, visit);
  judgePolicies(chain, context, visit);
  const links: LinkExplanation[] = chain.links.map((link) => ({
    cid: link.cid,
    ...(link.delegation && { token: link.delegation }),
    findings: inOrder(findings.get(link)),
  }));
  const last = { cid: invocation.cid, token: invocation, findings: inOrder(findings.get(chain)) };
  return { links: [...links, last], ...(first && { failure: first }) };
}

// As the rules are documented, whatever is the cheapest to look at.
const order: readonly Rule[] = [
  'available',
  'signature',
  'time',
  'executor',
  'root',
  'revocation',
  'issuer',
  'subject',
  'command',
  'policy',
];

function inOrder(findings: readonly RuleFinding[] = []): readonly RuleFinding[] {
  return findings.toSorted((left, right) => order.indexOf(left.rule) - order.indexOf(right.rule));
}

const refuse: Visit = (_, __, failure) => {
  if (failure) throw failure;
};

async function judgeEach({ links }: Chain, context: ChainContext, visit: Visit): Promise<void> {
  for (const [index, link] of links.entries()) {
    if (link.delegation === undefined) continue;
    const issuersAbove = () => links.slice(0, index).flatMap((above) => above.delegation?.issuer ?? []);
    judgeEvidence(link, await gatherEvidence(link.delegation, context), issuersAbove, visit);
  }
}

/** A resolver over delegations that came with the invocation. */
export function proofsFrom(delegations: Iterable<Delegation>): (cid: CID) => Delegation | undefined {
  const byCid = new Map<string, Delegation>();
  for (const delegation of delegations) byCid.set(cidKey(delegation.cid), delegation);
  return (cid) => byCid.get(cidKey(cid));
}

async function gatherChain(
  invocation: Invocation,
  context: ChainContext,
): Promise<{ readonly chain: Chain; readonly isSigned: boolean }> {
  requireContext(context);
  if (invocation.kind !== 'invocation') throw new TypeError('only an invocation can be validated');
  const isSigned = await isSignatureValid(invocation, context.resolveKeys, context.budget);
  // Who acts on its own power needs no proof; and a stranger's invocation is not worth the work.
  const cids = invocation.issuer === invocation.subject || !isSigned ? [] : invocation.proofs;
  const links: Link[] = [];
  for (const cid of cids) links.push(await resolveLink(cid, context));
  return { isSigned, chain: { invocation, links: isFromLeaf(links, invocation.issuer) ? links.toReversed() : links } };
}

async function resolveLink(cid: CID, { resolveProof }: ChainContext): Promise<Link> {
  const delegation = await resolveProof(cid);
  return delegation?.kind === 'delegation' && delegation.cid.equals(cid) ? { cid, delegation } : { cid };
}

/** Finds out about a delegation what can be found out without the others. */
export async function gatherEvidence(
  delegation: Delegation,
  { revocationsOf, resolveKeys, budget }: Pick<ChainContext, 'revocationsOf' | 'resolveKeys' | 'budget'>,
): Promise<Evidence> {
  const isSigned = await isSignatureValid(delegation, resolveKeys, budget);
  const revocations: RevocationRecord[] = [];
  for (const each of cidsOf(delegation)) revocations.push(...(await revocationsOf(each)));
  return { isSigned, revocations };
}

// One implementation writes its proofs from the leaf on: decided once, by which end is addressed to the invoker.
function isFromLeaf(links: readonly Link[], invoker: string): boolean {
  return links.at(-1)?.delegation?.audience !== invoker && links[0]?.delegation?.audience === invoker;
}

/** Requires what a program passes: a time, and a skew of 0 to 60 seconds. */
export function requireContext({ now, skew = 0 }: Circumstances): void {
  if (!Number.isFinite(now)) throw new TypeError('now must be a time in seconds');
  if (!(skew >= 0 && skew <= limits.skewSeconds)) {
    throw new TypeError(`skew must be 0 to ${limits.skewSeconds} seconds`);
  }
}
