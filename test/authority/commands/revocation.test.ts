import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Authority,
  addTrust,
  createKey,
  createOrganisation,
  exportKey,
  grantAcl,
  listKeys,
  listTrust,
  revokeKey,
  revokeTrust,
  rotateKey,
  setPolicy,
  showPolicy,
  signPackage,
} from '../../../src/authority/index.ts';
import { generateSeed } from '../../../src/crypto/ed25519.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import { readLogHead } from '../../../src/store/tables/log.ts';
import { createAuthority, importSeed, sealedSeed } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';

const hash = 'ab'.repeat(32);
const minute = 60_000;

describe.each(engines)('$name', (engine) => {
  let authority: Authority;
  let events: HanaperEvent[];
  let time = Date.parse('2026-03-01T12:00:00.000Z');
  let org: string;
  let other: string;
  let count = 0;

  beforeAll(async () => {
    ({ authority, events } = await createAuthority(await engine.createUrl(), { clock: () => new Date(time) }));
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

  const pass = (milliseconds: number): string => {
    time += milliseconds;
    return new Date(time).toISOString();
  };
  const size = async () => (await authority.database.transact('read', readLogHead)).size;
  const sign = () => authority.executeFor(org, signPackage, { hash, name: 'a.wasm', key: 'release' });
  const create = () => authority.executeFor(org, createKey, { name: 'release' });
  const revoke = (args: object) => authority.executeFor(org, revokeKey, { name: 'release', ...args });
  const listed = async () => (await authority.executeFor(org, listKeys, {})).keys[0];
  const trustOf = async (name: string) => (await authority.executeFor(name, listTrust, {})).keys;

  describe('a key is revoked', () => {
    test('without a reason, and counts for nothing, whenever it signed', async () => {
      await create();
      const { revoked_at, ...rest } = await revoke({});
      expect(rest).toMatchObject({ reason: null, effective_at: null, effective_index: null });
      expect(await listed()).toMatchObject({ revoked_at, reason: null, effective_index: null });
    });

    test.each(['superseded', 'expired', 'compromised'])('as %s, from its own entry on', async (reason) => {
      await create();
      await sign();
      const index = await size();
      const revoked = await revoke({ reason });
      const now = new Date(time).toISOString();
      const revocation = { revoked_at: now, reason, effective_at: now, effective_index: index };
      expect(revoked).toMatchObject({ ...revocation, trust_revoked: 1 });
      expect(await listed()).toMatchObject(revocation);
      expect(await trustOf(org)).toMatchObject([revocation]);
      expect(events.filter(({ name }) => name.endsWith('.revoked'))).toMatchObject([
        { name: 'key.signing.revoked', details: { organisation: org, key: 'release', revocation: reason } },
        { name: 'key.trusted.revoked', details: { organisations: 1, revocation: reason } },
      ]);
    });

    test('since a time, from the first entry at that time or after it', async () => {
      await create();
      pass(minute);
      const first = await size();
      await sign();
      const at = new Date(time).toISOString();
      await sign();
      pass(minute);
      await sign();
      const { effective_at, effective_index } = await revoke({ reason: 'compromised', effective_at: at });
      expect({ effective_at, effective_index }).toEqual({ effective_at: at, effective_index: first });
    });

    test('since a time between two entries, from the later one on', async () => {
      await create();
      const between = pass(minute);
      pass(minute);
      const index = await size();
      await sign();
      pass(minute);
      expect(await revoke({ reason: 'expired', effective_at: between })).toMatchObject({ effective_index: index });
    });

    test('since before the log began, from its first entry on', async () => {
      await create();
      const effective_at = '2000-01-01T00:00:00.000Z';
      expect(await revoke({ reason: 'compromised', effective_at })).toMatchObject({ effective_at, effective_index: 0 });
    });

    test('since now, where nothing was written at that time, from its own entry on', async () => {
      await create();
      const now = pass(minute);
      const index = await size();
      expect(await revoke({ reason: 'superseded', effective_at: now })).toMatchObject({ effective_index: index });
    });

    test('by several at the same moment, each from the entry that is its own', async () => {
      const keys = ['one', 'two', 'three'];
      for (const name of keys) await authority.executeFor(org, createKey, { name });
      pass(minute);
      const index = await size();
      const act = (name: string) => authority.executeFor(org, revokeKey, { name, reason: 'superseded' });
      const revoked = await Promise.all(keys.map(act));
      const indexes = revoked.map(({ effective_index }) => effective_index);
      expect(indexes.toSorted()).toEqual([index, index + 1, index + 2]);
    });
  });

  describe('it is not revoked, and nothing changes,', () => {
    test.each([
      ['since a time that lies ahead', () => ({ reason: 'expired', effective_at: new Date(time + 1).toISOString() })],
      ['since a time without a reason', () => ({ effective_at: new Date(time).toISOString() })],
      ['for another reason than there are', () => ({ reason: 'lost' })],
      ['since a time in another form', () => ({ reason: 'expired', effective_at: '2026-01-01T00:00:00Z' })],
    ])('%s', async (_, args) => {
      await create();
      await expectCode('bad_input', () => revoke(args()));
      expect(await listed()).toMatchObject({ revoked_at: null, reason: null });
    });
  });

  describe('a revocation is made stricter:', () => {
    test('earlier, with the time of the act as it was', async () => {
      await create();
      const earlier = pass(minute);
      const index = await size();
      await sign();
      pass(minute);
      const { revoked_at } = await revoke({ reason: 'superseded' });
      pass(minute);
      const amended = { revoked_at, reason: 'superseded', effective_at: earlier, effective_index: index };
      expect(await revoke({ effective_at: earlier })).toMatchObject({ ...amended, trust_revoked: 1 });
      expect(await listed()).toMatchObject(amended);
      expect(await trustOf(org)).toMatchObject([amended]);
    });

    test.each(['superseded', 'expired'])('from %s to compromised, since the same time', async (reason) => {
      await create();
      const { effective_at, effective_index } = await revoke({ reason });
      pass(minute);
      const amended = { reason: 'compromised', effective_at, effective_index };
      expect(await revoke({ reason: 'compromised' })).toMatchObject(amended);
      expect(await listed()).toMatchObject(amended);
    });

    test('from no reason to compromised, and still nothing counts that the key signed', async () => {
      await create();
      await revoke({});
      expect(await revoke({ reason: 'compromised' })).toMatchObject({ reason: 'compromised', effective_index: 0 });
    });
  });

  describe('a revocation is not made looser:', () => {
    test.each<[string, object, () => object]>([
      ['later', { reason: 'superseded' }, () => ({ effective_at: new Date(time).toISOString() })],
      ['later, as compromised', { reason: 'expired' }, () => ({ reason: 'compromised', effective_at: pass(0) })],
      ['from compromised to superseded', { reason: 'compromised' }, () => ({ reason: 'superseded' })],
      ['from expired to superseded', { reason: 'expired' }, () => ({ reason: 'superseded' })],
      ['from no reason to superseded', {}, () => ({ reason: 'superseded' })],
      ['from no reason to a time', {}, () => ({ effective_at: pass(0) })],
      ['from no reason to compromised since lately', {}, () => ({ reason: 'compromised', effective_at: pass(0) })],
    ])('%s', async (_, first, second) => {
      await create();
      await revoke(first);
      const before = await listed();
      pass(minute);
      await expectCode('bad_input', () => revoke(second()));
      expect(await listed()).toEqual(before);
    });

    test('nor said twice', async () => {
      await create();
      await revoke({ reason: 'superseded' });
      for (const again of [{}, { reason: 'superseded' }]) await expectCode('key_revoked', () => revoke(again));
    });
  });

  describe('trust in a key', () => {
    const foreign = async () => {
      await authority.executeFor(other, createKey, { name: 'theirs' });
      const { public_key, fingerprint } = await authority.executeFor(other, exportKey, { name: 'theirs' });
      await authority.executeFor(org, addTrust, { public_key });
      return { public_key, fingerprint };
    };
    const distrust = (fingerprint: string, args: object) =>
      authority.executeFor(org, revokeTrust, { fingerprint, ...args });

    test('ends with a reason and a time, for one organisation alone', async () => {
      const { fingerprint } = await foreign();
      const at = pass(minute);
      const index = await size();
      const ended = await distrust(fingerprint, { reason: 'superseded', effective_at: at });
      const revocation = { reason: 'superseded', effective_at: at, effective_index: index };
      expect(ended).toMatchObject({ fingerprint, revoked_at: at, ...revocation });
      expect(await trustOf(org)).toMatchObject([revocation]);
      expect(await trustOf(other)).toMatchObject([{ revoked_at: null }]);
    });

    test('that ended is made stricter, never looser', async () => {
      const { fingerprint } = await foreign();
      const earlier = pass(minute);
      pass(minute);
      const { effective_at, effective_index } = await distrust(fingerprint, { reason: 'expired' });
      const late = { effective_at: pass(minute) };
      await expectCode('bad_input', () => distrust(fingerprint, late));
      await expectCode('bad_input', () => distrust(fingerprint, { reason: 'superseded' }));
      await expectCode('not_found', () => distrust(fingerprint, {}));
      expect(await trustOf(org)).toMatchObject([{ effective_at, effective_index }]);
      const amended = { reason: 'compromised', effective_at: earlier, effective_index };
      expect(await distrust(fingerprint, { reason: 'compromised', effective_at: earlier })).toMatchObject(amended);
    });

    test('that ended, and was given anew, ends anew with a time of its own', async () => {
      const { public_key, fingerprint } = await foreign();
      await distrust(fingerprint, {});
      pass(minute);
      await authority.executeFor(org, addTrust, { public_key });
      const index = await size();
      expect(await distrust(fingerprint, { reason: 'expired' })).toMatchObject({ effective_index: index });
      expect((await trustOf(org)).map(({ reason }) => reason)).toEqual(['expired', null]);
    });

    test.each(['superseded', 'expired'])('that ended as %s is given anew', async (reason) => {
      const { public_key, fingerprint } = await foreign();
      await distrust(fingerprint, { reason });
      await authority.executeFor(org, addTrust, { public_key });
      const states = (await trustOf(org)).map((key) => [key.revoked_at === null, key.reason]);
      expect(states).toHaveLength(2);
      expect(states).toEqual(
        expect.arrayContaining([
          [true, null],
          [false, reason],
        ]),
      );
    });

    test('that is compromised does not come back through an organisation that still trusts the key', async () => {
      const { fingerprint } = await foreign();
      await authority.executeFor(org, grantAcl, { child: other });
      await distrust(fingerprint, { reason: 'expired' });
      const stateOfKeys = async () => {
        const { keys } = await authority.trustFor({ organisation: org, packageHash: hash });
        return keys.get(fingerprint);
      };
      expect(await stateOfKeys()).toMatchObject({ via: other });
      expect((await stateOfKeys())?.revocation).toBeUndefined();
      await distrust(fingerprint, { reason: 'compromised' });
      expect(await stateOfKeys()).toMatchObject({ revocation: { reason: 'compromised' } });
      expect((await trustOf(org)).map(({ via, reason }) => [via, reason])).toEqual([
        [null, 'compromised'],
        [other, 'compromised'],
      ]);
      expect(await trustOf(other)).toMatchObject([{ reason: null }]);
    });

    test('that is compromised since an earlier time than the key stays so when the key is compromised too', async () => {
      const { fingerprint } = await foreign();
      await authority.executeFor(other, revokeKey, { name: 'theirs', reason: 'superseded' });
      const effective_at = '2026-01-01T00:00:00.000Z';
      await distrust(fingerprint, { reason: 'compromised', effective_at });
      await authority.executeFor(other, revokeKey, { name: 'theirs', reason: 'compromised' });
      expect(await trustOf(org)).toMatchObject([{ reason: 'compromised', effective_at, effective_index: 0 }]);
    });

    test('that is compromised is never given again, by nobody, and the key never taken in', async () => {
      const seed = generateSeed();
      const { public_key } = await sealedSeed(authority, seed);
      const { fingerprint } = await authority.executeFor(org, addTrust, { public_key });
      await distrust(fingerprint, { reason: 'compromised' });
      for (const name of [org, other]) {
        const error = await expectCode('key_revoked', () => authority.executeFor(name, addTrust, { public_key }));
        expect(error.details).toEqual({ fingerprint, reason: 'compromised' });
        await expectCode('key_revoked', () => importSeed(authority, name, { name: 'stolen', seed }));
      }
    });
  });

  describe('a key is rotated', () => {
    test('to a successor of the same name, which alone is trusted and signs', async () => {
      const old = await create();
      await sign();
      pass(minute);
      const index = await size();
      const { key, replaced, also_trusted_by } = await authority.executeFor(org, rotateKey, { name: 'release' });
      expect(key).toMatchObject({ name: 'release', revoked_at: null });
      expect(key.fingerprint).not.toBe(old.fingerprint);
      const now = pass(0);
      const revocation = { revoked_at: now, reason: 'superseded', effective_at: now, effective_index: index };
      expect(replaced).toEqual({ ...old, ...revocation });
      expect(also_trusted_by).toEqual([]);
      const states = (await trustOf(org)).map(({ fingerprint, reason }) => [fingerprint, reason]);
      expect(states.toSorted()).toEqual(
        [
          [key.fingerprint, null],
          [old.fingerprint, 'superseded'],
        ].toSorted(),
      );
      expect((await sign()).key_fingerprint).toBe(key.fingerprint);
      expect(events.map(({ name }) => name)).toEqual([
        'key.trusted.added',
        'key.signing.created',
        'package.signed',
        'key.signing.revoked',
        'key.trusted.revoked',
        'key.trusted.added',
        'key.signing.created',
        'package.signed',
      ]);
    });

    test('and those are named who trusted the old key themselves, and are to decide about the new one', async () => {
      await create();
      const { public_key } = await authority.executeFor(org, exportKey, { name: 'release' });
      await authority.executeFor(other, addTrust, { public_key });
      const { also_trusted_by } = await authority.executeFor(org, rotateKey, { name: 'release' });
      expect(also_trusted_by).toEqual([other]);
      expect(await trustOf(other)).toMatchObject([{ reason: 'superseded' }]);
    });

    test('that the policy holds to the same names, and that counts in no group until that is said', async () => {
      const old = (await create()).fingerprint;
      const spare = (await authority.executeFor(org, createKey, { name: 'spare' })).fingerprint;
      const groups = [{ name: 'both', keys: [old, spare], threshold: 2 }];
      const names = [
        { pattern: 'plugin-*', keys: [spare, old] },
        { pattern: '*.wasm', keys: [spare] },
      ];
      await authority.executeFor(org, setPolicy, { policy: { version: 1, level: 'enforce', groups, names } });
      const { key, policy_groups } = await authority.executeFor(org, rotateKey, { name: 'release' });
      expect(policy_groups).toEqual(['both']);
      const { policy } = await authority.executeFor(org, showPolicy, {});
      expect(policy).toMatchObject({ groups, names: [{ keys: [spare, old, key.fingerprint] }, { keys: [spare] }] });
      const next = await authority.executeFor(org, rotateKey, { name: 'spare' });
      expect(next.policy_groups).toEqual(['both']);
    });

    test('as often as is wanted', async () => {
      await create();
      for (let turn = 0; turn < 3; turn++) await authority.executeFor(org, rotateKey, { name: 'release' });
      const { keys } = await authority.executeFor(org, listKeys, {});
      const old = keys.filter(({ reason }) => reason === 'superseded');
      expect([keys.length, old.length]).toEqual([4, 3]);
    });

    test.each([
      ['that is revoked', 'key_revoked', true],
      ['that there is not', 'not_found', false],
    ] as const)('but not one %s', async (_, code, isThere) => {
      if (isThere) {
        await create();
        await revoke({});
      }
      await expectCode(code, () => authority.executeFor(org, rotateKey, { name: 'release' }));
      expect(await trustOf(org)).toMatchObject(isThere ? [{ reason: null }] : []);
    });
  });
});
