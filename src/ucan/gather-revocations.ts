import type { CID } from 'multiformats/cid';
import { type ChainContext, type RevocationRecord, validateInvocation } from './chain.ts';
import { cidKey } from './cid.ts';
import type { Invocation } from './invocation.ts';
import { readRevocation } from './revocation.ts';

/**
 * Validates revocations that are at hand, and gives them by the CID of their targets. Whether they count is judged in
 * each chain.
 *
 * @throws HanaperError `malformed_token`, and what {@link validateInvocation} throws
 */
export async function gatherRevocations(
  invocations: readonly Invocation[],
  context: Pick<ChainContext, 'resolveProof' | 'now' | 'skew' | 'resolveKeys'>,
): Promise<(cid: CID) => readonly RevocationRecord[]> {
  const byTarget = new Map<string, RevocationRecord[]>();
  for (const invocation of invocations) {
    const { target, revokedBy } = readRevocation(invocation);
    await validateInvocation(invocation, { ...context, revocationsOf: () => [] });
    byTarget.set(cidKey(target), [...(byTarget.get(cidKey(target)) ?? []), { revokedBy }]);
  }
  return (cid) => byTarget.get(cidKey(cid)) ?? [];
}
