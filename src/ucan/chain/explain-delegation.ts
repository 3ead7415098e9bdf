import type { Delegation } from '../token/delegation.ts';
import { type ChainContext, type Explanation, gatherEvidence, type RuleFinding, requireContext } from './chain.ts';
import { checkTime, judgeEvidence, type Visit } from './rules.ts';

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
  const { cid } = delegation;
  const link = { cid, delegation };
  const findings: RuleFinding[] = [];
  const visit: Visit = (_, rule, failure) => findings.push({ rule, ...(failure && { failure }) });
  visit(link, 'time', checkTime(delegation, context));
  judgeEvidence(link, await gatherEvidence(delegation, context), () => [...issuersAbove], visit);
  const failure = findings.find((finding) => finding.failure)?.failure;
  return { links: [{ cid, token: delegation, findings }], ...(failure && { failure }) };
}
