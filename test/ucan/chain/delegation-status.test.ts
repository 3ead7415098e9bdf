import { describe, expect, test } from 'vitest';
import {
  type Candidate,
  type Delegation,
  findDelegationStatus,
  listIssuersAbove,
  sourceOf,
  unrevoked,
} from '../../../src/ucan/index.ts';
import { delegate, now, type Principal, principals } from '../../support/ucan.ts';

const [alice, bob, carol, mallory] = (await principals('alice', 'bob', 'carol', 'mallory')) as [
  Principal,
  Principal,
  Principal,
  Principal,
];
const about = { subject: alice.did };
const root = await delegate(alice, bob, about);
const leaf = await delegate(bob, carol, about);

function revoked(delegation: Delegation, ...by: readonly Principal[]): Candidate {
  return { delegation, revocations: by.map(({ did }) => ({ revokedBy: did })) };
}

function standing(candidate: Candidate, above: readonly Candidate[]) {
  return findDelegationStatus(candidate, sourceOf(above), now);
}

describe('how a delegation stands:', () => {
  test('a root stands, and what rests on it', async () => {
    expect(await standing(revoked(root), [])).toBe('stands');
    expect(await standing(revoked(leaf), unrevoked([root]))).toBe('stands');
  });

  test('one above which nothing is known is unproven, as is one above which all has expired', async () => {
    expect(await standing(revoked(leaf), [])).toBe('unproven');
    const expired = await delegate(alice, bob, { ...about, expiration: now - 1 });
    expect(await standing(revoked(leaf), unrevoked([expired]))).toBe('unproven');
  });

  test('it falls with all that is above it, and stands while one way is left', async () => {
    const second = await delegate(alice, bob, { ...about, nonce: Uint8Array.of(2) });
    expect(await standing(revoked(leaf), [revoked(root, alice)])).toBe('revoked');
    expect(await standing(revoked(leaf), [revoked(root, alice), revoked(second)])).toBe('stands');
    expect(await standing(revoked(leaf), [revoked(root, alice), revoked(second, alice)])).toBe('revoked');
  });

  test('it falls by its issuer and by who is above, never by a stranger or a descendant', async () => {
    expect(await standing(revoked(leaf, bob), unrevoked([root]))).toBe('revoked');
    expect(await standing(revoked(leaf, alice), unrevoked([root]))).toBe('revoked');
    expect(await standing(revoked(leaf, carol, mallory), unrevoked([root]))).toBe('stands');
  });
});

describe('who may revoke a delegation, by what is known above it:', () => {
  const issuersAbove = async (delegation: Delegation, above: readonly Delegation[]) =>
    [...(await listIssuersAbove(delegation, sourceOf(unrevoked(above))))].toSorted();

  test('its issuer, and those above whose power comes from the subject', async () => {
    expect(await issuersAbove(leaf, [root])).toEqual([alice.did, bob.did].toSorted());
    expect(await issuersAbove(root, [])).toEqual([alice.did]);
  });

  test('nobody who only claims to delegate about the subject', async () => {
    const claimed = await delegate(mallory, bob, about);
    expect(await issuersAbove(leaf, [claimed])).toEqual([bob.did]);
    expect(await issuersAbove(leaf, [root, claimed])).toEqual([alice.did, bob.did].toSorted());
  });

  test('nobody who has the power from its issuer, whatever they delegate back', async () => {
    const back = await delegate(carol, bob, about);
    expect(await issuersAbove(leaf, [root, leaf, back])).toEqual([alice.did, bob.did].toSorted());
    const around = await delegate(alice, carol, about);
    expect(await issuersAbove(leaf, [root, leaf, back, around])).toContain(carol.did);
  });

  test('of a powerline, its issuer alone', async () => {
    const powerline = await delegate(bob, carol, { subject: null });
    expect(await issuersAbove(powerline, [root])).toEqual([bob.did]);
  });
});
