import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Authority,
  addTrust,
  createKey,
  createOrganisation,
  exportKey,
  listKeys,
  listTrust,
  revokeKey,
  showOrganisation,
  signPackage,
} from '../../../src/authority/index.ts';
import { fingerprintOf } from '../../../src/crypto/fingerprint.ts';
import { decodePublicKey } from '../../../src/crypto/key-format.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import { createAuthority, query } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';

const hash = 'ab'.repeat(32);
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  let events: HanaperEvent[];
  let org: string;
  let count = 0;

  beforeAll(async () => {
    url = await engine.createUrl();
    ({ authority, events } = await createAuthority(url));
  });

  beforeEach(async () => {
    org = await newOrganisation();
    events.length = 0;
  });

  afterAll(() => authority.close());

  async function newOrganisation(): Promise<string> {
    count += 1;
    return (await authority.execute(createOrganisation, { name: `org-${count}` })).name;
  }

  const trusted = async (name: string) => [
    ...(await authority.trustFor({ organisation: name, packageHash: hash })).keys.keys(),
  ];
  const keysOf = async (name: string) => (await authority.executeFor(name, listKeys, {})).keys;

  test('a key is created, and trusted by its own organisation alone', async () => {
    const other = await newOrganisation();
    const key = await authority.executeFor(org, createKey, { name: 'release' });
    expect(key).toEqual({
      id: expect.any(String),
      name: 'release',
      label: null,
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      created_at: expect.stringMatching(iso),
      revoked_at: null,
      reason: null,
      effective_at: null,
      effective_index: null,
    });
    expect(await keysOf(org)).toEqual([key]);
    expect(await trusted(org)).toEqual([key.fingerprint]);
    expect(await trusted(other)).toEqual([]);
    const { keys } = await authority.executeFor(org, listTrust, {});
    expect(keys).toMatchObject([{ name: 'release', trusted_at: key.created_at, via: null }]);
    const about = { organisation: org, key: 'release', fingerprint: key.fingerprint };
    expect(events).toMatchObject([
      { name: 'key.trusted.added', details: about },
      { name: 'key.signing.created', details: about },
    ]);
  });

  test.each([true, false])('a key that is created with trusted %s is trusted as said', async (trust) => {
    const key = await authority.executeFor(org, createKey, { name: 'release', trusted: trust });
    expect(await trusted(org)).toEqual(trust ? [key.fingerprint] : []);
    expect(events.some(({ name }) => name === 'key.trusted.added')).toBe(trust);
  });

  test('a key that is not trusted at first can be trusted later', async () => {
    const { fingerprint } = await authority.executeFor(org, createKey, { name: 'release', trusted: false });
    const { public_key } = await authority.executeFor(org, exportKey, { name: 'release' });
    await authority.executeFor(org, addTrust, { public_key });
    expect(await trusted(org)).toEqual([fingerprint]);
  });

  test('a taken name is refused and reported, and nothing is made', async () => {
    await authority.executeFor(org, createKey, { name: 'release' });
    events.length = 0;
    const error = await expectCode('already_exists', () => authority.executeFor(org, createKey, { name: 'release' }));
    expect(error.details).toEqual({ kind: 'signing key', name: 'release' });
    const { did } = await authority.executeFor(org, showOrganisation, {});
    expect(events).toMatchObject([
      {
        name: 'key.signing.create_failed',
        reason: 'already_exists',
        details: { command: '/key/create', subject: did, invoker: did, name: 'release' },
      },
    ]);
    expect(await keysOf(org)).toHaveLength(1);
    expect(await trusted(org)).toHaveLength(1);
  });

  test('two organisations have keys of one name', async () => {
    const other = await newOrganisation();
    const one = await authority.executeFor(org, createKey, { name: 'release' });
    const two = await authority.executeFor(other, createKey, { name: 'release' });
    expect(one.fingerprint).not.toBe(two.fingerprint);
  });

  test('keys are listed newest first, with revoked ones', async () => {
    for (const name of ['one', 'two', 'three']) await authority.executeFor(org, createKey, { name });
    await authority.executeFor(org, revokeKey, { name: 'two' });
    const keys = await keysOf(org);
    expect(keys.map(({ created_at }) => created_at)).toEqual(
      keys
        .map(({ created_at }) => created_at)
        .sort()
        .reverse(),
    );
    expect(keys.filter(({ revoked_at }) => revoked_at !== null).map(({ name }) => name)).toEqual(['two']);
  });

  test('a public key is exported as hex and as PEM that others read, and an event reports it', async () => {
    const key = await authority.executeFor(org, createKey, { name: 'release' });
    events.length = 0;
    const exported = await authority.executeFor(org, exportKey, { name: 'release' });
    expect(exported).toMatchObject(key);
    expect(fingerprintOf(decodePublicKey(Buffer.from(exported.pem)))).toBe(key.fingerprint);
    expect(Buffer.from(exported.public_key, 'hex')).toHaveLength(32);
    expect(createPublicKey(exported.pem).export({ format: 'jwk' }).x).toBe(
      Buffer.from(exported.public_key, 'hex').toString('base64url'),
    );
    expect(events.map(({ name }) => name)).toEqual(['key.exported']);
  });

  test('a revoked key is still exported, and says so', async () => {
    await authority.executeFor(org, createKey, { name: 'release' });
    await authority.executeFor(org, revokeKey, { name: 'release' });
    expect((await authority.executeFor(org, exportKey, { name: 'release' })).revoked_at).toMatch(iso);
  });

  test('revoking a key ends the trust in it of every organisation', async () => {
    const others = [await newOrganisation(), await newOrganisation()];
    const key = await authority.executeFor(org, createKey, { name: 'release' });
    const { public_key } = await authority.executeFor(org, exportKey, { name: 'release' });
    for (const other of others) await authority.executeFor(other, addTrust, { public_key });
    events.length = 0;
    const revoked = await authority.executeFor(org, revokeKey, { name: 'release' });
    expect(revoked).toEqual({
      ...key,
      revoked_at: expect.stringMatching(iso),
      trust_revoked: 3,
      before: null,
      active_key: null,
      older_keys: [],
    });
    for (const name of [org, ...others]) {
      expect(await trusted(name)).toEqual([]);
      expect((await authority.executeFor(name, listTrust, {})).keys).toMatchObject([
        { fingerprint: key.fingerprint, revoked_at: revoked.revoked_at },
      ]);
    }
    expect(events.map(({ name }) => name)).toEqual(['key.signing.revoked', 'key.trusted.revoked']);
  });

  test('revoking a key that nobody trusts reports no trust', async () => {
    await authority.executeFor(org, createKey, { name: 'release', trusted: false });
    events.length = 0;
    expect((await authority.executeFor(org, revokeKey, { name: 'release' })).trust_revoked).toBe(0);
    expect(events.map(({ name }) => name)).toEqual(['key.signing.revoked']);
  });

  test('a second revocation is refused, and moves the time of the first by nothing', async () => {
    await authority.executeFor(org, createKey, { name: 'release' });
    const { revoked_at } = await authority.executeFor(org, revokeKey, { name: 'release' });
    const error = await expectCode('key_revoked', () => authority.executeFor(org, revokeKey, { name: 'release' }));
    expect(error.details).toMatchObject({ revoked_at });
    expect((await keysOf(org))[0]?.revoked_at).toBe(revoked_at);
  });

  test('a revoked key does not sign, and an event reports that', async () => {
    await authority.executeFor(org, createKey, { name: 'release' });
    await authority.executeFor(org, revokeKey, { name: 'release' });
    events.length = 0;
    const sign = () => authority.executeFor(org, signPackage, { hash, name: 'a.wasm', key: 'release', store: true });
    await expectCode('key_revoked', sign);
    expect(events).toMatchObject([{ name: 'package.sign.failure', reason: 'key_revoked' }]);
    expect(await query(url, 'select id from package_signatures')).toEqual([]);
  });

  test("a new key takes a revoked key's name, and is the one that is meant by it", async () => {
    const fingerprints: string[] = [];
    for (let turn = 0; turn < 3; turn++) {
      fingerprints.push((await authority.executeFor(org, createKey, { name: 'release' })).fingerprint);
      const { key_fingerprint } = await authority.executeFor(org, signPackage, { hash, name: 'a', key: 'release' });
      expect(key_fingerprint).toBe(fingerprints.at(-1));
      if (turn < 2) await authority.executeFor(org, revokeKey, { name: 'release' });
    }
    expect(await trusted(org)).toEqual([fingerprints[2]]);
    expect(await keysOf(org)).toHaveLength(3);
  });

  test.each([
    ['exported', exportKey],
    ['revoked', revokeKey],
  ] as const)("a key that does not exist, or is another organisation's, is not %s", async (_, command) => {
    const other = await newOrganisation();
    await authority.executeFor(other, createKey, { name: 'theirs' });
    for (const name of ['nothing', 'theirs']) {
      const error = await expectCode('not_found', () =>
        command === exportKey
          ? authority.executeFor(org, exportKey, { name })
          : authority.executeFor(org, revokeKey, { name }),
      );
      expect(error.details).toEqual({ kind: 'signing key', name, remedy: 'list_signing_keys' });
    }
  });
});
