import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Authority, type ListDelegationsArgs, listStoredDelegations } from '../../../src/authority/index.ts';
import type { Delegation } from '../../../src/ucan/index.ts';
import { createAuthority } from '../../support/authority.ts';
import { engines } from '../../support/engines.ts';
import { cidOf, cidsOfAll, revoke, store } from '../../support/tokens.ts';
import { delegate, now, type Principal, principals } from '../../support/ucan.ts';

describe.each(engines)('$name', (engine) => {
  let authority: Authority;
  // New people for each test.
  let alice: Principal;
  let bob: Principal;
  let carol: Principal;
  let dave: Principal;
  let round = 0;
  let time = now;

  beforeAll(async () => {
    const clock = () => new Date(time * 1000 + 999);
    ({ authority } = await createAuthority(await engine.createUrl(), { clock }));
  });

  beforeEach(async () => {
    round++;
    time = now;
    [alice, bob, carol, dave] = (await principals(
      ...['alice', 'bob', 'carol', 'dave'].map((name) => `${name} ${round}`),
    )) as [Principal, Principal, Principal, Principal];
  });

  afterAll(() => authority.close());

  const list = (args: ListDelegationsArgs) => authority.execute(listStoredDelegations, args);
  const cids = async (args: ListDelegationsArgs) => (await list(args)).delegations.map(({ cid }) => cid);
  const stateOf = async (token: Delegation) => {
    const { delegations } = await list({ audience: token.audience, revoked: true, expired: true });
    return delegations.find(({ cid }) => cid === cidOf(token))?.state;
  };
  const statesOf = async (...tokens: readonly Delegation[]) => Promise.all(tokens.map(stateOf));

  test('a delegation is listed as a document of what its envelope says', async () => {
    const policy = [['==', '.name', 'plugin.wasm']];
    const full = await delegate(alice, bob, {
      command: '/package',
      policy,
      notBefore: now - 1,
      expiration: now + 1,
      meta: { note: 'not listed' },
    });
    const powerline = await delegate(alice, bob, { subject: null });
    await store(authority, full, powerline);
    const created_at = new Date(now * 1000 + 999).toISOString();
    const common = { iss: alice.did, aud: bob.did, created_at, state: 'live' };
    expect(await list({ audience: bob.did })).toEqual({
      delegations: [
        { ...common, cid: cidOf(powerline), cmd: '/', pol: [], is_root: false, is_powerline: true },
        {
          ...common,
          cid: cidOf(full),
          sub: alice.did,
          cmd: '/package',
          pol: policy,
          nbf: now - 1,
          exp: now + 1,
          is_root: true,
          is_powerline: false,
        },
      ],
    });
  });

  test('the list is of an audience, an issuer, a subject, a command, and of all of these together', async () => {
    const one = await delegate(alice, bob, { command: '/package' });
    const two = await delegate(alice, carol, { command: '/package/sign' });
    const three = await delegate(bob, carol, { subject: alice.did, command: '/package/sign' });
    const four = await delegate(bob, carol, { command: '/' });
    await store(authority, one, two, three, four);
    expect(await cids({ audience: carol.did })).toEqual(cidsOfAll([four, three, two]));
    expect(await cids({ issuer: alice.did })).toEqual(cidsOfAll([two, one]));
    expect(await cids({ subject: alice.did })).toEqual(cidsOfAll([three, two, one]));
    expect(await cids({ subject: alice.did, command: '/package/sign' })).toEqual(cidsOfAll([three, two, one]));
    expect(await cids({ subject: alice.did, command: '/package' })).toEqual(cidsOfAll([one]));
    const all = { audience: carol.did, issuer: bob.did, subject: alice.did, command: '/package/sign/x' };
    expect(await cids(all)).toEqual(cidsOfAll([three]));
    expect(await cids({ ...all, issuer: dave.did })).toEqual([]);
  });

  test('what is outside of its time is listed on request, and says so; a tie is live', async () => {
    const expired = await delegate(alice, bob, { expiration: now - 1 });
    const ending = await delegate(alice, bob, { expiration: now });
    const beginning = await delegate(alice, bob, { notBefore: now });
    const early = await delegate(alice, bob, { notBefore: now + 1 });
    await store(authority, expired, ending, beginning, early);
    expect(await cids({ audience: bob.did })).toEqual(cidsOfAll([beginning, ending]));
    expect(await cids({ audience: bob.did, expired: true })).toEqual(cidsOfAll([early, beginning, ending, expired]));
    expect(await statesOf(expired, ending, beginning, early)).toEqual(['expired', 'live', 'live', 'not_yet_valid']);
    time = now + 1;
    expect(await statesOf(expired, ending, beginning, early)).toEqual(['expired', 'expired', 'live', 'live']);
  });

  test('what is revoked is listed on request, whether it has expired or not', async () => {
    const revoked = await delegate(alice, bob);
    const both = await delegate(alice, bob, { expiration: now - 1 });
    const other = await delegate(alice, bob);
    await store(authority, revoked, both, other);
    await revoke(authority, alice, revoked);
    await revoke(authority, alice, both);
    expect(await cids({ audience: bob.did })).toEqual(cidsOfAll([other]));
    expect(await cids({ audience: bob.did, expired: true })).toEqual(cidsOfAll([other]));
    expect(await cids({ audience: bob.did, revoked: true })).toEqual(cidsOfAll([other, revoked]));
    expect(await cids({ audience: bob.did, revoked: true, expired: true })).toEqual(cidsOfAll([other, both, revoked]));
    expect(await statesOf(revoked, both, other)).toEqual(['revoked', 'revoked', 'live']);
  });

  test('what stands below a revoked delegation, however far, is revoked', async () => {
    const root = await delegate(alice, bob);
    const next = await delegate(bob, carol, { subject: alice.did });
    const last = await delegate(carol, dave, { subject: alice.did, command: '/package' });
    const elsewhere = await delegate(bob, carol);
    await store(authority, root, next, last, elsewhere);
    expect(await statesOf(root, next, last)).toEqual(['live', 'live', 'live']);
    await revoke(authority, alice, root);
    expect(await statesOf(root, next, last, elsewhere)).toEqual(['revoked', 'revoked', 'revoked', 'live']);
    expect(await cids({ subject: alice.did })).toEqual([]);
  });

  test('what no chain is known to is unproven, whatever else stands above it', async () => {
    const subject = alice.did;
    const last = await delegate(carol, dave, { subject });
    const narrow = await delegate(bob, carol, { subject, command: '/other' });
    await store(authority, last, narrow);
    expect(await statesOf(last, narrow)).toEqual(['unproven', 'unproven']);
    await revoke(authority, bob, narrow);
    expect(await statesOf(last, narrow)).toEqual(['unproven', 'revoked']);
    await store(authority, await delegate(bob, carol, { subject, expiration: now }), await delegate(alice, bob));
    expect(await stateOf(last)).toBe('live');
    time = now + 1;
    expect(await stateOf(last)).toBe('unproven');
    expect(await cids({ audience: dave.did })).toEqual(cidsOfAll([last]));
  });

  describe('of two ways up', () => {
    let left: Delegation;
    let right: Delegation;
    let below: Delegation;

    beforeEach(async () => {
      left = await delegate(alice, bob);
      right = await delegate(alice, bob, { command: '/package' });
      below = await delegate(bob, carol, { subject: alice.did, command: '/package/sign' });
      await store(authority, left, right, below);
    });

    test.each([0, 1])('one that is revoked leaves the other (%i)', async (index) => {
      const [gone = left, stays = right] = index === 0 ? [left, right] : [right, left];
      await revoke(authority, alice, gone);
      expect(await statesOf(gone, stays, below)).toEqual(['revoked', 'live', 'live']);
    });

    test('both must be revoked, and then nothing is left', async () => {
      await revoke(authority, alice, left);
      await revoke(authority, alice, right);
      expect(await statesOf(left, right, below)).toEqual(['revoked', 'revoked', 'revoked']);
    });

    test('a new one brings back what was below', async () => {
      await revoke(authority, alice, left);
      await revoke(authority, alice, right);
      await store(authority, await delegate(alice, bob));
      expect(await stateOf(below)).toBe('live');
    });

    test('one that does not cover it is not found', async () => {
      await store(authority, await delegate(alice, bob, { command: '/other' }));
      await revoke(authority, alice, left);
      await revoke(authority, alice, right);
      expect(await stateOf(below)).toBe('revoked');
    });
  });

  test('a way up is lost where somebody above revoked it, and the other by the same issuer is not', async () => {
    const root = await delegate(alice, bob);
    const middle = await delegate(bob, carol, { subject: alice.did });
    const one = await delegate(carol, dave, { subject: alice.did });
    const two = await delegate(carol, dave, { subject: alice.did });
    const last = await delegate(dave, bob, { subject: alice.did });
    await store(authority, root, middle, one, two, last);
    await revoke(authority, alice, two);
    expect(await statesOf(one, two, last)).toEqual(['live', 'revoked', 'live']);
    await revoke(authority, alice, one);
    expect(await statesOf(one, two, last)).toEqual(['revoked', 'revoked', 'revoked']);
  });

  test('a powerline passes a revocation on, and stands by itself', async () => {
    const root = await delegate(alice, bob);
    const powerline = await delegate(bob, carol, { subject: null });
    const last = await delegate(carol, dave, { subject: alice.did });
    await store(authority, root, powerline, last);
    await revoke(authority, alice, root);
    expect(await statesOf(root, powerline, last)).toEqual(['revoked', 'live', 'revoked']);
    await store(authority, await delegate(alice, bob));
    expect(await stateOf(last)).toBe('live');
    await revoke(authority, bob, powerline);
    expect(await statesOf(powerline, last)).toEqual(['revoked', 'revoked']);
  });

  test("a stranger's revoked powerline takes nothing down", async () => {
    const root = await delegate(alice, bob);
    const last = await delegate(bob, carol, { subject: alice.did });
    const strange = await delegate(dave, bob, { subject: null });
    await store(authority, root, last, strange);
    await revoke(authority, dave, strange);
    expect(await statesOf(root, last, strange)).toEqual(['live', 'live', 'revoked']);
  });

  test('delegations in a circle are unproven, and revoked only where they are', async () => {
    const subject = alice.did;
    const one = await delegate(bob, carol, { subject });
    const two = await delegate(carol, bob, { subject });
    const self = await delegate(dave, dave, { subject });
    await store(authority, one, two, self);
    expect(await statesOf(one, two, self)).toEqual(['unproven', 'unproven', 'unproven']);
    await revoke(authority, bob, one);
    expect(await statesOf(one, two)).toEqual(['revoked', 'revoked']);
    await store(authority, await delegate(alice, carol));
    expect(await statesOf(one, two)).toEqual(['revoked', 'live']);
  });

  test('page by page everything comes once, newest first, whatever is left out', async () => {
    const tokens = await Promise.all(Array.from({ length: 11 }, () => delegate(alice, bob)));
    await store(authority, ...tokens);
    for (const token of tokens.slice(4, 8)) await revoke(authority, alice, token);
    const seen: string[] = [];
    const sizes: number[] = [];
    let page = await list({ audience: bob.did, limit: 4 });
    for (; ; page = await list({ audience: bob.did, limit: 4, before: page.next })) {
      seen.push(...page.delegations.map(({ cid }) => cid));
      sizes.push(page.delegations.length);
      if (page.next === undefined) break;
    }
    expect(seen).toEqual(cidsOfAll([...tokens.slice(0, 4), ...tokens.slice(8)]).reverse());
    expect(sizes.length).toBe(3);
    expect(await list({ audience: dave.did, limit: 4 })).toEqual({ delegations: [] });
  });

  test('a page has a hundred at most, however many are asked for, and the largest number is a place like others', async () => {
    const tokens = await Promise.all(Array.from({ length: 101 }, () => delegate(alice, bob)));
    await store(authority, ...tokens);
    for (const limit of [{}, { limit: 1000 }]) {
      const page = await list({ audience: bob.did, ...limit });
      expect(page.delegations).toHaveLength(100);
      expect((await list({ audience: bob.did, ...limit, before: page.next ?? 0 })).delegations).toHaveLength(1);
    }
    expect((await list({ audience: bob.did, limit: 1, before: 2 ** 31 - 1 })).delegations).toHaveLength(1);
  });

  test('a locked authority lists', async () => {
    const other = await createAuthority(await engine.createUrl());
    other.authority.lock();
    const { delegations } = await other.authority.execute(listStoredDelegations, {});
    expect(delegations).toMatchObject([{ aud: other.authority.identity.did, cmd: '/', is_root: true, state: 'live' }]);
    await other.authority.close();
  });
});
