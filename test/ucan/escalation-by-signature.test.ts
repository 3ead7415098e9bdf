import { describe, expect, test } from 'vitest';
import { malleateEcdsa } from '../../src/crypto/ecdsa.ts';
import type { Ed25519PublicKey } from '../../src/crypto/ed25519.ts';
import { encodeDidKey } from '../../src/did/did-key.ts';
import {
  type Delegation,
  decodeDelegation,
  decodeInvocation,
  decodeToken,
  encodeVarsig,
  proofsFrom,
} from '../../src/ucan/index.ts';
import { Cbor, float, map, type Raw } from '../support/cbor.ts';
import { expectCode } from '../support/codes.ts';
import {
  contextOf,
  delegate,
  delegationFields,
  invocationFields,
  invoke,
  now,
  type Principal,
  principal,
  rawDelegation,
  rawInvocation,
  resign,
  revocationsOf,
  signRaw,
} from '../support/ucan.ts';
import { fromHex } from '../support/vectors.ts';

import { alice, bob, carol, from, judge, mallory, outcome } from './outcome.ts';

describe('revocations:', () => {
  test('by the issuer, or by who stands above, count; by others they do not', async () => {
    const [first, second] = [await from(alice, bob), await from(bob, carol)];
    const revoked = (target: Delegation, ...by: Principal[]): Promise<string> =>
      outcome(
        carol,
        [first, second],
        {},
        { revocationsOf: revocationsOf(...by.map((each) => [target.cid, each.did] as const)) },
      );
    expect(await revoked(second, bob)).toBe('token_revoked');
    expect(await revoked(second, alice)).toBe('token_revoked');
    expect(await revoked(first, alice)).toBe('token_revoked');
    expect(await revoked(first, bob)).toBe('valid');
    expect(await revoked(first, carol)).toBe('valid');
    expect(await revoked(second, carol)).toBe('valid');
    expect(await revoked(second, mallory)).toBe('valid');
    expect(await revoked(second, mallory, mallory, bob)).toBe('token_revoked');
    expect(await revoked(second, bob, mallory)).toBe('token_revoked');
  });

  test('who stands above in another chain only has no say', async () => {
    const other = await from(mallory, bob, { subject: null });
    const chain = [await from(alice, bob), await from(bob, carol, { subject: null })];
    const records = revocationsOf([chain[1]?.cid ?? other.cid, mallory.did]);
    expect(await outcome(carol, chain, {}, { revocationsOf: records })).toBe('valid');
  });

  test.each(['p256', 'secp256k1'] as const)(
    'of a token of %s, its twin with n − s is revoked as well',
    async (keyType) => {
      const issuer = await principal('ecdsa', keyType);
      const original = await delegate(issuer, bob);
      const twin = decodeDelegation(resign(original, malleateEcdsa(keyType, original.envelope.signature)));
      expect(twin.cid.equals(original.cid)).toBe(false);
      for (const [revoked, used] of [
        [original, twin],
        [twin, original],
        [original, original],
      ] as const) {
        const invocation = await invoke(bob, issuer, [used]);
        expect(await judge(invocation, contextOf([used]))).toBe('valid');
        const records = revocationsOf([revoked.cid, issuer.did]);
        expect(await judge(invocation, contextOf([used], { revocationsOf: records }))).toBe('token_revoked');
      }
    },
  );
});

describe('policies are not dodged', () => {
  test.each<[string, readonly unknown[], unknown]>([
    ['by leaving the field out', [['!=', '.role', 'admin']], {}],
    ['by leaving it out under "not"', [['not', ['==', '.role', 'admin']]], {}],
    [
      'by leaving it out under "or"',
      [
        [
          'or',
          [
            ['!=', '.role', 'admin'],
            ['!=', '.role', 'root'],
          ],
        ],
      ],
      {},
    ],
    ['by leaving it out under "any"', [['any', '.users', ['!=', '.role', 'admin']]], { users: [{}] }],
    ['by leaving the list out', [['not', ['any', '.users', ['==', '.role', 'admin']]]], {}],
    ['by a null in its place', [['==', '.role', 'user']], { role: null }],
    ['by another type', [['<', '.size', 10]], { size: '9' }],
    ['by a list of one', [['==', '.role', 'user']], { role: ['user'] }],
    ['by the inherited keys of JavaScript', [['!=', '.constructor', null]], {}],
    ['by a key in upper case', [['==', '.role', 'user']], { Role: 'user' }],
  ])('%s', async (_, policy, args) => {
    const strict = { missing: 'refuse' } as const;
    expect(await outcome(bob, [await from(alice, bob, { policy })], { args }, strict)).toBe('policy_violation');
  });

  test('by a delegate who states another, or none', async () => {
    const first = await from(alice, bob, { policy: [['==', '.name', 'a']] });
    for (const policy of [[], [['==', '.name', 'b']], [['or', []]]]) {
      const chain = [first, await from(bob, carol, { policy })];
      expect(await outcome(carol, chain, { args: { name: 'b' } })).toBe('policy_violation');
    }
  });

  test.each<[string, readonly unknown[], Raw, string]>([
    ['1.0 is 1', [['==', '.n', 1]], float(1), 'valid'],
    ['1.0 is not other than 1', [['!=', '.n', 1]], float(1), 'policy_violation'],
    ['−0.0 is 0', [['!=', '.n', 0]], float(-0), 'policy_violation'],
    ['−0.0 is not less than 0', [['<', '.n', 0]], float(-0), 'policy_violation'],
    ['2^53 as a float is more than 10', [['<', '.n', 10]], float(2 ** 53), 'policy_violation'],
    ['1e300 is more than 10', [['<=', '.n', 10]], float(1e300), 'policy_violation'],
    ['2^53 − 1 is less than 2^53', [['<', '.n', 2 ** 53 - 1]], 2 ** 53 - 1, 'policy_violation'],
  ])('by floats and integers: %s', async (_, policy, n, expected) => {
    const delegation = await from(alice, bob, { policy });
    const fields = { ...invocationFields(bob.did), sub: alice.did, args: map({ n }), prf: [delegation.cid] };
    const invocation = decodeInvocation(await signRaw(bob, fields, { tag: 'ucan/inv@1.0.0' }));
    expect(await judge(invocation, contextOf([delegation]))).toBe(expected);
  });

  test.each(['1b0020000000000000', '1bffffffffffffffff', 'fb7ff0000000000000', 'fb7ff8000000000000', 'c24101'])(
    'by a number that cannot be told exactly: %s',
    async (hex) => {
      const args = map({ n: new Cbor(fromHex(hex)) });
      await expectCode('malformed_token', async () => decodeInvocation(await rawInvocation(bob, { args })));
    },
  );
});

describe('signatures:', () => {
  test.each([
    ['the neutral element', `01${'00'.repeat(31)}`],
    ['a point of order 2', `ec${'ff'.repeat(30)}7f`],
    ['a point of order 4', '00'.repeat(32)],
  ])('an issuer whose key is %s signs nothing', async (_, hex) => {
    const did = encodeDidKey({ type: 'ed25519', bytes: fromHex(hex) as Ed25519PublicKey });
    for (const signature of [new Uint8Array(64), fromHex(`01${'00'.repeat(63)}`), fromHex(hex + '00'.repeat(32))]) {
      const token = await signRaw({ ...mallory, did }, invocationFields(did), { tag: 'ucan/inv@1.0.0', signature });
      expect(await judge(decodeInvocation(token), contextOf([]))).toBe('invalid_token_signature');
    }
  });

  test.each([
    ['that is not on the curve', `02${'00'.repeat(31)}`],
    ['that is not canonical', 'ff'.repeat(32)],
  ])('an issuer with a key %s signs nothing', async (_, hex) => {
    const did = encodeDidKey({ type: 'ed25519', bytes: fromHex(hex) as Ed25519PublicKey });
    const token = await signRaw(mallory, invocationFields(did), { tag: 'ucan/inv@1.0.0' });
    expect(await judge(decodeInvocation(token), contextOf([]))).toBe('invalid_token_signature');
  });

  test('an issuer whose DID is of no key signs nothing, unless its keys are resolved', async () => {
    for (const did of ['did:key:abc', 'did:key:z', `did:key:z${'1'.repeat(47)}`, 'did:web:example.com']) {
      const token = await signRaw(mallory, invocationFields(did), { tag: 'ucan/inv@1.0.0' });
      expect(await judge(decodeInvocation(token), contextOf([]))).toBe('invalid_token_signature');
      const resolveKeys = () => [mallory.publicKey];
      const resolved = await judge(decodeInvocation(token), contextOf([], { resolveKeys }));
      expect(resolved).toBe(did.startsWith('did:web:') ? 'valid' : 'invalid_token_signature');
    }
  });

  test('a token of P-256 under the header of Ed25519, and the reverse, is not signed', async () => {
    const p256 = await principal('ecdsa', 'p256');
    const cases = [[p256, 'ed25519'] as const, [alice, 'p256'] as const];
    for (const [issuer, keyType] of cases) {
      const header = encodeVarsig(keyType);
      const delegation = decodeDelegation(await rawDelegation(issuer, { aud: bob.did }, { header }));
      const invocation = await invoke(bob, issuer, [delegation]);
      expect(await judge(invocation, contextOf([delegation]))).toBe('invalid_token_signature');
    }
  });

  test('the signature of one token does not sign another', async () => {
    const [one, two] = [await from(alice, bob, { command: '/crypto' }), await from(alice, bob)];
    const forged = decodeDelegation(resign(two, one.envelope.signature));
    expect(await outcome(bob, [forged])).toBe('invalid_token_signature');
  });

  test('a token signed by an heir of its issuer is not signed', async () => {
    const forged = decodeToken(await signRaw({ ...mallory, did: alice.did }, delegationFields(alice.did, mallory.did)));
    expect(await outcome(mallory, [forged as Delegation])).toBe('invalid_token_signature');
  });
});

test('what expires in the middle of a chain ends all that stands below it', async () => {
  const chain = [await from(alice, bob, { expiration: now - 1 }), await from(bob, carol, { expiration: null })];
  expect(await outcome(carol, chain)).toBe('token_expired');
  expect(proofsFrom(chain)(chain[0]?.cid ?? (carol.did as never))).toBe(chain[0]);
});
