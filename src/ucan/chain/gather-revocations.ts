import type { CID } from 'multiformats/cid';
import { requireRefusal } from '../../attempt.ts';
import { cidKey } from '../encoding/cid.ts';
import type { Invocation } from '../token/invocation.ts';
import { type Revocation, readRevocation } from '../token/revocation.ts';
import { type ChainContext, validateInvocation } from './chain.ts';
import type { RevocationRecord } from './rules.ts';

/**
 * Validates given revocations, and returns them by the CID of their targets; one that is not valid counts for
 * nothing. Whether the others count is judged in each chain.
 */
export async function gatherRevocations(
  invocations: readonly Invocation[],
  context: Pick<ChainContext, 'resolveProof' | 'now' | 'skew' | 'resolveKeys'>,
): Promise<(cid: CID) => readonly RevocationRecord[]> {
  const byTarget = new Map<string, RevocationRecord[]>();
  for (const invocation of invocations) {
    const revocation = await validate(invocation, context);
    if (revocation === undefined) continue;
    const key = cidKey(revocation.target);
    byTarget.set(key, [...(byTarget.get(key) ?? []), revocation]);
  }
  return (cid) => byTarget.get(cidKey(cid)) ?? [];
}

async function validate(
  invocation: Invocation,
  context: Pick<ChainContext, 'resolveProof' | 'now' | 'skew' | 'resolveKeys'>,
): Promise<Revocation | undefined> {
  try {
    const revocation = readRevocation(invocation);
    await validateInvocation(invocation, { ...context, revocationsOf: () => [] });
    return revocation;
  } catch (error) {
    requireRefusal(error);
    return undefined;
  }
}
