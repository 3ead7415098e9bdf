import { describe, expect, test, vi } from 'vitest';
import {
  addTrust,
  createKey,
  createOrganisation,
  exportKey,
  grantAcl,
  listAcls,
  listKeys,
  listOrganisations,
  listPackageSignatures,
  listTrust,
  openAuthority,
  revokeAcl,
  revokeKey,
  revokeTrust,
  setOrganisation,
  showOrganisation,
  signPackage,
  signPackageHash,
  validateAuthority,
} from '../../src/authority/index.ts';
import { generateSeed } from '../../src/crypto/ed25519.ts';
import type { HanaperEvent } from '../../src/events.ts';
import { byPassphrase, byRawKey, createAuthority, importSeed, initialize, query } from '../support/authority.ts';
import { expectCode, failureOf } from '../support/codes.ts';
import { engines } from '../support/engines.ts';

const hash = 'ab'.repeat(32);

describe.each(engines)('$name', (engine) => {
  test('events report unlocking and locking, with the authority and the slot', async () => {
    const url = await engine.createUrl();
    const { did } = await initialize(url);
    const events: HanaperEvent[] = [];
    const authority = await openAuthority({ database: url, observer: (event) => void events.push(event) });
    expect(authority.locked).toBe(true);
    await authority.unlock(byPassphrase());
    expect(authority.locked).toBe(false);
    authority.lock();
    authority.lock();
    expect(authority.locked).toBe(true);
    await authority.close();
    const [row] = await query(url, 'select id from key_slots');
    expect(events).toMatchObject([
      { name: 'vault.unlocked', details: { authority: did, slot: row?.['id'] } },
      { name: 'vault.locked', details: { authority: did } },
    ]);
    for (const event of events) expect(event.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test('closing locks', async () => {
    const { authority, events } = await createAuthority(await engine.createUrl());
    await authority.close();
    expect(authority.locked).toBe(true);
    expect(events.map(({ name }) => name)).toEqual(['vault.locked']);
  });

  test('a wrong credential is refused and reported, and leaves an open vault open', async () => {
    const url = await engine.createUrl();
    await initialize(url);
    const events: HanaperEvent[] = [];
    await using authority = await openAuthority({ database: url, observer: (event) => void events.push(event) });
    for (const wrong of [byPassphrase('another passphrase'), byPassphrase('A passphrase for tests'), byRawKey(0)]) {
      await expectCode('wrong_passphrase', () => authority.unlock(wrong));
      expect(authority.locked).toBe(true);
    }
    expect(events.map(({ name, reason }) => [name, reason])).toEqual(
      [1, 2, 3].map(() => ['vault.unlock_failed', 'wrong_passphrase']),
    );
    await authority.unlock(byPassphrase());
    await expectCode('wrong_passphrase', () => authority.unlock(byPassphrase('another passphrase')));
    await authority.executeFor('acme', createKey, { name: 'still-open' });
    expect(JSON.stringify(events)).not.toContain('passphrase for tests');
  });

  test('unlocking twice leaves it unlocked, and its last event says so', async () => {
    const { authority, events } = await createAuthority(await engine.createUrl());
    await authority.unlock(byRawKey(1));
    await authority.executeFor('acme', createKey, { name: 'after' });
    expect(events.filter(({ name }) => name.startsWith('vault.')).at(-1)?.name).toBe('vault.unlocked');
    await authority.close();
  });

  test('an observer that throws makes the call fail', async () => {
    const url = await engine.createUrl();
    await initialize(url);
    const observer = () => {
      throw new RangeError('the log is full');
    };
    await using authority = await openAuthority({ database: url, observer });
    expect(await failureOf(() => authority.unlock(byPassphrase()))).toBeInstanceOf(RangeError);
    expect(await failureOf(() => authority.unlock(byPassphrase('wrong')))).toBeInstanceOf(RangeError);
    expect(authority.locked).toBe(true);
  });

  describe('while it is locked', () => {
    test('every command that writes is refused, and nothing changes', async () => {
      const { authority } = await createAuthority(await engine.createUrl());
      await authority.executeFor('acme', createKey, { name: 'release' });
      const [key] = (await authority.trustFor({ packageHash: hash })).keys.values();
      authority.lock();
      const acts: (() => Promise<unknown>)[] = [
        () => authority.execute(createOrganisation, { name: 'another' }),
        () => authority.executeFor('acme', setOrganisation, { hash_signatures: 'on' }),
        () => authority.executeFor('acme', createKey, { name: 'another' }),
        () => importSeed(authority, 'acme', { name: 'another', seed: generateSeed() }),
        () => authority.executeFor('acme', revokeKey, { name: 'release' }),
        () => authority.executeFor('acme', addTrust, { public_key: Buffer.from(key?.publicKey ?? []).toString('hex') }),
        () => authority.executeFor('acme', revokeTrust, { fingerprint: key?.fingerprint ?? '' }),
        () => authority.executeFor('acme', grantAcl, { child: 'acme' }),
        () => authority.executeFor('acme', revokeAcl, { child: 'acme' }),
        () => authority.executeFor('acme', signPackage, { hash, name: 'a.wasm', key: 'release' }),
        () => authority.executeFor('acme', signPackageHash, { hash, key: 'release' }),
      ];
      for (const act of acts) await expectCode('locked', act);
      const { keys } = await authority.executeFor('acme', listKeys, {});
      expect(keys).toMatchObject([{ name: 'release', revoked_at: null }]);
      expect((await authority.executeFor('acme', showOrganisation, {})).hash_signatures).toBe('off');
      await authority.close();
    });

    test('every command that reads, trust and validation work', async () => {
      const url = await engine.createUrl();
      const { authority: writer } = await createAuthority(url);
      await writer.executeFor('acme', createKey, { name: 'release' });
      await writer.executeFor('acme', signPackage, { hash, name: 'a.wasm', key: 'release', store: true });
      await writer.close();
      await using authority = await openAuthority({ database: url });
      expect((await authority.execute(listOrganisations, {})).organisations).toHaveLength(1);
      expect((await authority.executeFor('acme', showOrganisation, {})).name).toBe('acme');
      expect((await authority.executeFor('acme', listKeys, {})).keys).toHaveLength(1);
      expect((await authority.executeFor('acme', exportKey, { name: 'release' })).name).toBe('release');
      expect((await authority.executeFor('acme', listTrust, {})).keys).toHaveLength(1);
      expect((await authority.executeFor('acme', listAcls, {})).acls).toEqual([]);
      expect((await authority.execute(listPackageSignatures, { hash })).signatures).toHaveLength(1);
      expect((await authority.trustFor({ packageHash: hash })).signatures).toHaveLength(1);
      expect(await validateAuthority(authority)).toMatchObject({ valid: true, sealed_keys_opened: false });
    });
  });

  test('locking during a command ends it as locked or done, and never by halves', async () => {
    const url = await engine.createUrl();
    const { authority } = await createAuthority(url);
    for (let round = 0; round < 20; round++) {
      await authority.unlock(byRawKey(1));
      const running = authority.executeFor('acme', createKey, { name: `key-${round}` });
      for (let turn = 0; turn < round; turn++) await new Promise((resolve) => setImmediate(resolve));
      authority.lock();
      const failure = await failureOf(() => running);
      if (failure !== undefined) expect(failure).toMatchObject({ code: 'locked' });
    }
    await authority.unlock(byRawKey(1));
    const { signing_keys, trusted_keys } = await validateAuthority(authority, byRawKey(1));
    expect(trusted_keys).toBe(signing_keys);
    await authority.close();
  });

  test('the time of a command is that of the clock it was given', async () => {
    const clock = () => new Date('2026-05-06T07:08:09.123Z');
    const { authority, events } = await createAuthority(await engine.createUrl(), { clock });
    const key = await authority.executeFor('acme', createKey, { name: 'release' });
    expect(key.created_at).toBe('2026-05-06T07:08:09.123Z');
    expect(events[0]?.time).toBe('2026-05-06T07:08:09.123Z');
    await authority.close();
  });
});

test("without a clock the time of a command on PostgreSQL is the server's", async () => {
  const url = await engines.find(({ name }) => name === 'postgres')?.createUrl();
  const { authority } = await createAuthority(url ?? '');
  const year = new Date().getUTCFullYear();
  // This process is a century ahead, and the server is not.
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(`${year + 100}-01-01T00:00:00.000Z`) });
  try {
    const { created_at } = await authority.executeFor('acme', createKey, { name: 'release' });
    expect(Number(created_at.slice(0, 4))).toBeLessThan(year + 2);
  } finally {
    vi.useRealTimers();
  }
  await authority.close();
});
