import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ChainContext,
  type Explanation,
  explainInvocation,
  type Invocation,
  validateInvocation,
} from '../../../src/ucan/index.ts';
import { expectCode, failureOf } from '../../support/codes.ts';
import { chainOf, contextOf, delegate, invoke, later, now, principal, revocationsOf } from '../../support/ucan.ts';

const alice = await principal('alice');
const bob = await principal('bob');

describe('time:', () => {
  const validAt = async (at: number, skew?: number): Promise<string> => {
    const delegation = await delegate(alice, bob, { notBefore: now - 10, expiration: now + 10 });
    const invocation = await invoke(bob, alice, [delegation], { expiration: null });
    return codeOf(invocation, contextOf([delegation], { now: at, skew }));
  };

  test.each([
    [now - 11, 'token_not_yet_valid'],
    [now - 10.001, 'token_not_yet_valid'],
    [now - 10, 'valid'],
    [now, 'valid'],
    [now + 10, 'valid'],
    [now + 10.001, 'token_expired'],
    [now + 11, 'token_expired'],
  ])('at %d a delegation from −10 to +10 is %s', async (at, expected) => {
    expect(await validAt(at)).toBe(expected);
  });

  test.each([0, 1, 59.5, 60])('a skew of %d seconds is allowed at both ends, ties included', async (skew) => {
    expect(await validAt(now - 10 - skew, skew)).toBe('valid');
    expect(await validAt(now + 10 + skew, skew)).toBe('valid');
    expect(await validAt(now - 10 - skew - 0.5, skew)).toBe('token_not_yet_valid');
    expect(await validAt(now + 10 + skew + 0.5, skew)).toBe('token_expired');
  });

  test('an invocation expires as a delegation does', async () => {
    const invocation = await invoke(alice, alice, [], { expiration: later });
    expect(await codeOf(invocation, contextOf([], { now: later }))).toBe('valid');
    expect(await codeOf(invocation, contextOf([], { now: later + 1 }))).toBe('token_expired');
    expect(await codeOf(invocation, contextOf([], { now: later + 60, skew: 60 }))).toBe('valid');
  });

  test('what never expires never does, and the last second of all can be told', async () => {
    expect(await codeOf(await invoke(alice, alice, [], { expiration: null }), contextOf([], { now: 1e15 }))).toBe(
      'valid',
    );
    const far = await invoke(alice, alice, [], { expiration: Number.MAX_SAFE_INTEGER - 1 });
    expect(await codeOf(far, contextOf([], { now: Number.MAX_SAFE_INTEGER }))).toBe('token_expired');
  });

  test.each([-1, -0.001, 60.001, 61, Number.NaN, Number.POSITIVE_INFINITY])(
    'a skew of %d is a TypeError',
    async (skew) => {
      const invocation = await invoke(alice, alice);
      await expect(validateInvocation(invocation, contextOf([], { skew }))).rejects.toThrow(TypeError);
      await expect(explainInvocation(invocation, contextOf([], { skew }))).rejects.toThrow(TypeError);
    },
  );

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'a now of %d is a TypeError',
    async (at) => {
      await expect(validateInvocation(await invoke(alice, alice), contextOf([], { now: at }))).rejects.toThrow(
        TypeError,
      );
    },
  );
});

describe('the executor', () => {
  test.each<[string, object, string, string]>([
    ['is the subject where no audience is named', {}, alice.did, 'valid'],
    ['is no other than the subject where no audience is named', {}, bob.did, 'audience_mismatch'],
    ['is the audience where one is named', { audience: bob.did }, bob.did, 'valid'],
    ['is not the subject where an audience is named', { audience: bob.did }, alice.did, 'audience_mismatch'],
  ])('%s', async (_, claims, executor, expected) => {
    const invocation = await invoke(alice, alice, [], claims);
    expect(await codeOf(invocation, contextOf([], { executor }))).toBe(expected);
  });

  test('is nobody in particular where the context names none', async () => {
    expect(await codeOf(await invoke(alice, alice, [], { audience: bob.did }), contextOf([]))).toBe('valid');
  });
});

const expired = (i: number) => (i === 6 ? { expiration: now - 1 } : {});
const unmatched = (i: number) => (i === 6 ? { policy: [['==', '.name', 'a']] } : {});

describe('a chain of ten that fails at its seventh link is told link by link:', () => {
  test.each<[string, string, string, (i: number) => object]>([
    ['by its policy', 'policy', 'policy_violation', unmatched],
    ['by its time', 'time', 'token_expired', expired],
    ['by its revocation', 'revocation', 'token_revoked', () => ({})],
  ])('%s', async (_, rule, code, change) => {
    const chain = await chainOf(10, change);
    const seventh = chain.delegations[6];
    if (seventh === undefined) return;
    const records = rule === 'revocation' ? revocationsOf([seventh.cid, seventh.issuer]) : () => [];
    const context = { ...chain.context, revocationsOf: records };
    const explanation = await explainInvocation(chain.invocation, context);
    expect(explanation.links).toHaveLength(11);
    for (const [index, link] of explanation.links.entries()) {
      const failed = link.findings.filter(({ failure }) => failure);
      expect(failed.map((finding) => finding.rule)).toEqual(index === 6 ? [rule] : []);
      expect(link.token?.cid.equals(link.cid)).toBe(true);
    }
    expect(explanation.failure?.code).toBe(code);
    expect(await failureOf(() => validateInvocation(chain.invocation, context))).toEqual(explanation.failure);
  });
});

test('every rule is reported for every link of a valid chain', async () => {
  const { invocation, context } = await chainOf(3);
  const explanation = await explainInvocation(invocation, { ...context, executor: invocation.subject });
  expect(explanation).not.toHaveProperty('failure');
  expect(rulesOf(explanation)).toEqual([
    ['available', 'signature', 'time', 'revocation', 'subject', 'policy'],
    ['available', 'signature', 'time', 'revocation', 'issuer', 'subject', 'command', 'policy'],
    ['available', 'signature', 'time', 'revocation', 'issuer', 'subject', 'command', 'policy'],
    ['signature', 'time', 'executor', 'root', 'issuer', 'command'],
  ]);
});

test('every failure of a chain that fails in many ways is told, and the first is the reason', async () => {
  const { invocation, delegations, context } = await chainOf(3, (i) =>
    i === 1 ? { expiration: now - 1, command: '/other', policy: [['==', '.a', 1]] } : {},
  );
  const [, second] = delegations;
  if (second === undefined) return;
  const records = revocationsOf([second.cid, second.issuer]);
  const explanation = await explainInvocation(invocation, { ...context, revocationsOf: records });
  const failed = explanation.links.map(({ findings }) =>
    findings.filter(({ failure }) => failure).map(({ rule }) => rule),
  );
  expect(failed).toEqual([[], ['time', 'revocation', 'command', 'policy'], ['command'], []]);
  expect(explanation.failure?.code).toBe('token_expired');
});

test('a proof that is not given is told, and the others beside it', async () => {
  const { invocation, delegations } = await chainOf(3, expired);
  const explanation = await explainInvocation(invocation, contextOf(delegations.toSpliced(1, 1)));
  expect(explanation.links[1]).not.toHaveProperty('token');
  expect(explanation.links[1]?.findings).toMatchObject([{ rule: 'available', failure: { code: 'proof_unavailable' } }]);
  expect(explanation.links[0]?.findings.length).toBeGreaterThan(1);
});

test('what breaks a chain is the same told as thrown, whatever it is', async () => {
  const breaks = fc.record({
    length: fc.integer({ min: 0, max: 4 }),
    at: fc.nat(3),
    change: fc.constantFrom<object>(
      {},
      { expiration: now - 1 },
      { notBefore: now + 1 },
      { command: '/other' },
      { subject: null },
      { subject: bob.did },
      { audience: bob.did },
      { policy: [['==', '.a', 1]] },
    ),
    dropped: fc.option(fc.nat(3)),
    executor: fc.option(fc.constantFrom(alice.did, bob.did), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(breaks, async ({ length, at, change, dropped, executor }) => {
      const { invocation, delegations } = await chainOf(length, (i) => (i === at ? change : {}));
      const given = dropped === null ? delegations : delegations.toSpliced(dropped, 1);
      const context = contextOf(given, { executor });
      const explanation = await explainInvocation(invocation, context);
      expect(await failureOf(() => validateInvocation(invocation, context))).toEqual(explanation.failure);
    }),
    { numRuns: 150 },
  );
});

test('the statement that the arguments break is told', async () => {
  const { invocation, context } = await chainOf(2, () => ({ policy: [['==', '.name', 'a']] }), { args: { name: 'b' } });
  const { details } = await expectCode('policy_violation', () => validateInvocation(invocation, context));
  expect(details).toMatchObject({ statement: '["==",".name","a"]', reason: 'false' });
});

test('a reason is short, and holds no token, however long the policy', async () => {
  const policy = [['==', '.name', 'a'.repeat(100_000)]];
  const { invocation, context } = await chainOf(1, () => ({ policy }), { args: { name: 'b' } });
  const { message } = await expectCode('policy_violation', () => validateInvocation(invocation, context));
  expect(message.length).toBeLessThan(500);
});

async function codeOf(invocation: Invocation, context: ChainContext): Promise<string> {
  const { failure } = await explainInvocation(invocation, context);
  expect(await failureOf(() => validateInvocation(invocation, context))).toEqual(failure);
  return failure?.code ?? 'valid';
}

function rulesOf({ links }: Explanation): string[][] {
  return links.map(({ findings }) => findings.map(({ rule }) => rule));
}
