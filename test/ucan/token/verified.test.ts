import { describe, expect, test } from 'vitest';
import type { PublicKey } from '../../../src/did/public-key.ts';
import {
  type Delegation,
  decodeDelegation,
  isSignatureValid,
  isVerified,
  proofsFrom,
  validateInvocation,
  verifyToken,
} from '../../../src/ucan/index.ts';
import { decodeInvocation } from '../../../src/ucan/token/invocation.ts';
import { expectCode } from '../../support/codes.ts';
import { contextOf, delegate, invocationFields, invoke, principal, signRaw } from '../../support/ucan.ts';

const alice = await principal('alice');
const bob = await principal('bob');

test('a token of a did:key is verified once, and remembered by itself alone', async () => {
  const made = await delegate(alice, bob);
  expect(isVerified(made)).toBe(false);
  expect(await verifyToken(made)).toBe(made);
  expect(isVerified(made)).toBe(true);
  expect(isVerified(decodeDelegation(made.bytes))).toBe(false);
});

test('a token whose signature is wrong is never remembered', async () => {
  const { bytes } = await delegate(alice, bob);
  const turned = new Uint8Array(bytes);
  turned[20] = (turned[20] ?? 0) ^ 1;
  const forged = decodeDelegation(turned);
  await expectCode('invalid_token_signature', () => verifyToken(forged));
  expect(await isSignatureValid(forged)).toBe(false);
  expect(isVerified(forged)).toBe(false);
});

describe('the copy of a verified token with other fields is not verified, and cannot be:', () => {
  const copies: [string, (token: Delegation) => Delegation][] = [
    ['a spread copy', (token) => ({ ...token, command: '/' }) as never],
    ['an object that inherits from it', (token) => Object.create(token, { command: { value: '/' } })],
    ['a proxy of it', (token) => new Proxy(token, {})],
    ['a spread copy with its prototype', (token) => Object.assign(Object.create(Object.getPrototypeOf(token)), token)],
    ['a structured clone of its fields', (token) => ({ ...token, issuer: alice.did }) as never],
  ];

  test.each(copies)('%s', async (_, copy) => {
    const verified = await verifyToken(await delegate(alice, bob, { command: '/crypto' }));
    const copied = copy(verified);
    expect(isVerified(copied)).toBe(false);
    await expect(verifyToken(copied)).rejects.toThrow();
    await expect(isSignatureValid(copied)).rejects.toThrow(TypeError);
    const invocation = await invoke(bob, alice, [verified]);
    const context = contextOf([], { resolveProof: () => copied });
    await expect(validateInvocation(invocation, context)).rejects.toThrow();
  });

  test.each(copies)('%s, of an issuer whose keys are resolved', async (_, copy) => {
    const web = { ...alice, did: 'did:web:example.com' };
    const copied = copy(await delegate(web, bob, { command: '/crypto' }));
    await expect(verifyToken(copied, () => [alice.publicKey])).rejects.toThrow();
  });
});

describe('an issuer that is no did:key', () => {
  const did = 'did:web:example.com';
  const token = async () => decodeInvocation(await signRaw(alice, invocationFields(did), { tag: 'ucan/inv@1.0.0' }));

  test('is asked for its keys each time, and nothing is remembered', async () => {
    let asked = 0;
    const made = await token();
    const resolveKeys = async (name: string): Promise<readonly PublicKey[]> => {
      expect(name).toBe(did);
      asked++;
      return [bob.publicKey, alice.publicKey];
    };
    for (let i = 1; i <= 3; i++) {
      await verifyToken(made, resolveKeys);
      expect(asked).toBe(i);
      expect(isVerified(made)).toBe(false);
    }
    await expectCode('invalid_token_signature', () => verifyToken(made, () => []));
  });

  test('has no key where none is resolved, or one of another type', async () => {
    await expectCode('invalid_token_signature', async () => verifyToken(await token()));
    const p256 = await principal('alice', 'p256');
    await expectCode('invalid_token_signature', async () => verifyToken(await token(), () => [p256.publicKey]));
  });

  test('is not impersonated by a did:key that is resolved to other keys', async () => {
    const made = await delegate(alice, bob);
    const forged = decodeDelegation(made.bytes.with(20, (made.bytes[20] ?? 0) ^ 1));
    await expectCode('invalid_token_signature', () => verifyToken(forged, () => [bob.publicKey]));
  });
});

test('a resolver of proofs gives by CID, and nothing for what it has not', async () => {
  const [one, two] = [await delegate(alice, bob), await delegate(alice, bob)];
  expect(proofsFrom([one])(one.cid)).toBe(one);
  expect(proofsFrom([one])(two.cid)).toBeUndefined();
});
