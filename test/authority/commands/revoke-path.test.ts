import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Authority, listStoredDelegations } from '../../../src/authority/index.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import { computeCid, type Delegation, decodeDelegation, formatCid } from '../../../src/ucan/index.ts';
import { createAuthority, query } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import { cidOf, revoke, store, storeAtOnce, twinOf } from '../../support/tokens.ts';
import { delegate, later, now, type Principal, principal, principals, resign } from '../../support/ucan.ts';
import { flipBit } from '../../support/vectors.ts';

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  let events: HanaperEvent[];
  // New people for each test.
  let alice: Principal;
  let bob: Principal;
  let carol: Principal;
  let mallory: Principal;
  let round = 0;

  beforeAll(async () => {
    url = await engine.createUrl();
    ({ authority, events } = await createAuthority(url, { clock: () => new Date(now * 1000) }));
  });

  beforeEach(async () => {
    round++;
    [alice, bob, carol, mallory] = (await principals(
      ...['alice', 'bob', 'carol', 'mallory'].map((name) => `${name} on a path ${round}`),
    )) as [Principal, Principal, Principal, Principal];
  });

  afterAll(() => authority.close());

  const readRows = ({ cid }: Pick<Delegation, 'cid'>) =>
    query(url, 'select revoked_by from ucan_revocations where delegation_cid = $1', [formatCid(cid)]);
  const stateOf = async (token: Delegation) => {
    const { delegations } = await authority.execute(listStoredDelegations, { audience: token.audience, revoked: true });
    return delegations.find(({ cid }) => cid === cidOf(token))?.state;
  };

  async function expectRefused(code: ErrorCode, act: () => Promise<unknown>, target: Pick<Delegation, 'cid'>) {
    events.length = 0;
    const error = await expectCode(code, act);
    expect(events).toMatchObject([{ name: 'ucan.revoke_failed', reason: code, details: { command: '/ucan/revoke' } }]);
    expect(await readRows(target)).toEqual([]);
    return error;
  }

  describe('shown by a path,', () => {
    let root: Delegation;
    let middle: Delegation;
    let target: Delegation;

    beforeEach(async () => {
      root = await delegate(alice, bob, { command: '/package' });
      middle = await delegate(bob, carol, { subject: alice.did, command: '/package' });
      target = await delegate(carol, mallory, { subject: alice.did, command: '/package/sign' });
      await store(authority, target);
    });

    const byPath = (signer: Principal, path: readonly Delegation[], given: readonly Delegation[] = path) =>
      revoke(authority, signer, target, { path: path.map(({ cid }) => cid) }, given);

    test('who issued a delegation above it may revoke it, the delegations given beside', async () => {
      await expectRefused('not_authorized', () => revoke(authority, alice, target), target);
      expect(await byPath(alice, [root, middle, target])).toMatchObject({ is_new: true, revoked_by: alice.did });
      expect(await byPath(bob, [root, middle])).toMatchObject({ is_new: true, revoked_by: bob.did });
      expect(await query(url, 'select cid from ucan_delegations where cid = $1', [cidOf(root)])).toEqual([]);
    });

    test('the delegations of it may be stored ones', async () => {
      await store(authority, middle);
      expect(await byPath(alice, [root, middle], [root])).toMatchObject({ is_new: true });
    });

    test('a delegation that is neither given nor stored shows nothing', async () => {
      await expectRefused('not_authorized', () => byPath(alice, [root, middle], [root]), target);
      await expectRefused('not_authorized', () => byPath(alice, [root, middle], []), target);
    });

    test('a path with a gap, in another order, or to elsewhere shows nothing', async () => {
      const elsewhere = await delegate(alice, bob, { command: '/package' });
      await expectRefused('not_authorized', () => byPath(alice, [root, target]), target);
      await expectRefused('not_authorized', () => byPath(alice, [middle, root, target]), target);
      await expectRefused('not_authorized', () => byPath(alice, [root, elsewhere, target]), target);
      await expectRefused('not_authorized', () => byPath(mallory, [root, middle, target]), target);
    });

    test('a path of delegations about somebody else shows nothing', async () => {
      const own = await delegate(mallory, carol);
      await expectRefused('not_authorized', () => byPath(mallory, [own, target]), target);
    });

    test('a path of delegations that do not cover shows nothing', async () => {
      const other = await delegate(bob, carol, { subject: alice.did, command: '/other' });
      await expectRefused('not_authorized', () => byPath(bob, [other, target]), target);
    });

    test('a path that does not begin with the own word of the subject shows nothing', async () => {
      await expectRefused('not_authorized', () => byPath(bob, [middle, target]), target);
      const powerline = await delegate(alice, bob, { subject: null });
      await expectRefused('not_authorized', () => byPath(alice, [powerline, middle, target]), target);
    });

    test('who stands below the target does not get above it by delegating back', async () => {
      const back = await delegate(mallory, carol, { subject: alice.did });
      await expectRefused('not_authorized', () => byPath(mallory, [back, target]), target);
      await expectRefused('not_authorized', () => byPath(mallory, [root, middle, target, back, target]), target);
      const sibling = await delegate(carol, mallory, { subject: alice.did, command: '/package' });
      await expectRefused('not_authorized', () => byPath(mallory, [root, middle, sibling, back, target]), target);
      await store(authority, root, middle, sibling, back);
      await expectRefused('not_authorized', () => revoke(authority, mallory, target), target);
    });

    test('a path through a powerline shows what it passes on', async () => {
      const powerline = await delegate(bob, carol, { subject: null, command: '/package' });
      expect(await byPath(alice, [root, powerline, target])).toMatchObject({ is_new: true });
    });

    test('a forged delegation on it is refused', async () => {
      const forged = decodeDelegation(resign(middle, flipBit(middle.envelope.signature, 3)));
      await expectRefused('invalid_token_signature', () => byPath(bob, [root, forged, target]), target);
      await expectRefused('invalid_token_signature', () => byPath(alice, [root, forged, target]), target);
    });
  });

  describe('a delegation that is not known', () => {
    test('is not found without a path that ends in it', async () => {
      const [root, target] = [await delegate(alice, bob), await delegate(bob, carol, { subject: alice.did })];
      const { details } = await expectRefused('not_found', () => revoke(authority, bob, target), target);
      expect(details).toEqual({ kind: 'delegation', cid: cidOf(target), remedy: 'show_chain' });
      await expectRefused('not_found', () => revoke(authority, alice, target, { path: [root.cid] }, [root]), target);
    });

    test('is known where it is given beside the revocation', async () => {
      const target = await delegate(alice, bob);
      expect(await revoke(authority, alice, target, {}, [target])).toMatchObject({ is_new: true });
      await expectRefused(
        'not_authorized',
        async () => {
          const other = await delegate(alice, bob);
          return revoke(authority, mallory, other, {}, [other]);
        },
        await delegate(alice, bob),
      );
    });

    test('is revoked in advance by a path, which counts when it comes', async () => {
      const target = await delegate(alice, bob);
      const result = await revoke(authority, alice, target, { path: [target.cid] });
      expect(result).toMatchObject({ is_new: true, revoked_by: alice.did, fallen: [] });
      await store(authority, target);
      expect(await stateOf(target)).toBe('revoked');
    });

    test('is revoked in advance by a path whose other delegations are whole, and lead to the revoker', async () => {
      const root = await delegate(alice, bob);
      const middle = await delegate(bob, carol, { subject: alice.did });
      const target = await delegate(carol, mallory, { subject: alice.did });
      const advance = (by: Principal, ...path: readonly Delegation[]) =>
        revoke(authority, by, target, { path: [...path, target].map(({ cid }) => cid) }, path);
      const madeUp = await delegate(mallory, carol, { subject: alice.did });
      await expectRefused('not_authorized', () => advance(mallory, madeUp), target);
      await expectRefused('not_authorized', () => advance(mallory, root, middle), target);
      await expectRefused('not_authorized', () => advance(bob, middle), target);
      expect(await advance(bob, root, middle)).toMatchObject({ is_new: true });
      expect(await advance(carol, root, middle)).toMatchObject({ is_new: true });
    });

    test('is revoked in advance under either CID of its two signatures', async () => {
      const issuer = await principal(`issuer ${round}`, 'p256');
      const target = await delegate(issuer, bob);
      const twin = computeCid(twinOf(target));
      await revoke(authority, issuer, { cid: twin }, { path: [twin] });
      await store(authority, target);
      expect(await stateOf(target)).toBe('revoked');
    });

    test("is not revoked by a stranger, whose revocation is in nobody's way", async () => {
      const target = await delegate(alice, bob);
      expect(await revoke(authority, mallory, target, { path: [target.cid] })).toMatchObject({ is_new: true });
      await store(authority, target);
      expect(await stateOf(target)).toBe('live');
      expect(await revoke(authority, alice, target)).toMatchObject({ is_new: true, fallen: [cidOf(target)] });
    });
  });

  describe('delegated', () => {
    test('by whom may revoke, to another, with the proof', async () => {
      const target = await delegate(alice, bob);
      const power = await delegate(alice, carol, { command: '/ucan/revoke', expiration: later });
      await store(authority, target);
      const claims = { subject: alice.did, proofs: [power.cid] };
      await expectRefused('proof_unavailable', () => revoke(authority, carol, target, claims), target);
      await expectRefused(
        'invalid_claim',
        () => revoke(authority, carol, target, { subject: alice.did }, [power]),
        target,
      );
      const result = await revoke(authority, carol, target, claims, [power]);
      expect(result).toMatchObject({ revoked_by: alice.did, is_new: true, fallen: [cidOf(target)] });
      expect((await readRows(target))[0]).toMatchObject({ revoked_by: alice.did });
    });

    test('the proof may be a stored one, but not a revoked, expired or narrower one', async () => {
      const target = await delegate(alice, bob);
      const powers = {
        narrow: await delegate(alice, carol, { command: '/ucan/revoke/some' }),
        expired: await delegate(alice, carol, { expiration: now - 1 }),
        revoked: await delegate(alice, carol),
        good: await delegate(alice, carol),
      };
      await storeAtOnce(authority, [target, ...Object.values(powers)]);
      await revoke(authority, alice, powers.revoked);
      const by = (power: Delegation) => revoke(authority, carol, target, { subject: alice.did, proofs: [power.cid] });
      await expectRefused('command_not_covered', () => by(powers.narrow), target);
      await expectRefused('token_expired', () => by(powers.expired), target);
      await expectRefused('token_revoked', () => by(powers.revoked), target);
      expect(await by(powers.good)).toMatchObject({ is_new: true, revoked_by: alice.did });
    });

    test('by a stranger it is worth nothing', async () => {
      const target = await delegate(alice, bob);
      const power = await delegate(mallory, carol, { command: '/ucan/revoke' });
      await store(authority, target);
      const claims = { subject: mallory.did, proofs: [power.cid] };
      await expectRefused('not_authorized', () => revoke(authority, carol, target, claims, [power]), target);
    });
  });
});
