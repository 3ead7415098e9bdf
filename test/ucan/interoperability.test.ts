import { createECDH } from 'node:crypto';
import { ECDSASigner } from 'iso-signatures/signers/ecdsa.js';
import { EdDSASigner } from 'iso-signatures/signers/eddsa.js';
import { ES256KSigner } from 'iso-signatures/signers/es256k.js';
import { verifier as ecdsa } from 'iso-signatures/verifiers/ecdsa.js';
import { verifier as eddsa } from 'iso-signatures/verifiers/eddsa.js';
import { Resolver } from 'iso-signatures/verifiers/resolver.js';
import { Delegation as IsoDelegation } from 'iso-ucan/delegation';
import { Invocation as IsoInvocation } from 'iso-ucan/invocation';
import type { DID, ISigner } from 'iso-ucan/types';
import { describe, expect, test } from 'vitest';
import {
  type Delegation,
  decodeDelegation,
  decodeInvocation,
  findPolicyFailure,
  parsePolicy,
  toIpld,
  toIpldMap,
  validateInvocation,
  verifyToken,
} from '../../src/ucan/index.ts';
import { contextOf, delegate, invoke, keyTypes, type Principal, principal } from '../support/ucan.ts';

// The peer checks the time of a token against the clock when it makes or reads one.
const now = Math.floor(Date.now() / 1000);
const expiration = now + 3600;
const verifierResolver = new Resolver({ ...eddsa, ...ecdsa });
const policy = [
  ['==', '.name', 'plugin.wasm'],
  ['any', '.tags', ['like', '.', 'a*']],
] as const;
const args = { name: 'plugin.wasm', tags: ['b', 'abc'], size: 1.5, hash: Uint8Array.of(1, 2), nothing: null };

/** The same key in the hands of the peer. */
async function isoSignerOf({ keyType, privateKey }: Principal): Promise<ISigner> {
  if (keyType === 'ed25519') return (await EdDSASigner.generate(privateKey)) as ISigner;
  if (keyType === 'secp256k1') return ES256KSigner.generate(privateKey) as ISigner;
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(privateKey);
  const point = ecdh.getPublicKey();
  const field = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  const [x, y] = [field(point.subarray(1, 33)), field(point.subarray(33))];
  return (await ECDSASigner.importJwk({ kty: 'EC', crv: 'P-256', x, y, d: field(privateKey) })) as unknown as ISigner;
}

const isoDelegationOf = ({ bytes }: Delegation): Promise<IsoDelegation> =>
  IsoDelegation.from({ bytes, verifierResolver });

describe.each(keyTypes)('with keys of %s,', (keyType) => {
  const people = Promise.all(['alice', 'bob', 'carol'].map((name) => principal(name, keyType)));
  const three = async (): Promise<[Principal, Principal, Principal]> =>
    (await people) as [Principal, Principal, Principal];

  test('the peer has the same DID for the same key', async () => {
    for (const each of await people) expect((await isoSignerOf(each)).did).toBe(each.did);
  });

  test('a delegation that is made here is read there, with the same CID and fields', async () => {
    const [alice, bob] = await three();
    const made = await delegate(alice, bob, {
      command: '/package/sign',
      policy,
      expiration,
      meta: { a: [1, { b: true }] },
    });
    const read = await isoDelegationOf(made);
    expect(read.cid.toString()).toBe(made.cid.toString());
    expect(read).toMatchObject({ iss: alice.did, aud: bob.did, sub: alice.did, cmd: '/package/sign', exp: expiration });
    expect(read.pol).toEqual(policy);
    expect(await read.validate({ verifierResolver })).toBe(true);
  });

  // Of the two signatures of ECDSA, the peer takes on secp256k1 only the one with the lower s.
  test('every one of many delegations is', async () => {
    const [alice, bob] = await three();
    for (let i = 0; i < 24; i++) await isoDelegationOf(await delegate(alice, bob, { expiration }));
  });

  test('a delegation that is made there is read here, with the same CID and fields', async () => {
    const [alice, bob] = await three();
    const made = await IsoDelegation.create({
      iss: await isoSignerOf(alice),
      aud: bob.did as DID,
      sub: alice.did as DID,
      cmd: '/package/sign',
      pol: policy as never,
      exp: expiration,
      nbf: now - 60,
      meta: { a: 1 },
    });
    const read = decodeDelegation(made.bytes);
    expect(read.cid.toString()).toBe(made.cid.toString());
    expect(read).toMatchObject({ issuer: alice.did, audience: bob.did, notBefore: now - 60, version: '1.0.0-rc.1' });
    await verifyToken(read);
  });

  test('a powerline is the same in both', async () => {
    const [alice, bob] = await three();
    const made = await delegate(alice, bob, { subject: null, expiration });
    expect((await isoDelegationOf(made)).sub).toBeNull();
    const iso = await IsoDelegation.create({
      iss: await isoSignerOf(alice),
      aud: bob.did as DID,
      sub: null,
      cmd: '/',
      pol: [],
      exp: null,
    });
    expect(decodeDelegation(iso.bytes)).toMatchObject({ subject: null, expiration: null });
  });

  test('a chain that is made here is validated there', async () => {
    const [alice, bob, carol] = await three();
    const chain = [
      await delegate(alice, bob, { command: '/package', expiration }),
      await delegate(bob, carol, { subject: alice.did, command: '/package/sign', policy, expiration }),
    ];
    const made = await invoke(carol, alice, chain, { args, expiration });
    const byCid = new Map(
      await Promise.all(chain.map(async (d) => [d.cid.toString(), await isoDelegationOf(d)] as const)),
    );
    const read = await IsoInvocation.from({
      bytes: made.bytes,
      verifierResolver,
      resolveProof: async (cid) => {
        const proof = byCid.get(cid.toString());
        if (proof === undefined) throw new TypeError('no such proof');
        return proof;
      },
    });
    expect(read.cid.toString()).toBe(made.cid.toString());
    expect(read.payload.args).toEqual(args);
  });

  test('a chain that is made there is validated here', async () => {
    const [alice, bob, carol] = await three();
    const sub = alice.did as DID;
    const [isoAlice, isoBob, isoCarol] = await Promise.all([alice, bob, carol].map(isoSignerOf));
    if (!isoAlice || !isoBob || !isoCarol) return;
    const prf = [
      await IsoDelegation.create({
        iss: isoAlice,
        aud: bob.did as DID,
        sub,
        cmd: '/package',
        pol: [],
        exp: expiration,
      }),
      await IsoDelegation.create({
        iss: isoBob,
        aud: carol.did as DID,
        sub,
        cmd: '/package',
        pol: policy as never,
        exp: null,
      }),
    ];
    const made = await IsoInvocation.create({
      iss: isoCarol,
      sub,
      cmd: '/package/sign',
      args,
      prf,
      exp: expiration,
      verifierResolver,
    });
    const read = decodeInvocation(made.bytes);
    expect(read.cid.toString()).toBe(made.cid.toString());
    const context = contextOf(
      prf.map(({ bytes }) => decodeDelegation(bytes)),
      { now, executor: alice.did },
    );
    expect((await validateInvocation(read, context)).args).toEqual(toIpldMap(args));
  });

  test('an altered token is refused by both', async () => {
    const [alice, bob] = await three();
    const made = await delegate(alice, bob, { expiration });
    const altered = made.bytes.with(20, (made.bytes[20] ?? 0) ^ 1);
    await expect(IsoDelegation.from({ bytes: altered, verifierResolver })).rejects.toThrow();
    await expect(verifyToken(decodeDelegation(altered))).rejects.toMatchObject({ code: 'invalid_token_signature' });
  });
});

test('a policy that is kept there is kept here', async () => {
  const { validate } = await import('iso-ucan/policy');
  const cases: readonly (readonly [readonly unknown[], Record<string, unknown>])[] = [
    [policy, args],
    [policy, { ...args, name: 'other' }],
    [[['>', '.size', 1]], args],
    [[['<', '.size', 1]], args],
    [[['not', ['==', '.name', 'other']]], args],
    [[['all', '.tags', ['like', '.', '*b*']]], args],
    [
      [
        [
          'or',
          [
            ['==', '.size', 2],
            ['==', '.size', 1.5],
          ],
        ],
      ],
      args,
    ],
    [[['==', '.tags[-1]', 'abc']], args],
    [[['==', '.tags[0:1]', ['b']]], args],
  ];
  for (const [each, given] of cases) {
    const failure = findPolicyFailure(parsePolicy(toIpld(each)), toIpldMap(given));
    expect(failure === undefined, JSON.stringify(each)).toBe(validate(given, each as never));
  }
});

test('the peer lets /crypto cover /cryptocurrency, and we do not', async () => {
  const [alice, bob] = [await principal('alice'), await principal('bob')];
  const wide = await delegate(alice, bob, { command: '/crypto', expiration });
  const made = await invoke(bob, alice, [wide], { command: '/cryptocurrency', expiration });
  const iso = await isoDelegationOf(wide);
  await IsoInvocation.from({ bytes: made.bytes, verifierResolver, resolveProof: async () => iso });
  await expect(validateInvocation(made, contextOf([wide], { now }))).rejects.toMatchObject({
    code: 'command_not_covered',
  });
});
