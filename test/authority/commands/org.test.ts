import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Authority,
  createKey,
  createOrganisation,
  listOrganisations,
  setOrganisation,
  showOrganisation,
} from '../../../src/authority/index.ts';
import { decodeEd25519DidKey } from '../../../src/did/did-key.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import { byRawKey, createAuthority, initialize, openUnlocked, query } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';

const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  let events: HanaperEvent[];

  beforeAll(async () => {
    url = await engine.createUrl();
    ({ authority, events } = await createAuthority(url));
  });

  afterAll(() => authority.close());

  test('an organisation is created with an identity of its own', async () => {
    const first = await authority.execute(createOrganisation, { name: 'globex' });
    const second = await authority.execute(createOrganisation, { name: 'initech' });
    expect(first).toEqual({
      id: expect.stringMatching(uuid7),
      name: 'globex',
      did: expect.stringMatching(/^did:key:z6Mk/),
      hash_signatures: 'off',
      public_verification: 'off',
      created_at: expect.stringMatching(iso),
    });
    expect(decodeEd25519DidKey(first.did)).not.toEqual(decodeEd25519DidKey(second.did));
    expect(new Set([first.did, second.did, authority.identity.did]).size).toBe(3);
    expect(await authority.executeFor('globex', showOrganisation, {})).toEqual(first);
  });

  test('its identity key is sealed in 60 bytes, and is no key that is trusted or signs', async () => {
    const { did } = await authority.execute(createOrganisation, { name: 'sealed' });
    const [row] = await query(url, `select encrypted_identity_key as sealed from organizations where did = $1`, [did]);
    expect(row?.['sealed']).toHaveLength(60);
    expect((await authority.trustFor({ organisation: 'sealed', packageHash: '00' })).keys.size).toBe(0);
    expect(await query(url, 'select id from signing_keys where public_key = $1', [decodeEd25519DidKey(did)])).toEqual(
      [],
    );
  });

  test('a name that is taken is refused, and changes nothing', async () => {
    const { organisations: before } = await authority.execute(listOrganisations, {});
    const error = await expectCode('already_exists', () => authority.execute(createOrganisation, { name: 'acme' }));
    expect(error.details).toEqual({ kind: 'organisation', name: 'acme' });
    expect((await authority.execute(listOrganisations, {})).organisations).toEqual(before);
  });

  test('organisations are listed by name', async () => {
    await authority.execute(createOrganisation, { name: 'zz-last' });
    await authority.execute(createOrganisation, { name: '0-first' });
    const names = (await authority.execute(listOrganisations, {})).organisations.map(({ name }) => name);
    expect(names).toEqual([...names].sort());
    expect(names).toContain('acme');
  });

  test('is found by its name, its DID and its id', async () => {
    const acme = await authority.executeFor('acme', showOrganisation, {});
    for (const reference of [acme.name, acme.did, acme.id]) {
      expect(await authority.executeFor(reference, showOrganisation, {})).toEqual(acme);
      expect((await authority.trustFor({ organisation: reference, packageHash: '00' })).organisation).toBe(acme.did);
    }
  });

  test.each([
    'nobody',
    '',
    'ACME',
    ' acme',
    "acme' or '1'='1",
    'ac%',
    'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp',
    'did:',
    '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
    'ac\u0000me',
    '\ud800',
    'a'.repeat(100_000),
  ])('an organisation that does not exist is not found (%#)', async (reference) => {
    const error = await expectCode('not_found', () => authority.executeFor(reference, showOrganisation, {}));
    expect(error.details).toEqual({ kind: 'organisation', remedy: 'list_organisations' });
    expect(error.message.length).toBeLessThan(300);
    await expectCode('not_found', () => authority.trustFor({ organisation: reference, packageHash: '00' }));
  });

  test('none needs to be named while there is one alone', async () => {
    const bare = await engine.createUrl();
    await initialize(bare, { slot: 'raw', credential: byRawKey(1) });
    await using single = await openUnlocked(bare, {}, byRawKey(1));
    expect((await single.executeFor(undefined, showOrganisation, {})).name).toBe('acme');
    await single.execute(createOrganisation, { name: 'globex' });
    const error = await expectCode('usage', () => single.executeFor(undefined, showOrganisation, {}));
    expect(error.details).toEqual({ organisations: ['acme', 'globex'], remedy: 'name_organisation' });
    await expectCode('usage', () => single.trustFor({ packageHash: '00' }));
  });

  test('without organisations none is found', async () => {
    const bare = await engine.createUrl();
    await initialize(bare, { slot: 'raw', credential: byRawKey(1), organisation: 'acme' });
    for (const table of ['trust_snapshots', 'organizations']) await query(bare, `delete from ${table}`);
    await using empty = await openUnlocked(bare, {}, byRawKey(1));
    await expectCode('not_found', () => empty.executeFor(undefined, createKey, { name: 'release' }));
    expect((await empty.execute(listOrganisations, {})).organisations).toEqual([]);
  });

  test('hash signatures are turned on once, and off', async () => {
    await authority.execute(createOrganisation, { name: 'hasher' });
    const since = async () => {
      const [row] = await query(url, `select hash_signatures_since as since from organizations where name = 'hasher'`);
      return row?.['since'];
    };
    const set = (hash_signatures: 'on' | 'off') => authority.executeFor('hasher', setOrganisation, { hash_signatures });
    expect((await set('on')).hash_signatures).toBe('on');
    const first = await since();
    expect((await set('on')).hash_signatures).toBe('on');
    expect(await since()).toEqual(first);
    expect((await set('off')).hash_signatures).toBe('off');
    expect(await since()).toBeNull();
    expect((await set('off')).hash_signatures).toBe('off');
    expect((await authority.executeFor('hasher', showOrganisation, {})).hash_signatures).toBe('off');
  });

  test('of no organisation is an event told', () => {
    expect(events).toEqual([]);
  });
});
