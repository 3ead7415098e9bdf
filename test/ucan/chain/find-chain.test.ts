import { describe, expect, test } from 'vitest';
import { Budget } from '../../../src/budget.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import {
  type Delegation,
  type DelegationClaims,
  type DelegationSource,
  findChain,
  formatCid,
} from '../../../src/ucan/index.ts';
import { expectCode, failureOf } from '../../support/codes.ts';
import { now, principal } from '../../support/ucan.ts';

import { alice, bob, carol, dave, find, from, mallory, type Revoked, sourceOf, wishOf } from '../search.ts';

test('the subject needs no chain, and nothing is asked', async () => {
  const source: DelegationSource = { delegationsTo: () => Promise.reject(new TypeError('asked')) };
  expect(await findChain(wishOf(alice), source)).toEqual([]);
});

test('the shortest chain is found, from the root to the invoker', async () => {
  const long = [await from(alice, bob), await from(bob, carol), await from(carol, dave)];
  const short = [await from(alice, mallory), await from(mallory, dave)];
  expect(await find(dave, [...long, ...short])).toEqual(short);
  expect(await find(dave, [...long, ...short, await from(carol, bob)])).toEqual(short);
  expect(await find(dave, long)).toEqual(long);
  const [direct] = [await from(alice, dave)];
  expect(await find(dave, [...long, ...short, direct])).toEqual([direct]);
});

test('a powerline passes on, but begins no chain', async () => {
  const chain = [await from(alice, bob), await from(bob, carol, { subject: null })];
  expect(await find(carol, chain)).toEqual(chain);
  await expectCode('not_authorized', () => find(carol, chain.slice(1)));
  const root = await from(alice, carol, { subject: null });
  await expectCode('not_authorized', () => find(carol, [root]));
});

test('a cycle is gone round once at most', async () => {
  const cycle = [await from(bob, carol), await from(carol, bob), await from(bob, bob), await from(carol, carol)];
  await expectCode('not_authorized', () => find(carol, cycle));
  const root = await from(alice, bob);
  expect(await find(carol, [...cycle, root])).toEqual([root, cycle[0]]);
});

test('commands only narrow on the way down', async () => {
  const wide = await from(alice, bob, { command: '/a' });
  const narrow = await from(alice, bob, { command: '/a/b/c' });
  const next = await from(bob, carol, { command: '/a' });
  expect(await find(carol, [narrow, wide, next])).toEqual([wide, next]);
  expect(await find(carol, [wide, next], [], { command: '/a' })).toEqual([wide, next]);
  await expectCode('not_authorized', () => find(carol, [narrow, next]));
  await expectCode('not_authorized', async () => find(carol, [await from(alice, bob, { command: '/a/b' }), next]));
  await expectCode('not_authorized', () => find(carol, [wide, next], [], { command: '/ab' }));
});

describe('a chain that would not hold is passed by for a longer one:', () => {
  test.each<[string, Partial<DelegationClaims>, string]>([
    ['one that has expired', { expiration: now - 1 }, 'token_expired'],
    ['one that is not valid yet', { notBefore: now + 1 }, 'token_not_yet_valid'],
    ['one whose policy the arguments break', { policy: [['==', '.n', 2]] }, 'policy_violation'],
    ['one whose policy asks for an argument that is not there', { policy: [['==', '.m', 1]] }, 'policy_violation'],
    ['one for another command', { command: '/other' }, 'command_not_covered'],
  ])('%s', async (_, claims, failure) => {
    const broken = await from(alice, carol, claims);
    const chain = [await from(alice, bob), await from(bob, carol)];
    expect(await find(carol, [broken, ...chain])).toEqual(chain);
    const { details } = await expectCode('not_authorized', () => find(carol, [broken]));
    expect(details).toMatchObject({ failure, nearest: [formatCid(broken.cid)], invoker: carol.did, command: '/a/b' });
  });

  test('one that was revoked by its issuer', async () => {
    const broken = await from(alice, carol);
    const chain = [await from(alice, bob), await from(bob, carol)];
    expect(await find(carol, [broken, ...chain], [[broken, alice]])).toEqual(chain);
    const { details } = await expectCode('not_authorized', () => find(carol, [broken], [[broken, alice]]));
    expect(details).toMatchObject({ failure: 'token_revoked', revoked_by: alice.did });
  });

  test('one whose lower link was revoked by who stands above it', async () => {
    const [first, second] = [await from(alice, bob), await from(bob, carol)];
    await expectCode('not_authorized', () => find(carol, [first, second], [[second, alice]]));
    const around = [await from(alice, dave), await from(dave, carol)];
    expect(await find(carol, [first, second, ...around], [[second, alice]])).toEqual(around);
  });

  test('but not one that a stranger, or a descendant, revoked', async () => {
    const chain = [await from(alice, bob), await from(bob, carol)] as const;
    expect(
      await find(carol, chain, [
        [chain[0], bob],
        [chain[0], carol],
        [chain[1], carol],
        [chain[1], mallory],
      ]),
    ).toEqual(chain);
  });

  test('nor one that another above it revoked, where the chain does not go through them', async () => {
    const powerline = await from(bob, carol, { subject: null });
    const direct = [await from(alice, bob), powerline];
    const roundabout = await from(alice, dave);
    const through = await from(dave, bob);
    expect(await find(carol, [...direct, roundabout, through], [[powerline, dave]])).toEqual(direct);
    await expectCode('not_authorized', () => find(carol, [roundabout, through, powerline], [[powerline, dave]]));
  });
});

test('of what fails, the chain that fails least is the nearest, and its first failure is told', async () => {
  const worse = [await from(alice, carol, { expiration: now - 1, command: '/other' })];
  const nearer = [await from(alice, bob, { policy: [['==', '.n', 2]] }), await from(bob, carol)];
  const { details, message } = await expectCode('not_authorized', () => find(carol, [...worse, ...nearer]));
  expect(details).toMatchObject({
    failure: 'policy_violation',
    nearest: nearer.map(({ cid }) => formatCid(cid)),
    statement: '["==",".n",2]',
  });
  expect(message).toContain('policy');
});

test('where nobody has passed it on, no chain is near', async () => {
  const { details } = await expectCode('not_authorized', async () => find(carol, [await from(bob, carol)]));
  expect(details).toMatchObject({ nearest: [], subject: alice.did });
  expect(details).not.toHaveProperty('failure');
});

test('each audience is asked for once', async () => {
  const asked: string[] = [];
  const inner = sourceOf([
    await from(bob, carol),
    await from(carol, bob),
    await from(dave, bob),
    await from(bob, dave),
  ]);
  const source: DelegationSource = {
    delegationsTo: (audiences, subject) => {
      asked.push(...audiences);
      return inner.delegationsTo(audiences, subject);
    },
  };
  await expectCode('not_authorized', () => findChain(wishOf(carol), source));
  expect(asked.toSorted()).toEqual([bob.did, carol.did, dave.did].toSorted());
});

test('a chain of 64 is found, and one of 65 is not', async () => {
  const people = [alice, ...(await Promise.all(Array.from({ length: 65 }, (_, i) => principal(`link ${i}`))))];
  const links = await Promise.all(people.slice(0, -1).map((issuer, i) => from(issuer, people[i + 1] ?? issuer)));
  expect(await find(people[64] ?? alice, links)).toHaveLength(64);
  await expectCode('not_authorized', () => find(people[65] ?? alice, links));
});

test('the skew is that of a validation', async () => {
  const chain = [await from(alice, bob, { expiration: now - 30 })];
  expect(await find(bob, chain, [], { skew: 30 })).toEqual(chain);
  await expectCode('not_authorized', () => find(bob, chain, [], { skew: 29 }));
});

describe('a search ends soon, whatever was put into the store:', () => {
  const soon = async (
    delegations: readonly Delegation[],
    revoked: Revoked,
    code: ErrorCode = 'not_authorized',
  ): Promise<void> => {
    const budget = new Budget({ visits: 50_000 });
    const source = sourceOf(delegations, revoked);
    expect(await failureOf(() => findChain(wishOf(carol), source, budget))).toMatchObject({ code });
    expect(budget.left('visits')).toBeGreaterThan(0);
  };

  test('a cycle that strangers have revoked', async () => {
    const cycle = [await from(bob, carol), await from(carol, bob)];
    const strangers = await Promise.all(Array.from({ length: 12 }, (_, i) => principal(`stranger ${i}`)));
    const parallel = await Promise.all(strangers.map((_, i) => from(i % 2 ? bob : carol, i % 2 ? carol : bob)));
    await soon(
      [...cycle, ...parallel],
      parallel.map((each, i) => [each, strangers[i] ?? mallory] as const),
    );
  });

  // Who revokes: strangers, or others who have delegated something to carol as well.
  const layered = async (issueThemselves: boolean): Promise<{ delegations: Delegation[]; revoked: Revoked }> => {
    const layers = [carol, ...(await Promise.all(Array.from({ length: 24 }, (_, i) => principal(`layer ${i}`))))];
    const delegations = await Promise.all(
      layers.slice(1).flatMap((issuer, i) => [1, 2].map(() => from(issuer, layers[i] ?? carol))),
    );
    const revokers = await Promise.all(delegations.map((_, i) => principal(`revoker ${i}`)));
    const revoked = delegations.map((each, i) => [each, revokers[i] ?? mallory] as const);
    const others = issueThemselves ? await Promise.all(revokers.map((each) => from(each, carol))) : [];
    return { delegations: [...delegations, ...others], revoked };
  };

  test.each([false, true])(
    'layers of links, each of which another one has revoked (an issuer: %s)',
    async (issuers) => {
      const { delegations, revoked } = await layered(issuers);
      await soon(delegations, revoked);
    },
  );

  test.each([false, true])(
    'and what others put there does not hide a chain that is valid (issuers: %s)',
    async (issuers) => {
      const { delegations, revoked } = await layered(issuers);
      const honest = [
        alice,
        ...(await Promise.all(Array.from({ length: 19 }, (_, i) => principal(`honest ${i}`)))),
        carol,
      ];
      const chain = await Promise.all(honest.slice(1).map((audience, i) => from(honest[i] ?? alice, audience)));
      expect(await find(carol, [...delegations, ...chain], revoked)).toEqual(chain);
    },
  );

  test('layers of holders, each of whom another holder has revoked: that is too much, and not that there is no chain', async () => {
    const { delegations, revoked } = await layered(true);
    const holders = [...new Set(delegations.map(({ issuer }) => issuer))];
    // All but the top of the layers, so that no chain is whole.
    const roots = revoked.map(([, by]) => from(mallory, by));
    const all = [...delegations, ...(await Promise.all(roots)), await from(alice, mallory, { expiration: now - 1 })];
    expect(holders.length).toBeGreaterThan(24);
    await soon(all, [
      ...revoked,
      ...revoked.slice(1).map(([, by], i) => [delegations[i] ?? all[0], by] as const),
    ] as Revoked);
    const back = await Promise.all(revoked.map(([, by], i) => from(by, revoked[(i * 7) % revoked.length]?.[1] ?? bob)));
    await soon([...all, ...back], revoked);
  });

  test('a diamond of twenty layers, in which each has the power by both of those above', async () => {
    const layer = (i: number) => Promise.all([0, 1].map((j) => principal(`diamond ${i} ${j}`)));
    const layers = [[carol], ...(await Promise.all(Array.from({ length: 20 }, (_, i) => layer(i))))];
    const between = layers
      .slice(1)
      .flatMap((above, i) => above.flatMap((a) => (layers[i] ?? []).map((b) => from(a, b))));
    const expired = (layers.at(-1) ?? []).map((each) => from(alice, each, { expiration: now - 1 }));
    await soon(await Promise.all([...between, ...expired]), []);
  });

  test('what a budget does not suffice for is too large, also where there would be a chain', async () => {
    const people = await Promise.all(Array.from({ length: 20 }, (_, i) => principal(`step ${i}`)));
    const all = [alice, ...people, carol];
    const chain = await Promise.all(all.slice(1).map((audience, i) => from(all[i] ?? alice, audience)));
    const search = (visits: number) => findChain(wishOf(carol), sourceOf(chain), new Budget({ visits }));
    await expectCode('too_large', () => search(20));
    expect(await search(21)).toEqual(chain);
  });

  test('each policy is gone through once, however many ways lead by it', async () => {
    const policy = ['not', ['==', '.never', 1]];
    const above = await Promise.all(Array.from({ length: 20 }, (_, i) => principal(`way ${i}`)));
    const ways = await Promise.all(above.flatMap((each) => [from(bob, each), from(each, carol)]));
    const count = async (delegations: readonly Delegation[]) => {
      const budget = new Budget({ visits: 50_000 });
      await failureOf(() => findChain(wishOf(carol), sourceOf(delegations), budget));
      return budget.spentOn('policy_steps');
    };
    const top = await from(alice, bob, { policy: [policy], expiration: now - 1 });
    const one = await count([...ways.slice(0, 2), top]);
    expect(one).toBeGreaterThan(0);
    expect(await count([...ways, top])).toBe(one);
  });

  test('many slow policies are too large, also where there would be a chain', async () => {
    const slow = Array.from({ length: 50 }, (_, i) => ['!=', '.', 'x'.repeat(1000 + i)]);
    const broken = [...slow, ['==', '.', 1]];
    const chains = await Promise.all([
      ...Array.from({ length: 20 }, () => from(alice, carol, { policy: broken })),
      from(alice, carol),
    ]);
    const search = (policy_steps: number) =>
      findChain(wishOf(carol), sourceOf(chains.slice(0, 20)), new Budget({ visits: 1000, policy_steps }));
    await expectCode('too_large', () => search(100_000));
    await expectCode('not_authorized', () => search(10_000_000));
    expect(
      await findChain(wishOf(carol), sourceOf(chains), new Budget({ visits: 1000, policy_steps: 100_000 })),
    ).toEqual(chains.slice(20));
  });

  test('a source that has more than it gave is too large, unless a chain is among what it gave', async () => {
    const chain = [await from(alice, bob), await from(bob, carol)];
    const partial = (given: readonly Delegation[]) => ({ ...sourceOf(given), isPartial: () => true });
    expect(await findChain(wishOf(carol), partial(chain))).toEqual(chain);
    await expectCode('too_large', () => findChain(wishOf(carol), partial(chain.slice(1))));
  });

  test('many links that each fail', async () => {
    const people = [bob, carol, dave, mallory];
    const claims = { expiration: now - 1, command: '/other', policy: [['==', '.n', 2]] };
    const all = people.flatMap((a) => people.map((b) => from(a, b, claims)));
    await soon(await Promise.all([...all, ...all.slice(0, 8)]), []);
  });
});
