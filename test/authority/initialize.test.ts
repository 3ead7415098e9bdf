import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { initializeAuthority, openAuthority, readStatus, showOrganisation } from '../../src/authority/index.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { decodeEd25519DidKey } from '../../src/did/did-key.ts';
import type { HanaperEvent } from '../../src/events.ts';
import { securityLevels } from '../../src/vault/index.ts';
import { byPassphrase, byRawKey, costs, initialize, openUnlocked, pathOf, query } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';

describe.each(engines)('$name', (engine) => {
  test.each([
    ['passphrase', byPassphrase],
    ['derived', byPassphrase],
    ['raw', () => byRawKey(7)],
  ] as const)('a database is initialised with a slot of kind %s, and opens by it', async (slot, credential) => {
    const url = await engine.createUrl();
    const made = await initialize(url, { slot, credential: credential() });
    expect(made).toMatchObject({ slot, publicKey: decodeEd25519DidKey(made.did), organisation: { name: 'acme' } });
    await using authority = await openUnlocked(url, {}, credential());
    expect(authority.identity).toEqual({ did: made.did, publicKey: made.publicKey, version: 2 });
    expect(await authority.executeFor('acme', showOrganisation, {})).toEqual(made.organisation);
    const [row] = await query(url, 'select * from key_slots');
    expect(row?.['kind']).toBe(slot);
    expect(row?.['wrapped_root_secret'] === null).toBe(slot === 'derived');
    expect(row?.['parameters'] === null).toBe(slot === 'raw');
  });

  test('costs are stored with the slot, and used as stored', async () => {
    const url = await engine.createUrl();
    await initialize(url, { costs: securityLevels.interactive });
    const [row] = await query(url, 'select parameters from key_slots');
    expect(JSON.parse(String(row?.['parameters']))).toEqual({ memory_kib: 32768, passes: 2, lanes: 2 });
    await (await openUnlocked(url)).close();
  });

  test('each database has an authority of its own, even by one passphrase', async () => {
    for (const slot of ['passphrase', 'derived'] as const) {
      const one = await initialize(await engine.createUrl(), { slot });
      const two = await initialize(await engine.createUrl(), { slot });
      expect(one.did).not.toBe(two.did);
    }
  });

  test('an organisation is made only where one is named', async () => {
    const url = await engine.createUrl();
    const made = await initializeAuthority({ database: url, slot: 'raw', credential: byRawKey(1), costs });
    expect(made).not.toHaveProperty('organisation');
    expect(await query(url, 'select id from organizations')).toEqual([]);
  });

  test('an event reports the new slot', async () => {
    const events: HanaperEvent[] = [];
    await initialize(await engine.createUrl(), { observer: (event) => void events.push(event) });
    expect(events).toMatchObject([{ name: 'slot.added', details: { kind: 'passphrase' } }]);
  });

  test('the status of a database is told without unlocking it', async () => {
    const url = await engine.createUrl();
    const { did, database, publicKey } = await initialize(url);
    expect(await readStatus({ database: url })).toEqual({
      initialized: true,
      database,
      locked: true,
      version: 2,
      algorithm: 'ed25519',
      derivation_method: 'passphrase',
      public_key: Buffer.from(publicKey).toString('hex'),
      did,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      integrity_verified: true,
      key_slots: [{ kind: 'passphrase', created_at: expect.any(String) }],
      organisations: 1,
    });
  });

  test('the status of what is not initialised says so', async () => {
    const url = await engine.createUrl();
    expect(await readStatus({ database: url })).toEqual({ initialized: false, database: expect.any(String) });
  });

  describe('is refused, and nothing is created, with', () => {
    test.each<[string, Parameters<typeof initialize>[1]]>([
      ['an organisation that is not kebab-case', { organisation: 'Acme Inc.' }],
      ['an organisation named like an id', { organisation: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f' }],
      ['an empty organisation', { organisation: '' }],
      ['less memory than is accepted', { costs: { ...costs, memoryKib: 19 * 1024 - 1 } }],
      ['more memory than is accepted', { costs: { ...costs, memoryKib: 1024 * 1024 + 1 } }],
      ['one pass', { costs: { ...costs, passes: 1 } }],
      ['seventeen passes', { costs: { ...costs, passes: 17 } }],
      ['no lanes', { costs: { ...costs, lanes: 0 } }],
      ['a fraction of a lane', { costs: { ...costs, lanes: 1.5 } }],
      ['costs that are no numbers', { costs: { ...costs, passes: Number.NaN } }],
      ['a raw key for a passphrase slot', { credential: byRawKey(1) }],
      ['a raw key for a derived slot', { slot: 'derived', credential: byRawKey(1) }],
      ['a passphrase for a raw slot', { slot: 'raw' }],
      ['a raw key of 31 bytes', { slot: 'raw', credential: rawKeyOf(31) }],
      ['a raw key of 33 bytes', { slot: 'raw', credential: rawKeyOf(33) }],
      ['a raw key of no bytes', { slot: 'raw', credential: rawKeyOf(0) }],
    ])('%s', async (_, changes) => {
      const url = await engine.createUrl();
      await expectCode('bad_input', () => initialize(url, changes));
      await expectCode('not_initialized', () => openAuthority({ database: url }));
      if (engine.name === 'sqlite') expect(existsSync(pathOf(url))).toBe(false);
      else expect(await query(url, `select 1 from pg_tables where schemaname = 'public'`)).toEqual([]);
    });
  });
});

function rawKeyOf(length: number) {
  return { kind: 'raw', key: Secret.adopt(new Uint8Array(length).fill(1)) } as const;
}
