import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Authority, type FindChainArgs, findStoredChain } from '../../../src/authority/index.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import { type Delegation, decodeDelegation, unpackTokens, validateInvocation } from '../../../src/ucan/index.ts';
import { createAuthority } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import { cidsOfAll, revoke, store, storeAtOnce } from '../../support/tokens.ts';
import { chainOf, contextOf, delegate, invoke, now, type Principal, principals } from '../../support/ucan.ts';

describe.each(engines)('$name', (engine) => {
  let authority: Authority;
  // New people for each test.
  let alice: Principal;
  let bob: Principal;
  let carol: Principal;
  let dave: Principal;
  let round = 0;

  beforeAll(async () => {
    const clock = () => new Date(now * 1000);
    ({ authority } = await createAuthority(await engine.createUrl(), { clock }));
  });

  beforeEach(async () => {
    round++;
    [alice, bob, carol, dave] = (await principals(
      ...['alice', 'bob', 'carol', 'dave'].map((name) => `${name} who is looked for ${round}`),
    )) as [Principal, Principal, Principal, Principal];
  });

  afterAll(() => authority.close());

  const find = async (invoker: Principal, subject: Principal, changes: Partial<FindChainArgs> = {}) => {
    const wish = { invoker: invoker.did, subject: subject.did, command: '/package/sign', args: {} };
    return authority.execute(findStoredChain, { ...wish, ...changes });
  };
  const expectFound = async (expected: readonly Delegation[], ...about: Parameters<typeof find>) => {
    const { chain, container } = await find(...about);
    expect(chain).toEqual(cidsOfAll(expected));
    const delegations = (await unpackTokens(new TextEncoder().encode(container))).map(decodeDelegation);
    expect(cidsOfAll(delegations).sort()).toEqual([...chain].sort());
    const [invoker, subject] = about;
    const { path } = await validateInvocation(await invoke(invoker, subject, expected), contextOf(delegations));
    expect(cidsOfAll(path)).toEqual(chain);
  };
  const expectNone = async (
    failure: ErrorCode | undefined,
    nearest: Delegation[],
    ...about: Parameters<typeof find>
  ) => {
    const { details } = await expectCode('not_authorized', () => find(...about));
    expect([details['failure'], details['nearest']]).toEqual([failure, cidsOfAll(nearest)]);
    return details;
  };

  test('who is the subject needs no chain', async () => {
    const { chain, container } = await find(alice, alice);
    expect([chain, await unpackTokens(new TextEncoder().encode(container))]).toEqual([[], []]);
  });

  test('a chain of ten links is found among others, from the root', async () => {
    const { people, delegations } = await chainOf(10);
    await storeAtOnce(authority, delegations.toReversed());
    await storeAtOnce(authority, [await delegate(dave, people[4] ?? dave), await delegate(people[3] ?? dave, dave)]);
    const [subject, invoker] = [people[0], people.at(-1)];
    if (subject && invoker) await expectFound(delegations, invoker, subject);
  });

  test('the shortest chain is found, whichever was stored first', async () => {
    const subject = alice.did;
    const long = [await delegate(alice, bob), await delegate(bob, carol, { subject })];
    const short = await delegate(alice, carol);
    await store(authority, short, ...long);
    await expectFound([short], carol, alice);
  });

  test('a powerline passes on what its issuer has, and gives nothing by itself', async () => {
    const root = await delegate(alice, bob, { command: '/package' });
    const powerline = await delegate(bob, carol, { subject: null, command: '/package' });
    await store(authority, powerline);
    await expectNone(undefined, [], carol, alice);
    await store(authority, root);
    await expectFound([root, powerline], carol, alice);
    // Nor is one by the subject itself a root.
    await store(authority, await delegate(alice, dave, { subject: null }));
    await expectNone(undefined, [], dave, alice);
  });

  test('delegations in a circle lead nowhere, and do not keep a chain from being found', async () => {
    const subject = alice.did;
    const circle = [await delegate(bob, carol, { subject }), await delegate(carol, bob, { subject })];
    await store(authority, ...circle, await delegate(bob, bob, { subject }));
    await expectNone(undefined, [], bob, alice);
    const root = await delegate(alice, carol);
    await store(authority, root);
    await expectFound([root, circle[1] as Delegation], bob, alice);
  });

  test('what is revoked is passed over for another chain, and without one the nearest is told', async () => {
    const subject = alice.did;
    const direct = await delegate(alice, carol);
    const around = [await delegate(alice, bob), await delegate(bob, carol, { subject })];
    await store(authority, ...around, direct);
    await expectFound([direct], carol, alice);
    await revoke(authority, alice, direct);
    await expectFound(around, carol, alice);
    await revoke(authority, alice, around[1] as Delegation);
    const details = await expectNone('token_revoked', [direct], carol, alice);
    expect(details).toMatchObject({ invoker: carol.did, subject, command: '/package/sign', revoked_by: alice.did });
  });

  test("a stranger's revocation hides no chain", async () => {
    const root = await delegate(alice, bob);
    await store(authority, root, await delegate(dave, alice, { subject: null }));
    await expectCode('not_authorized', () => revoke(authority, carol, root));
    await expectFound([root], bob, alice);
  });

  test.each<[ErrorCode, Parameters<typeof delegate>[2], Partial<FindChainArgs>]>([
    ['token_expired', { expiration: now - 1 }, {}],
    ['token_not_yet_valid', { notBefore: now + 1 }, {}],
    ['command_not_covered', { command: '/package/sign' }, { command: '/package' }],
    ['command_not_covered', { command: '/pack' }, {}],
    ['policy_violation', { policy: [['==', '.name', 'a.wasm']] }, { args: { name: 'b.wasm' } }],
    ['policy_violation', { policy: [['==', '.name', 'a.wasm']] }, {}],
  ])('%s is told where it is all that stands in the way (%#)', async (failure, claims, wish) => {
    const root = await delegate(alice, bob, claims);
    await store(authority, root);
    await expectNone(failure, [root], bob, alice, wish);
  });

  test('a tie in time is in time, and arguments that keep a policy are found to', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const policy = [
      ['==', '.name', 'a.wasm'],
      ['==', '.data', bytes],
    ];
    const root = await delegate(alice, bob, { expiration: now, notBefore: now, policy });
    await store(authority, root);
    const args = { name: 'a.wasm', data: { '/': { bytes: 'AQID' } } };
    expect((await find(bob, alice, { args })).chain).toEqual(cidsOfAll([root]));
    await expectNone('policy_violation', [root], bob, alice, { args: { ...args, data: { '/': { bytes: 'AQIE' } } } });
  });

  test('each link must cover the next, whatever the last one covers', async () => {
    const subject = alice.did;
    const narrow = await delegate(alice, bob, { command: '/package/sign' });
    const wide = await delegate(bob, carol, { subject, command: '/package' });
    await store(authority, narrow, wide);
    await expectNone('command_not_covered', [narrow, wide], carol, alice);
  });

  test('arguments that are no map of the data model are refused', async () => {
    for (const args of [5, [], 'text', null, { a: undefined }, { a: 2 ** 60 }, { a: { '/': 'no CID' } }]) {
      await expectCode('bad_input', () => find(bob, alice, { args }));
    }
  });

  test('a locked authority finds', async () => {
    const other = await createAuthority(await engine.createUrl());
    const root = await delegate(alice, bob);
    await store(other.authority, root);
    other.authority.lock();
    const wish = { invoker: bob.did, subject: alice.did, command: '/x', args: {} };
    expect((await other.authority.execute(findStoredChain, wish)).chain).toEqual(cidsOfAll([root]));
    await other.authority.close();
  });
});
