import {
  type ChainContext,
  type Delegation,
  type DelegationClaims,
  type Invocation,
  type InvocationClaims,
  validateInvocation,
} from '../../src/ucan/index.ts';
import { contextOf, delegate, invoke, type Principal, principal } from '../support/ucan.ts';

/** Whose power it is, two to whom it is delegated, and one to whom it is not. */
export const [alice, bob, carol, mallory] = await Promise.all([
  principal('alice'),
  principal('bob'),
  principal('carol'),
  principal('mallory'),
]);

/** The result if `invoker` holds `delegations` of the power of alice. */
export async function outcome(
  invoker: Principal,
  delegations: readonly Delegation[],
  claims: Partial<InvocationClaims> = {},
  changes: Partial<ChainContext> = {},
): Promise<string> {
  return judge(await invoke(invoker, alice, delegations, claims), contextOf(delegations, changes));
}

/** `valid`, or the code of the refusal. */
export async function judge(invocation: Invocation, context: ChainContext): Promise<string> {
  try {
    await validateInvocation(invocation, context);
    return 'valid';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

/** A delegation of the power of alice, by any issuer. */
export const from = (
  issuer: Principal,
  audience: Principal,
  claims: Partial<DelegationClaims> = {},
): Promise<Delegation> => delegate(issuer, audience, { subject: alice.did, ...claims });
