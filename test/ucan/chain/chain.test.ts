import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ChainContext,
  type Delegation,
  decodeDelegation,
  decodeInvocation,
  explainInvocation,
  type Invocation,
  proofsFrom,
  validateInvocation,
} from '../../../src/ucan/index.ts';
import { expectCode, failureOf } from '../../support/codes.ts';
import { chainOf, contextOf, delegate, invoke, now, principal, principals, revocationsOf } from '../../support/ucan.ts';
import { readVectors } from '../../support/vectors.ts';

interface Case {
  readonly name: string;
  readonly description: string;
  readonly time: number;
  readonly invocation: { readonly '/': { readonly bytes: string } };
  readonly proofs: readonly { readonly '/': { readonly bytes: string } }[];
  readonly error?: { readonly name: string };
}

const { valid, invalid } = readVectors<{ valid: readonly Case[]; invalid: readonly Case[] }>(
  'ucan/invocation-1.0.0.json',
);

// The names that the vectors have for what we have codes for.
const codes: Readonly<Record<string, string>> = {
  InvalidClaim: 'invalid_claim',
  UnavailableProof: 'proof_unavailable',
  Expired: 'token_expired',
  TooEarly: 'token_not_yet_valid',
  InvalidAudience: 'audience_mismatch',
  InvalidSubject: 'subject_mismatch',
  InvalidSignature: 'invalid_token_signature',
  MatchError: 'policy_violation',
};

function read({ invocation, proofs, time }: Case): { invocation: Invocation; context: ChainContext } {
  const delegations = proofs.map((proof) => decodeDelegation(Buffer.from(proof['/'].bytes, 'base64')));
  const context = contextOf(delegations, { now: time });
  return { invocation: decodeInvocation(Buffer.from(invocation['/'].bytes, 'base64')), context };
}

describe('a published invocation', () => {
  test.each(valid)('is valid: $name', async (vector) => {
    const { invocation, context } = read(vector);
    const authority = await validateInvocation(invocation, context);
    expect(authority).toMatchObject({ issuer: invocation.issuer, subject: invocation.subject });
    expect(authority.args).toBe(invocation.args);
    expect(authority.path).toHaveLength(vector.proofs.length);
    expect(await explainInvocation(invocation, context)).not.toHaveProperty('failure');
  });

  test.each(invalid)('is invalid: $name ($description)', async (vector) => {
    const name = vector.error?.name ?? '';
    const { invocation, context } = read(vector);
    const error = await failureOf(() => validateInvocation(invocation, context));
    expect(error).toMatchObject({ name: 'HanaperError', code: codes[name], details: { ucan_error: name } });
  });
});

test.each([0, 1, 2, 3, 10, 64])(
  'a chain of %i delegations is valid, from the root and from the leaf',
  async (length) => {
    const chain = await chainOf(length);
    const { path } = await validateInvocation(chain.invocation, chain.context);
    expect(path).toEqual(chain.delegations);
    const [root] = chain.people;
    const invoker = chain.people.at(-1);
    if (root === undefined || invoker === undefined) return;
    const reversed = await invoke(invoker, root, chain.delegations.toReversed());
    expect((await validateInvocation(reversed, chain.context)).path).toEqual(chain.delegations);
  },
);

test('a chain may mix key types', async () => {
  const people = [
    await principal('a', 'p256'),
    await principal('b', 'secp256k1'),
    await principal('c', 'ed25519'),
  ] as const;
  const delegations = [
    await delegate(people[0], people[1]),
    await delegate(people[1], people[2], { subject: people[0].did }),
  ];
  const invocation = await invoke(people[2], people[0], delegations);
  await validateInvocation(invocation, contextOf(delegations));
});

test('a principal who acts on their own power needs no proof, and given proofs are not read', async () => {
  const [alice, bob] = await principals('alice', 'bob');
  if (!alice || !bob) return;
  const invocation = await invoke(alice, alice, [await delegate(bob, bob)]);
  const context = contextOf([], {
    resolveProof: () => {
      throw new TypeError('nothing is to be resolved');
    },
  });
  expect((await validateInvocation(invocation, context)).path).toEqual([]);
});

test('a stranger whose signature is wrong has nothing resolved', async () => {
  const { invocation, people } = await chainOf(1);
  const forged = decodeInvocation(turnSignature(invocation));
  const context = contextOf([], {
    resolveProof: () => {
      throw new TypeError('nothing is to be resolved');
    },
  });
  expect(people).toHaveLength(2);
  await expectCode('invalid_token_signature', () => validateInvocation(forged, context));
});

test('a resolver may be asynchronous', async () => {
  const { invocation, delegations } = await chainOf(3);
  const resolve = proofsFrom(delegations);
  const context = contextOf([], { resolveProof: async (cid) => resolve(cid), revocationsOf: async () => [] });
  await validateInvocation(invocation, context);
});

test('what a resolver throws comes out as it is', async () => {
  const { invocation, context } = await chainOf(2);
  const resolveProof = () => Promise.reject(new RangeError('the disk is full'));
  await expect(validateInvocation(invocation, { ...context, resolveProof })).rejects.toThrow(RangeError);
});

describe('a chain of five breaks', () => {
  const chain = chainOf(5);
  const withProofs = async (proofs: (delegations: readonly Delegation[]) => readonly Delegation[]) => {
    const { people, delegations, context } = await chain;
    const [root] = people;
    const invoker = people.at(-1);
    if (root === undefined || invoker === undefined) throw new TypeError('a chain has people');
    return { context, invocation: await invoke(invoker, root, proofs(delegations)) };
  };

  test.each([0, 1, 2, 3, 4])('where link %i is dropped', async (at) => {
    const { invocation, context } = await withProofs((all) => all.toSpliced(at, 1));
    await expect(validateInvocation(invocation, context)).rejects.toMatchObject({ name: 'HanaperError' });
  });

  test.each([0, 1, 2, 3, 4])('where link %i stands twice', async (at) => {
    const { invocation, context } = await withProofs((all) => all.toSpliced(at, 0, ...all.slice(at, at + 1)));
    await expectCode('audience_mismatch', () => validateInvocation(invocation, context));
  });

  test('where the whole chain stands twice', async () => {
    const { invocation, context } = await withProofs((all) => [...all, ...all]);
    await expectCode('audience_mismatch', () => validateInvocation(invocation, context));
  });

  test('in every order but the two that are accepted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), async (order) => {
        const { invocation, context } = await withProofs((all) => order.flatMap((at) => all[at] ?? []));
        const failure = await failureOf(() => validateInvocation(invocation, context));
        if (['01234', '43210'].includes(order.join(''))) expect(failure).toBeUndefined();
        else expect(failure).toMatchObject({ name: 'HanaperError' });
      }),
      { numRuns: 60 },
    );
  });

  test.each([0, 1, 2, 3, 4])('where a stranger stands in place of link %i', async (at) => {
    const { context } = await chain;
    const [one, two] = await principals('stranger', 'other');
    if (!one || !two) return;
    const strange = await delegate(one, two);
    const { invocation } = await withProofs((all) => all.with(at, strange));
    const resolveProof: ChainContext['resolveProof'] = (cid) =>
      cid.equals(strange.cid) ? strange : context.resolveProof(cid);
    await expect(validateInvocation(invocation, { ...context, resolveProof })).rejects.toMatchObject({
      name: 'HanaperError',
    });
  });
});

describe('each rule refuses by its code, at whichever link it breaks:', () => {
  const at = (place: number) => (change: object) => (i: number) => (i === place ? change : {});
  const stranger = principal('stranger');

  test.each([0, 2, 4])('time, policy, command and subject at link %i', async (place) => {
    const only = at(place);
    const expired = await chainOf(5, only({ expiration: now - 1 }));
    await expectCode('token_expired', () => validateInvocation(expired.invocation, expired.context));
    const early = await chainOf(5, only({ notBefore: now + 1 }));
    await expectCode('token_not_yet_valid', () => validateInvocation(early.invocation, early.context));
    const policy = await chainOf(5, only({ policy: [['==', '.name', 'a']] }));
    await expectCode('policy_violation', () => validateInvocation(policy.invocation, policy.context));
    const command = await chainOf(5, only({ command: '/other' }));
    const { details } = await expectCode('command_not_covered', () =>
      validateInvocation(command.invocation, command.context),
    );
    expect(details).not.toHaveProperty('ucan_error');
    const subject = await chainOf(5, only({ subject: (await stranger).did }));
    await expectCode('subject_mismatch', () => validateInvocation(subject.invocation, subject.context));
    const audience = await chainOf(5, only({ audience: (await stranger).did }));
    await expectCode('audience_mismatch', () => validateInvocation(audience.invocation, audience.context));
  });

  test.each([0, 2, 4])('revocation of link %i by its issuer', async (place) => {
    const { invocation, delegations, context } = await chainOf(5);
    const revoked = delegations[place];
    if (revoked === undefined) return;
    const records = revocationsOf([revoked.cid, revoked.issuer]);
    const error = await expectCode('token_revoked', () =>
      validateInvocation(invocation, { ...context, revocationsOf: records }),
    );
    expect(error.details).toMatchObject({ revoked_by: revoked.issuer });
  });

  test.each([0, 2, 4])('a signature that is wrong at link %i', async (place) => {
    const { invocation, delegations, people, context } = await chainOf(5);
    const [root] = people;
    const invoker = people.at(-1);
    const right = delegations[place];
    if (right === undefined || root === undefined || invoker === undefined) return;
    const wrong = decodeDelegation(turnSignature(right));
    const proofs = delegations.with(place, wrong);
    expect(invocation.proofs).toHaveLength(5);
    const forged = await invoke(invoker, root, proofs);
    const change = { ...context, resolveProof: proofsFrom(proofs) };
    await expectCode('invalid_token_signature', () => validateInvocation(forged, change));
  });

  test.each([0, 2, 4])('a proof that is not given at link %i', async (place) => {
    const { invocation, delegations, context } = await chainOf(5);
    const resolveProof = proofsFrom(delegations.toSpliced(place, 1));
    await expectCode('proof_unavailable', () => validateInvocation(invocation, { ...context, resolveProof }));
  });
});

function turnSignature({ bytes }: Delegation | Invocation): Uint8Array {
  const turned = new Uint8Array(bytes);
  turned[10] = (turned[10] ?? 0) ^ 1;
  return turned;
}
