import { describe, expect, test } from 'vitest';
import { decodeDelegation, decodeInvocation, validateInvocation } from '../../src/ucan/index.ts';
import { expectCode } from '../support/codes.ts';
import { chainOf, contextOf, delegate, delegationFields, invoke, signRaw } from '../support/ucan.ts';

import { alice, bob, carol, from, judge, mallory, outcome } from './outcome.ts';

describe('commands:', () => {
  test.each([
    ['/', '/', 'valid'],
    ['/', '/anything/at/all', 'valid'],
    ['/crypto', '/crypto', 'valid'],
    ['/crypto', '/crypto/sign', 'valid'],
    ['/crypto', '/cryptocurrency', 'command_not_covered'],
    ['/crypto', '/crypt', 'command_not_covered'],
    ['/crypto', '/', 'command_not_covered'],
    ['/crypto', '/other/crypto', 'command_not_covered'],
    ['/crypto/sign', '/crypto', 'command_not_covered'],
    ['/crypto/sign', '/crypto/sign-hash', 'command_not_covered'],
    ['/crypto/_', '/crypto/a', 'command_not_covered'],
    ['/crypto/%', '/crypto/sign', 'command_not_covered'],
    ['/%', '/crypto/sign', 'command_not_covered'],
    ['/*', '/crypto', 'command_not_covered'],
    ['/crypto/*', '/crypto/sign', 'command_not_covered'],
    ['/crypto/*', '/crypto/*', 'valid'],
    ['/.', '/crypto', 'command_not_covered'],
    ['/crypto/..', '/crypto', 'command_not_covered'],
    ['/crypto/sign', '/crypto/sign/..', 'valid'],
    ['/cafe\u0301', '/caf\u00e9', 'command_not_covered'],
  ])('a delegation of %s and an invocation of %s: %s', async (command, invoked, expected) => {
    expect(await outcome(bob, [await from(alice, bob, { command })], { command: invoked })).toBe(expected);
    const between = [await from(alice, bob, { command }), await from(bob, carol, { command: invoked })];
    expect(await outcome(carol, between, { command: invoked })).toBe(expected);
  });

  test.each(['/Crypto', '/CRYPTO/sign', '/crypto/', '/crypto//sign', 'crypto', ''])(
    '%j cannot be said at all',
    async (command) => {
      await expectCode('malformed_token', () => from(alice, bob, { command }));
      await expectCode('malformed_token', () => invoke(bob, alice, [], { command }));
    },
  );

  test('a command that is widened again further down is refused', async () => {
    const chain = [await from(alice, bob, { command: '/a/b' }), await from(bob, carol, { command: '/a' })];
    expect(await outcome(carol, chain, { command: '/a/b' })).toBe('command_not_covered');
  });
});

describe('subjects:', () => {
  test('a powerline cannot begin a chain, even the one of the subject itself', async () => {
    expect(await outcome(bob, [await from(alice, bob, { subject: null })])).toBe('invalid_claim');
    expect(await outcome(bob, [await from(mallory, bob, { subject: null })])).toBe('invalid_claim');
  });

  test('a powerline without a subject cannot begin a chain either', async () => {
    const fields = { ...delegationFields(alice.did, bob.did), sub: undefined };
    const powerline = decodeDelegation(await signRaw(alice, fields));
    expect(await outcome(bob, [powerline])).toBe('invalid_claim');
  });

  test('a powerline passes on what its issuer was given, and nothing else', async () => {
    const powerline = await from(bob, carol, { subject: null });
    expect(await outcome(carol, [await from(alice, bob), powerline])).toBe('valid');
    expect(await outcome(carol, [await from(mallory, bob, { subject: mallory.did }), powerline])).toBe(
      'subject_mismatch',
    );
    expect(await outcome(carol, [powerline])).toBe('invalid_claim');
  });

  test('a chain of powerlines passes on no more than their root', async () => {
    const hops = [await from(bob, carol, { subject: null }), await from(carol, mallory, { subject: null })];
    expect(await outcome(mallory, [await from(alice, bob), ...hops])).toBe('valid');
    expect(await outcome(mallory, hops)).toBe('invalid_claim');
    const narrow = await from(alice, bob, { command: '/crypto' });
    expect(await outcome(mallory, [narrow, ...hops])).toBe('command_not_covered');
  });

  test('nobody but the subject is the root of its power', async () => {
    expect(await outcome(bob, [await from(mallory, bob)])).toBe('invalid_claim');
    expect(await outcome(mallory, [])).toBe('invalid_claim');
    expect(await outcome(mallory, [await from(mallory, mallory)])).toBe('invalid_claim');
  });

  test('a proof about another subject gives nothing over this one', async () => {
    expect(await outcome(mallory, [await delegate(mallory, mallory)])).toBe('subject_mismatch');
    const switched = [await from(alice, bob), await delegate(bob, carol)];
    expect(await outcome(carol, switched)).toBe('subject_mismatch');
  });

  test('a subject with a fragment is no subject', async () => {
    await expectCode('malformed_token', () => from(alice, bob, { subject: `${alice.did}#a` }));
  });
});

describe('who it is addressed to:', () => {
  test('what was delegated to another is of no use', async () => {
    expect(await outcome(mallory, [await from(alice, bob)])).toBe('audience_mismatch');
    expect(await outcome(mallory, [await from(alice, bob), await from(mallory, mallory)])).toBe('audience_mismatch');
  });

  test('an executor that is not addressed refuses', async () => {
    const chain = [await from(alice, bob)];
    expect(await outcome(bob, chain, {}, { executor: alice.did })).toBe('valid');
    expect(await outcome(bob, chain, {}, { executor: mallory.did })).toBe('audience_mismatch');
    expect(await outcome(bob, chain, { audience: mallory.did }, { executor: alice.did })).toBe('audience_mismatch');
  });

  test('an invocation is not a delegation, nor the reverse', async () => {
    const delegation = await delegate(alice, bob);
    await expectCode('malformed_token', () => decodeInvocation(delegation.bytes));
    await expect(validateInvocation(delegation as never, contextOf([]))).rejects.toThrow(TypeError);
    const invocation = await invoke(alice, alice, [], { audience: bob.did });
    expect(await outcome(bob, [invocation as never])).toBe('proof_unavailable');
  });
});

describe('the shape of a chain:', () => {
  test('a loop passes on nothing more than was put into it', async () => {
    const loop = [await from(alice, bob, { command: '/a' }), await from(bob, alice, { command: '/a' })];
    const again = await from(alice, bob);
    expect(await outcome(bob, [...loop, again], { command: '/b' })).toBe('command_not_covered');
    expect(await outcome(bob, [...loop, loop[0] ?? again], { command: '/a' })).toBe('valid');
  });

  test('a delegation to oneself is only a link', async () => {
    expect(await outcome(alice, [])).toBe('valid');
    expect(await outcome(bob, [await from(alice, bob), await from(bob, bob)])).toBe('valid');
    expect(await outcome(mallory, [await from(mallory, mallory), await from(alice, bob)])).toBe('audience_mismatch');
  });

  test('a resolver that gives another token in its place gives none', async () => {
    const [narrow, wide] = [await from(alice, bob, { command: '/crypto' }), await from(alice, bob)];
    expect(await outcome(bob, [narrow], {}, { resolveProof: () => wide })).toBe('proof_unavailable');
    expect(await outcome(bob, [narrow], {}, { resolveProof: () => ({ ...wide, cid: narrow.cid }) as never })).not.toBe(
      'valid',
    );
  });

  test('64 proofs are read, and 65 are malformed', async () => {
    const delegation = await from(alice, bob);
    await expectCode('malformed_token', () => invoke(bob, alice, Array(65).fill(delegation)));
    expect(await outcome(bob, Array(64).fill(delegation))).toBe('audience_mismatch');
  });

  test('a proof is not shortened by leaving out a link that narrows', async () => {
    const { people, delegations, context } = await chainOf(3, (i) => (i === 1 ? { policy: [['==', '.a', 1]] } : {}));
    const [root, , , invoker] = people;
    const [first, , last] = delegations;
    if (!root || !invoker || !first || !last) return;
    expect(await judge(await invoke(invoker, root, [first, last]), context)).toBe('audience_mismatch');
  });
});
