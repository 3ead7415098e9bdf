import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Authority,
  addTrust,
  createKey,
  createOrganisation,
  exportKey,
  grantAcl,
  listTrust,
  revokeKey,
  revokeTrust,
} from '../../../src/authority/index.ts';
import { generateSeed, publicKeyOf } from '../../../src/crypto/ed25519.ts';
import { fingerprintOf } from '../../../src/crypto/fingerprint.ts';
import { decodeEd25519DidKey } from '../../../src/did/did-key.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import { createAuthority } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';

const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const withoutReason = { reason: null, effective_at: null, effective_index: null };
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

// Every encoding of a point of small order, from the published list of libsodium.
const smallOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

describe.each(engines)('$name', (engine) => {
  let authority: Authority;
  let events: HanaperEvent[];
  let org: string;
  let other: string;
  let count = 0;

  beforeAll(async () => {
    ({ authority, events } = await createAuthority(await engine.createUrl()));
  });

  beforeEach(async () => {
    [org, other] = [await newOrganisation(), await newOrganisation()];
    events.length = 0;
  });

  afterAll(() => authority.close());

  async function newOrganisation(): Promise<string> {
    count += 1;
    return (await authority.execute(createOrganisation, { name: `org-${count}` })).name;
  }

  async function newKey(): Promise<{ public_key: string; fingerprint: string }> {
    using seed = generateSeed();
    const publicKey = await publicKeyOf(seed);
    return { public_key: toHex(publicKey), fingerprint: fingerprintOf(publicKey) };
  }

  const trusted = async (name: string) => [
    ...(await authority.trustFor({ organisation: name, packageHash: '00' })).keys.keys(),
  ];
  const listed = async (name: string) => (await authority.executeFor(name, listTrust, {})).keys;

  test('a public key from outside is trusted, by one organisation alone', async () => {
    const { public_key, fingerprint } = await newKey();
    const added = await authority.executeFor(org, addTrust, { public_key, name: 'their-key' });
    expect(added).toEqual({
      fingerprint,
      name: 'their-key',
      label: null,
      via: null,
      trusted_at: expect.stringMatching(iso),
      revoked_at: null,
      ...withoutReason,
    });
    expect(await listed(org)).toEqual([added]);
    expect(await trusted(org)).toEqual([fingerprint]);
    expect(await trusted(other)).toEqual([]);
    expect(events).toMatchObject([
      { name: 'key.trusted.added', details: { organisation: org, key: 'their-key', fingerprint } },
    ]);
  });

  test('a trusted key needs no name', async () => {
    const { public_key } = await newKey();
    expect((await authority.executeFor(org, addTrust, { public_key })).name).toBeNull();
  });

  test('a key that is trusted already is refused', async () => {
    const { public_key, fingerprint } = await newKey();
    await authority.executeFor(org, addTrust, { public_key });
    const again = () => authority.executeFor(org, addTrust, { public_key, name: 'other-name' });
    const error = await expectCode('already_trusted', again);
    expect(error.details).toEqual({ fingerprint });
    await authority.executeFor(other, addTrust, { public_key });
    expect(await listed(org)).toHaveLength(1);
  });

  test('a key that is trusted through an ACL can be trusted directly as well', async () => {
    const { public_key, fingerprint } = await newKey();
    await authority.executeFor(other, addTrust, { public_key });
    await authority.executeFor(org, grantAcl, { child: other });
    await authority.executeFor(org, addTrust, { public_key });
    const keys = (await authority.trustFor({ organisation: org, packageHash: '00' })).keys;
    expect(keys.get(fingerprint)).not.toHaveProperty('via');
    expect(keys.size).toBe(1);
  });

  test.each(smallOrder)('a key of small order (%s) is weak', async (public_key) => {
    await expectCode('weak_key', () => authority.executeFor(org, addTrust, { public_key }));
    expect(await listed(org)).toEqual([]);
  });

  test.each([
    'ff'.repeat(32),
    '02'.padEnd(64, '0'),
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ])('what is no canonical point (%s) is malformed or weak', async (public_key) => {
    const error = await authority.executeFor(org, addTrust, { public_key }).catch((caught: unknown) => caught);
    expect(['malformed_key', 'weak_key']).toContain((error as { code: string }).code);
    expect(await listed(org)).toEqual([]);
  });

  test('an identity key is never trusted for packages', async () => {
    const { did } = await authority.execute(createOrganisation, { name: `identity-${count}` });
    for (const publicKey of [decodeEd25519DidKey(did), authority.identity.publicKey]) {
      const public_key = toHex(publicKey);
      const error = await expectCode('bad_input', () => authority.executeFor(org, addTrust, { public_key }));
      expect(error.details).toMatchObject({ reason: 'identity key' });
    }
    expect(await listed(org)).toEqual([]);
  });

  test("a revoked signing key is never trusted again, its own organisation's or another's", async () => {
    await authority.executeFor(org, createKey, { name: 'release' });
    const { public_key } = await authority.executeFor(org, exportKey, { name: 'release' });
    await authority.executeFor(org, revokeKey, { name: 'release' });
    for (const organisation of [org, other]) {
      await expectCode('key_revoked', () => authority.executeFor(organisation, addTrust, { public_key }));
      expect(await trusted(organisation)).toEqual([]);
    }
  });

  test('trust is revoked in one organisation alone, and an event reports it', async () => {
    const { public_key, fingerprint } = await newKey();
    for (const organisation of [org, other]) await authority.executeFor(organisation, addTrust, { public_key });
    events.length = 0;
    const revoked = await authority.executeFor(org, revokeTrust, { fingerprint });
    expect(revoked).toEqual({ fingerprint, revoked_at: expect.stringMatching(iso), ...withoutReason });
    expect(await trusted(org)).toEqual([]);
    expect(await trusted(other)).toEqual([fingerprint]);
    expect(events).toMatchObject([{ name: 'key.trusted.revoked', details: { organisation: org, fingerprint } }]);
  });

  test('a second revocation is refused, and moves the time of the first by nothing', async () => {
    const { public_key, fingerprint } = await newKey();
    await authority.executeFor(org, addTrust, { public_key });
    const { revoked_at } = await authority.executeFor(org, revokeTrust, { fingerprint });
    await expectCode('not_found', () => authority.executeFor(org, revokeTrust, { fingerprint }));
    expect(await listed(org)).toMatchObject([{ fingerprint, revoked_at }]);
  });

  test('what was revoked is trusted anew, and its history stays', async () => {
    const { public_key, fingerprint } = await newKey();
    await authority.executeFor(org, addTrust, { public_key });
    const first = await authority.executeFor(org, revokeTrust, { fingerprint });
    await new Promise((resolve) => setTimeout(resolve, 2));
    await authority.executeFor(org, addTrust, { public_key });
    expect(await trusted(org)).toEqual([fingerprint]);
    expect((await listed(org)).map((key) => key.revoked_at)).toEqual([null, first.revoked_at]);
    const second = await authority.executeFor(org, revokeTrust, { fingerprint });
    expect((await listed(org)).map((key) => key.revoked_at)).toEqual([second.revoked_at, first.revoked_at]);
    expect(await trusted(org)).toEqual([]);
  });

  test('trust that is not there, or comes through an ACL, is not revoked', async () => {
    const { public_key, fingerprint } = await newKey();
    const revoke = () => authority.executeFor(org, revokeTrust, { fingerprint });
    const absent = await expectCode('not_found', revoke);
    expect(absent.details).toEqual({ kind: 'trusted key', fingerprint });
    await authority.executeFor(other, addTrust, { public_key });
    await authority.executeFor(org, grantAcl, { child: other });
    await expectCode('not_found', revoke);
    expect(await trusted(org)).toEqual([fingerprint]);
    expect(await trusted(other)).toEqual([fingerprint]);
  });

  test('a signing key whose trust was revoked by its own organisation is still no revoked key', async () => {
    const { fingerprint } = await authority.executeFor(org, createKey, { name: 'release' });
    const { public_key } = await authority.executeFor(org, exportKey, { name: 'release' });
    await authority.executeFor(org, revokeTrust, { fingerprint });
    await authority.executeFor(org, addTrust, { public_key });
    expect(await trusted(org)).toEqual([fingerprint]);
  });
});
