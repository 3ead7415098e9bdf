import { describe, expect, test } from 'vitest';
import {
  type Delegation,
  DelegationCache,
  decodeDelegation,
  isVerified,
  proofsFrom,
  validateInvocation,
  verifyToken,
} from '../../../src/ucan/index.ts';
import { expectCode } from '../../support/codes.ts';
import {
  chainOf,
  contextOf,
  delegate,
  later,
  now,
  principal,
  revocationsOf,
  type TestChain,
} from '../../support/ucan.ts';

const alice = await principal('alice');
const bob = await principal('bob');
const verified = async (): Promise<Delegation> => verifyToken(await delegate(alice, bob));
const isKept = (cache: DelegationCache, { bytes }: Delegation): boolean => isVerified(cache.decode(bytes));

async function validate(
  cache: DelegationCache,
  { invocation, delegations }: TestChain,
): Promise<readonly Delegation[]> {
  const proofs = delegations.map(({ bytes }) => cache.decode(bytes));
  const { path } = await validateInvocation(invocation, contextOf([], { resolveProof: proofsFrom(proofs) }));
  cache.keep(path);
  return proofs;
}

test('a chain that was seen before has no signature of a delegation verified again', async () => {
  const cache = new DelegationCache();
  const chain = await chainOf(5);
  const first = chain.delegations.map(({ bytes }) => cache.decode(bytes));
  expect(first.map(isVerified)).toEqual(Array(5).fill(false));
  const proofs = await validate(cache, chain);
  expect(cache.size).toBe(5);
  const again = chain.delegations.map(({ bytes }) => cache.decode(new Uint8Array(bytes)));
  expect(again.map(isVerified)).toEqual(Array(5).fill(true));
  for (const [index, delegation] of again.entries()) expect(delegation).toBe(proofs[index]);
});

test('what was not verified is never kept', async () => {
  const cache = new DelegationCache();
  const delegation = await delegate(alice, bob);
  cache.keep([delegation]);
  expect(cache.size).toBe(0);
  const web = await delegate({ ...alice, did: 'did:web:example.com' }, bob);
  await verifyToken(web, () => [alice.publicKey]);
  cache.keep([web]);
  expect(cache.size).toBe(0);
});

test('a chain that is refused leaves nothing behind that is not verified', async () => {
  const cache = new DelegationCache();
  const chain = await chainOf(3, (i) => (i === 1 ? { expiration: now - 1 } : {}));
  await expectCode('token_expired', () => validate(cache, chain));
  expect(cache.size).toBe(0);
});

test('a token of other bytes is another, though it differs in its signature alone', async () => {
  const cache = new DelegationCache();
  const delegation = await verified();
  cache.keep([delegation]);
  const forged = new Uint8Array(delegation.bytes);
  forged[10] = (forged[10] ?? 0) ^ 1;
  const decoded = cache.decode(forged);
  expect(isVerified(decoded)).toBe(false);
  await expectCode('invalid_token_signature', () => verifyToken(decoded));
});

test.each([0, 1, 2, 3])(
  'a token that differs in one of its last bytes is another, at lengths of 4n + %i',
  async (rest) => {
    const cache = new DelegationCache();
    const lengths = [0, 1, 2, 3].map((more) => 16 + more);
    const tokens = await Promise.all(
      lengths.map(async (length) => verifyToken(await delegate(alice, bob, { nonce: new Uint8Array(length).fill(7) }))),
    );
    const token = tokens.find(({ bytes }) => bytes.length % 4 === rest);
    if (token === undefined) throw new Error(`no token of ${rest} more`);
    cache.keep([token]);
    expect(cache.find(new Uint8Array(token.bytes))).toBe(token);
    for (let behind = 1; behind <= 4; behind++) {
      const other = new Uint8Array(token.bytes);
      const at = other.length - behind;
      other[at] = (other[at] ?? 0) ^ 1;
      expect(cache.find(other), `${behind} from the end`).toBeUndefined();
    }
  },
);

test('time and revocation are checked afresh', async () => {
  const cache = new DelegationCache();
  const chain = await chainOf(2, () => ({ expiration: later }), { expiration: null });
  const proofs = await validate(cache, chain);
  const resolveProof = proofsFrom(proofs);
  await expectCode('token_expired', () =>
    validateInvocation(chain.invocation, contextOf([], { resolveProof, now: later + 1 })),
  );
  const [root] = proofs;
  if (root === undefined) return;
  const records = revocationsOf([root.cid, root.issuer]);
  await expectCode('token_revoked', () =>
    validateInvocation(chain.invocation, contextOf([], { resolveProof, revocationsOf: records })),
  );
});

describe('it is bounded', () => {
  test('in number: what was used longest ago goes first', async () => {
    const cache = new DelegationCache({ delegations: 3 });
    const [a, b, c, d] = [await verified(), await verified(), await verified(), await verified()] as const;
    cache.keep([a, b, c]);
    expect(cache.decode(a.bytes)).toBe(a);
    cache.keep([d]);
    expect(cache.size).toBe(3);
    expect([a, b, c, d].map((each) => isKept(cache, each))).toEqual([true, false, true, true]);
  });

  test('in bytes', async () => {
    const [a, b, c] = [await verified(), await verified(), await verified()] as const;
    const cache = new DelegationCache({ bytes: 2 * a.bytes.length + 10 });
    cache.keep([a, b, c]);
    expect(cache.size).toBe(2);
    expect([a, b, c].map((each) => isKept(cache, each))).toEqual([false, true, true]);
  });

  test('to nothing, and then keeps nothing', async () => {
    for (const bounds of [{ delegations: 0 }, { bytes: 0 }]) {
      const cache = new DelegationCache(bounds);
      cache.keep([await verified()]);
      expect(cache.size).toBe(0);
    }
  });

  test('and one that is larger than all of it drives nothing out', async () => {
    const small = await verified();
    const cache = new DelegationCache({ bytes: small.bytes.length + 100 });
    cache.keep([small]);
    cache.keep([await verifyToken(await delegate(alice, bob, { meta: { a: 'a'.repeat(1000) } }))]);
    expect(isKept(cache, small)).toBe(true);
  });

  test('and what is kept twice counts once', async () => {
    const cache = new DelegationCache({ delegations: 2 });
    const [a, b] = [await verified(), await verified()] as const;
    cache.keep([a, b, a, a, decodeDelegation(a.bytes)]);
    cache.keep([a]);
    expect(cache.size).toBe(2);
    expect(isKept(cache, b)).toBe(true);
  });
});

test('what is no delegation is malformed, as without a cache', async () => {
  await expectCode('malformed_token', () => new DelegationCache().decode(Uint8Array.of(1)));
});
