import {
  type ChainContext,
  type Explanation,
  explainInvocation,
  proofsFrom,
  type ValidatedAuthority,
  validateInvocation,
} from '../ucan/chain/chain.ts';
import { explainDelegation } from '../ucan/chain/explain-delegation.ts';
import type { Circumstances } from '../ucan/chain/rules.ts';
import type { Delegation } from '../ucan/token/delegation.ts';
import type { Invocation } from '../ucan/token/invocation.ts';
import type { Authority } from './authority.ts';
import { openRequestBudget } from './execution/request-budget.ts';
import { eitherOf, type StoredTokens } from './tokens/stored-tokens.ts';

/** What else an invocation is checked against, beside what is stored. */
export interface InvocationCircumstances extends Circumstances {
  /** Revocations that are known beside the stored ones. */
  readonly revocationsOf?: ChainContext['revocationsOf'];
  /** Proofs that came with it. */
  readonly proofs: readonly Delegation[];
}

/**
 * Validates an invocation by the proofs given and those stored here, and by every revocation that either knows of.
 *
 * @throws HanaperError what `validateInvocation` throws, `unavailable`, `database_corrupt`
 */
export function validateByDatabase(
  authority: Authority,
  invocation: Invocation,
  circumstances: InvocationCircumstances,
): Promise<ValidatedAuthority> {
  return authority.followed.read(async (transaction) => {
    const tokens = await authority.tokensIn(transaction);
    const validated = await validateInvocation(invocation, contextOf(tokens, circumstances));
    tokens.keep(validated.path);
    return validated;
  });
}

/**
 * The same as {@link validateByDatabase}, told link by link.
 *
 * @throws HanaperError `unavailable`, `database_corrupt`
 */
export function explainByDatabase(
  authority: Authority,
  invocation: Invocation,
  circumstances: InvocationCircumstances,
): Promise<Explanation> {
  return authority.followed.read(async (transaction) => {
    const tokens = await authority.tokensIn(transaction);
    const explanation = await explainInvocation(invocation, contextOf(tokens, circumstances));
    tokens.keep(explanation.links.flatMap(({ token }) => (token?.kind === 'delegation' ? [token] : [])));
    return explanation;
  });
}

/**
 * Explains a delegation by itself, by every revocation that is given or stored here, of its issuer and of those above it.
 *
 * @throws HanaperError `unavailable`, `database_corrupt`
 */
export function explainDelegationByDatabase(
  authority: Authority,
  delegation: Delegation,
  circumstances: Omit<InvocationCircumstances, 'proofs'>,
  issuersAbove: Iterable<string>,
): Promise<Explanation> {
  return authority.followed.read(async (transaction) => {
    const tokens = await authority.tokensIn(transaction);
    const issuers = [...issuersAbove, ...(await tokens.listIssuersAbove(delegation, openRequestBudget()))];
    return explainDelegation(delegation, contextOf(tokens, { ...circumstances, proofs: [] }), issuers);
  });
}

function contextOf(
  tokens: StoredTokens,
  { proofs, revocationsOf = () => [], ...circumstances }: InvocationCircumstances,
): ChainContext {
  return {
    // As the entry point does.
    missing: 'refuse',
    ...circumstances,
    resolveProof: eitherOf(proofsFrom(proofs), (cid) => tokens.resolveProof(cid)),
    revocationsOf: async (cid) => [...(await revocationsOf(cid)), ...(await tokens.revocationsOf(cid))],
  };
}
