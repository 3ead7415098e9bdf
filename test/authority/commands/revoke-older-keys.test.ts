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
  revokeTrust,
  rotateKey,
  signPackage,
} from '../../../src/authority/index.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import { createAuthority } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';

const hash = 'ab'.repeat(32);
const minute = 60_000;
const name = 'release';

describe.each(engines)('$name', (engine) => {
  let authority: Authority;
  let events: HanaperEvent[];
  let time = Date.parse('2026-03-01T12:00:00.000Z');
  let org: string;
  let other: string;
  /** Fingerprints, the oldest first; the last one is active. */
  let keys: readonly [string, string, string];
  let count = 0;

  beforeAll(async () => {
    ({ authority, events } = await createAuthority(await engine.createUrl(), { clock: () => new Date(time) }));
  });

  beforeEach(async () => {
    [org, other] = [await newOrganisation(), await newOrganisation()];
    const first = await authority.executeFor(org, createKey, { name });
    const { public_key } = await authority.executeFor(org, exportKey, { name });
    await authority.executeFor(other, addTrust, { public_key });
    keys = [first.fingerprint, await rotate(), await rotate()];
    pass(minute);
    events.length = 0;
  });

  afterAll(() => authority.close());

  async function newOrganisation(): Promise<string> {
    count += 1;
    return (await authority.execute(createOrganisation, { name: `org-${count}` })).name;
  }

  async function rotate(): Promise<string> {
    pass(minute);
    return (await authority.executeFor(org, rotateKey, { name })).key.fingerprint;
  }

  const pass = (milliseconds: number): string => {
    time += milliseconds;
    return new Date(time).toISOString();
  };
  const revoke = (args: object) => authority.executeFor(org, revokeKey, { name, ...args });
  const listed = async (fingerprint: string) =>
    (await authority.executeFor(org, listKeys, {})).keys.find((key) => key.fingerprint === fingerprint);
  const trustOf = async (organisation: string) =>
    (await authority.executeFor(organisation, listTrust, {})).keys.filter(({ fingerprint }) => fingerprint === keys[0]);
  const revocationFor = async (organisation: string, fingerprint: string) =>
    (await authority.trustFor({ organisation, packageHash: hash })).keys.get(fingerprint)?.revocation;

  describe('a key that was rotated is revoked by its fingerprint', () => {
    test('as compromised, for every organisation that trusted it; its successor stays active', async () => {
      const [oldest, older, active] = keys;
      const { revoked_at, effective_at, effective_index } = (await listed(oldest)) ?? {};
      const revoked = await revoke({ fingerprint: oldest, reason: 'compromised' });
      const revocation = { revoked_at, reason: 'compromised', effective_at, effective_index };
      expect(revoked).toEqual({
        ...(await listed(oldest)),
        trust_revoked: 2,
        before: { ...revocation, reason: 'superseded' },
        active_key: active,
        older_keys: [older],
      });
      expect(revoked).toMatchObject({ fingerprint: oldest, ...revocation });
      expect(await trustOf(org)).toMatchObject([revocation]);
      expect(await trustOf(other)).toMatchObject([revocation]);
      for (const organisation of [org, other]) {
        expect(await revocationFor(organisation, oldest)).toMatchObject({ reason: 'compromised' });
      }
      expect(await listed(active)).toMatchObject({ revoked_at: null });
      const signed = await authority.executeFor(org, signPackage, { hash, name: 'a.wasm', key: name });
      expect(signed.key_fingerprint).toBe(active);
      expect(events.slice(0, 2)).toMatchObject([
        { name: 'key.signing.revoked', details: { key: name, fingerprint: oldest, revocation: 'compromised' } },
        { name: 'key.trusted.revoked', details: { fingerprint: oldest, organisations: 2, revocation: 'compromised' } },
      ]);
    });

    test('earlier, and as compromised since earlier still', async () => {
      const [oldest] = keys;
      const { effective_index } = (await listed(oldest)) ?? {};
      const at = '2026-02-02T00:00:00.000Z';
      const { reason, ...earlier } = await revoke({ fingerprint: oldest, effective_at: at });
      expect(reason).toBe('superseded');
      expect(earlier).toMatchObject({ effective_at: at, effective_index: 0, before: { effective_index } });
      const earliest = '2026-01-01T00:00:00.000Z';
      expect(await revoke({ fingerprint: oldest, reason: 'compromised', effective_at: earliest })).toMatchObject({
        reason: 'compromised',
        effective_at: earliest,
        before: { reason: 'superseded', effective_at: at },
      });
    });

    test('and is never trusted again, by nobody', async () => {
      await revoke({ fingerprint: keys[0], reason: 'compromised' });
      const { public_key } = await authority.executeFor(org, exportKey, { name, fingerprint: keys[0] });
      for (const organisation of [org, other]) {
        await expectCode('key_revoked', () => authority.executeFor(organisation, addTrust, { public_key }));
      }
    });

    test('but not looser, and not twice', async () => {
      const fingerprint = keys[0];
      for (const again of [{}, { reason: 'superseded' }]) {
        await expectCode('key_revoked', () => revoke({ fingerprint, ...again }));
      }
      await revoke({ fingerprint, reason: 'compromised' });
      const before = await listed(fingerprint);
      for (const again of [{}, { reason: 'compromised' }]) {
        const error = await expectCode('key_revoked', () => revoke({ fingerprint, ...again }));
        expect(error.details).toEqual({
          revoked_at: before?.revoked_at,
          reason: 'compromised',
          remedy: 'revoke_more_strictly',
        });
      }
      await expectCode('bad_input', () => revoke({ fingerprint, reason: 'expired' }));
      await expectCode('bad_input', () =>
        revoke({ fingerprint, reason: 'compromised', effective_at: new Date(time).toISOString() }),
      );
      expect(await listed(fingerprint)).toEqual(before);
    });

    test('and so is the active one, where it is the one that is meant', async () => {
      const [oldest, older, active] = keys;
      expect(await revoke({ fingerprint: active, reason: 'compromised' })).toMatchObject({
        fingerprint: active,
        before: null,
        active_key: null,
        older_keys: [older, oldest],
      });
    });
  });

  test('by its name the active key is revoked, and the older ones are named that are not compromised', async () => {
    const [oldest, older, active] = keys;
    await revoke({ fingerprint: older, reason: 'compromised' });
    const first = await revoke({ reason: 'compromised' });
    expect(first).toMatchObject({ fingerprint: active, before: null, active_key: null, older_keys: [oldest] });
    expect(await listed(oldest)).toMatchObject({ reason: 'superseded' });
  });

  describe('an organisation that made the end of its own trust stricter', () => {
    const distrust = (args: object) =>
      authority.executeFor(other, revokeTrust, { fingerprint: keys[0] ?? '', ...args });

    test.each(['compromised', 'superseded'])('since an earlier time, as %s, keeps that time', async (reason) => {
      const at = '2026-01-01T00:00:00.000Z';
      await distrust({ ...(reason === 'compromised' && { reason }), effective_at: at });
      const { effective_at } = await revoke({ fingerprint: keys[0], reason: 'compromised' });
      expect(effective_at).not.toBe(at);
      expect(await trustOf(other)).toMatchObject([{ reason: 'compromised', effective_at: at, effective_index: 0 }]);
      expect(await revocationFor(other, keys[0])).toMatchObject({ reason: 'compromised', effectiveIndex: 0 });
    });

    test('as compromised is told that it was earlier', async () => {
      await distrust({ reason: 'compromised' });
      const at = '2026-02-01T00:00:00.000Z';
      await revoke({ fingerprint: keys[0], effective_at: at });
      expect(await trustOf(other)).toMatchObject([{ reason: 'compromised', effective_at: at, effective_index: 0 }]);
    });
  });

  describe('a key is not found', () => {
    test.each([
      ['by a fingerprint that no key has', () => ({ fingerprint: hash })],
      ['by the fingerprint of a key of another name', () => ({ name: 'spare', fingerprint: keys[0] })],
    ])('%s', async (_, which) => {
      const asked = { name, ...which() };
      for (const command of [revokeKey, exportKey, rotateKey]) {
        const error = await expectCode('not_found', () => authority.executeFor(org, command as never, asked as never));
        expect(error.details).toEqual({ kind: 'signing key', ...asked, remedy: 'list_signing_keys' });
      }
    });

    test('by the fingerprint of a key of another organisation', async () => {
      const theirs = await authority.executeFor(other, createKey, { name });
      await expectCode('not_found', () => revoke({ fingerprint: theirs.fingerprint }));
      expect((await authority.executeFor(other, listKeys, {})).keys).toMatchObject([{ revoked_at: null }]);
    });
  });

  test('a key is shown by its fingerprint, with the others of its name', async () => {
    const [oldest, older, active] = keys;
    const shown = await authority.executeFor(org, exportKey, { name, fingerprint: older });
    expect(shown).toMatchObject({ name, fingerprint: older, reason: 'superseded' });
    expect(shown.others).toEqual([await listed(active), await listed(oldest)]);
    expect(await authority.executeFor(org, exportKey, { name })).toMatchObject({ fingerprint: active });
  });

  test('a key is rotated by its fingerprint as long as it is the active one', async () => {
    const { replaced } = await authority.executeFor(org, rotateKey, { name, fingerprint: keys[2] });
    expect(replaced.fingerprint).toBe(keys[2]);
    await expectCode('key_revoked', () => authority.executeFor(org, rotateKey, { name, fingerprint: keys[2] }));
  });

  test('a name in the form of a fingerprint is not taken for one', async () => {
    await expectCode('bad_input', () => authority.executeFor(org, createKey, { name: hash }));
  });
});
