import {
  type Candidate,
  type Delegation,
  type DelegationClaims,
  type DelegationSource,
  findChain,
  type RevocationRecord,
  toIpldMap,
  type Wish,
} from '../../src/ucan/index.ts';
import { delegate, now, type Principal, principal } from '../support/ucan.ts';

/** Whose power is looked for, and others. */
export const [alice, bob, carol, dave, mallory] = await Promise.all([
  principal('alice'),
  principal('bob'),
  principal('carol'),
  principal('dave'),
  principal('mallory'),
]);

/** What was revoked, and by whom. */
export type Revoked = readonly (readonly [Delegation, Principal])[];

/** A store of delegations, of which some are revoked. */
export function sourceOf(delegations: readonly Delegation[], revoked: Revoked = []): DelegationSource {
  const candidates: Candidate[] = delegations.map((delegation) => ({
    delegation,
    revocations: revoked.flatMap(([target, by]): RevocationRecord[] =>
      target === delegation ? [{ revokedBy: by.did }] : [],
    ),
  }));
  return {
    delegationsTo: async (audiences, subject) =>
      candidates.filter(
        ({ delegation }) => audiences.includes(delegation.audience) && [null, subject].includes(delegation.subject),
      ),
  };
}

/** A delegation of the power of alice, by any issuer. */
export const from = (
  issuer: Principal,
  audience: Principal,
  claims: Partial<DelegationClaims> = {},
): Promise<Delegation> => delegate(issuer, audience, { subject: alice.did, ...claims });

/** To do `/a/b` on the power of alice. */
export function wishOf(invoker: Principal, changes: Partial<Wish> = {}): Wish {
  return { invoker: invoker.did, subject: alice.did, command: '/a/b', args: toIpldMap({ n: 1 }), now, ...changes };
}

/** The chain that is found for `invoker`. */
export const find = (
  invoker: Principal,
  delegations: readonly Delegation[],
  revoked?: Revoked,
  changes?: Partial<Wish>,
) => findChain(wishOf(invoker, changes), sourceOf(delegations, revoked));
