import { type ChainContext, type Explanation, explainInvocation, proofsFrom } from '../ucan/chain.ts';
import type { Delegation } from '../ucan/delegation.ts';
import { explainDelegation } from '../ucan/explain-delegation.ts';
import type { Invocation } from '../ucan/invocation.ts';
import type { Authority } from './authority.ts';
import { eitherOf } from './stored-tokens.ts';

/** What else an invocation is held against, beside what is stored. */
export interface InvocationCircumstances extends Pick<ChainContext, 'now' | 'skew' | 'executor' | 'revocationsOf'> {
  /** Proofs that came with it. */
  readonly proofs: readonly Delegation[];
}

/**
 * Explains an invocation by the proofs given and those stored here, and by every revocation that either knows of.
 *
 * @throws HanaperError `unavailable`, `database_corrupt`
 */
export function explainByDatabase(
  authority: Authority,
  invocation: Invocation,
  { proofs, revocationsOf, ...circumstances }: InvocationCircumstances,
): Promise<Explanation> {
  return authority.database.transact('read', async (transaction) => {
    const tokens = authority.tokensIn(transaction);
    return explainInvocation(invocation, {
      ...circumstances,
      resolveProof: eitherOf(proofsFrom(proofs), (cid) => tokens.resolveProof(cid)),
      revocationsOf: async (cid) => [...(await revocationsOf(cid)), ...(await tokens.revocationsOf(cid))],
    });
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
  circumstances: Pick<ChainContext, 'now' | 'skew' | 'revocationsOf'>,
  issuersAbove: Iterable<string>,
): Promise<Explanation> {
  return authority.database.transact('read', async (transaction) => {
    const tokens = authority.tokensIn(transaction);
    const issuers = [...issuersAbove, ...(await tokens.listIssuersAbove(delegation))];
    const { revocationsOf } = circumstances;
    const allRevocationsOf: ChainContext['revocationsOf'] = async (cid) => [
      ...(await revocationsOf(cid)),
      ...(await tokens.revocationsOf(cid)),
    ];
    return explainDelegation(delegation, { ...circumstances, revocationsOf: allRevocationsOf }, issuers);
  });
}
