import { type ChainContext, type Explanation, gatherLink, type RuleFinding, requireContext } from './chain.ts';
import type { Delegation } from './delegation.ts';
import { judgeDelegation } from './rules.ts';

/**
 * Explains a delegation by itself: its signature, its time, and whether it was revoked by its issuer, or by one of
 * `issuersAbove`. What it allows shows only with an invocation.
 */
export async function explainDelegation(
  delegation: Delegation,
  context: Omit<ChainContext, 'resolveProof' | 'executor'>,
  issuersAbove: Iterable<string> = [],
): Promise<Explanation> {
  requireContext(context);
  const link = await gatherLink(delegation.cid, { ...context, resolveProof: () => delegation });
  const findings: RuleFinding[] = [];
  judgeDelegation(
    link,
    delegation,
    () => [...issuersAbove],
    context,
    (_, rule, failure) => {
      findings.push({ rule, ...(failure && { failure }) });
    },
  );
  const failure = findings.find((finding) => finding.failure)?.failure;
  return { links: [{ cid: delegation.cid, token: delegation, findings }], ...(failure && { failure }) };
}
