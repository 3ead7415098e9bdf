import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Authority,
  addTrust,
  createOrganisation,
  type ImportKeyArgs,
  importKey,
  listKeys,
  listTrust,
  revokeKey,
  revokeTrust,
  signPackage,
  validateAuthority,
} from '../../../src/authority/index.ts';
import { encodeHex } from '../../../src/bytes.ts';
import { generateSeed, publicKeyOf } from '../../../src/crypto/ed25519.ts';
import { fingerprintOf } from '../../../src/crypto/fingerprint.ts';
import { hkdfSha256 } from '../../../src/crypto/hkdf.ts';
import { Secret } from '../../../src/crypto/secret.ts';
import { decodeEd25519DidKey, encodeEd25519DidKey } from '../../../src/did/did-key.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import { findOrganization } from '../../../src/store/tables/organizations.ts';
import { sealSeed } from '../../../src/vault/sealed-seed.ts';
import { byRawKey, createAuthority, importSeed, query, sealedSeed } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';

const hash = 'ab'.repeat(32);

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

  async function describeSeed(seed: Secret) {
    const publicKey = await publicKeyOf(seed);
    return { public_key: Buffer.from(publicKey).toString('hex'), fingerprint: fingerprintOf(publicKey) };
  }

  const trusted = async (name: string) => [
    ...(await authority.trustFor({ organisation: name, packageHash: hash })).keys.keys(),
  ];

  test('a key from outside is taken in, trusted, and signs', async () => {
    using seed = generateSeed();
    const { fingerprint } = await describeSeed(seed);
    const key = await importSeed(authority, org, { name: 'ours', seed });
    expect(key).toMatchObject({ name: 'ours', fingerprint, revoked_at: null });
    expect(await trusted(org)).toEqual([fingerprint]);
    expect(events.map(({ name }) => name)).toEqual(['key.trusted.added', 'key.signing.imported']);
    const signed = await authority.executeFor(org, signPackage, { hash, name: 'a.wasm', key: 'ours' });
    expect(signed.key_fingerprint).toBe(fingerprint);
    await validateAuthority(authority, byRawKey(1));
  });

  test('the seed that was handed in is left to its owner', async () => {
    using seed = generateSeed();
    const before = Uint8Array.from(seed.bytes);
    await importSeed(authority, org, { name: 'ours', seed });
    expect(seed.bytes).toEqual(before);
  });

  test('a key is taken in without trust where that is said', async () => {
    using seed = generateSeed();
    await importSeed(authority, org, { name: 'ours', seed, trusted: false });
    expect(await trusted(org)).toEqual([]);
  });

  test('a key that its organisation trusts already is taken in, and stays trusted once', async () => {
    using seed = generateSeed();
    const { public_key, fingerprint } = await describeSeed(seed);
    await authority.executeFor(org, addTrust, { public_key, name: 'theirs-before' });
    await importSeed(authority, org, { name: 'ours', seed });
    expect(await trusted(org)).toEqual([fingerprint]);
    expect((await authority.executeFor(org, listTrust, {})).keys).toHaveLength(1);
  });

  test('a key whose trust was revoked before is trusted anew', async () => {
    using seed = generateSeed();
    const { public_key, fingerprint } = await describeSeed(seed);
    await authority.executeFor(org, addTrust, { public_key });
    await authority.executeFor(org, revokeTrust, { fingerprint });
    await importSeed(authority, org, { name: 'ours', seed });
    expect(await trusted(org)).toEqual([fingerprint]);
    expect((await authority.executeFor(org, listTrust, {})).keys).toHaveLength(2);
  });

  test('a key that is known already is refused, by whichever organisation and name', async () => {
    using seed = generateSeed();
    const other = await newOrganisation();
    await importSeed(authority, org, { name: 'ours', seed });
    events.length = 0;
    for (const [name, organisation] of [
      ['ours', org],
      ['again', org],
      ['ours', other],
    ] as const) {
      const error = await expectCode('already_exists', () => importSeed(authority, organisation, { name, seed }));
      expect(error.details).toMatchObject({ kind: 'signing key', fingerprint: (await describeSeed(seed)).fingerprint });
    }
    expect(events.map(({ name, reason }) => [name, reason])).toEqual(
      [1, 2, 3].map(() => ['key.signing.create_failed', 'already_exists']),
    );
    expect((await authority.executeFor(other, listKeys, {})).keys).toEqual([]);
  });

  test('another key under a name that is taken is refused', async () => {
    using one = generateSeed();
    using two = generateSeed();
    await importSeed(authority, org, { name: 'ours', seed: one });
    const error = await expectCode('already_exists', () => importSeed(authority, org, { name: 'ours', seed: two }));
    expect(error.details).toEqual({ kind: 'signing key', name: 'ours' });
  });

  test('a revoked key is never taken in again, by nobody', async () => {
    using seed = generateSeed();
    const other = await newOrganisation();
    await importSeed(authority, org, { name: 'ours', seed });
    await authority.executeFor(org, revokeKey, { name: 'ours' });
    for (const organisation of [org, other]) {
      await expectCode('key_revoked', () => importSeed(authority, organisation, { name: 'again', seed }));
    }
  });

  test("an organisation's identity key is never taken in as a signing key", async () => {
    using seed = await openIdentityKey('acme');
    for (const organisation of [org, 'acme']) {
      const error = await expectCode('bad_input', () =>
        importSeed(authority, organisation, { name: 'identity', seed }),
      );
      expect(error.details).toMatchObject({ reason: 'identity key' });
    }
    expect(await trusted('acme')).toEqual([]);
  });

  test('what anybody knows as a public key here is never taken in as a private one', async () => {
    using ours = generateSeed();
    const { public_key } = await describeSeed(ours);
    await authority.executeFor(org, addTrust, { public_key });
    const acme = await authority.database.transact('read', (transaction) =>
      findOrganization(transaction, { name: 'acme' }),
    );
    const known = {
      'of the authority': authority.identity.publicKey,
      'of an organisation': decodeEd25519DidKey(acme?.did ?? ''),
      'that is trusted': await publicKeyOf(ours),
    };
    for (const [whose, bytes] of Object.entries(known)) {
      using seed = Secret.copyOf(bytes);
      const error = await expectCode('bad_input', () => importSeed(authority, org, { name: 'public', seed }));
      expect(error.details, whose).toMatchObject({ reason: 'public key' });
    }
  });

  test("the authority's identity key is never taken in as a signing key", async () => {
    const { vault } = await authority.openVault(byRawKey(1));
    using open = vault;
    using seed = await open.withRootSecret((root) =>
      hkdfSha256(root, new TextEncoder().encode('hanaper/v1/identity'), 32),
    );
    expect(await publicKeyOf(seed)).toEqual(authority.identity.publicKey);
    const error = await expectCode('bad_input', () => importSeed(authority, org, { name: 'identity', seed }));
    expect(error.details).toMatchObject({ reason: 'identity key' });
  });

  test('a seed that was sealed for another key, to another authority, or altered, is not opened', async () => {
    using seed = generateSeed();
    using other = generateSeed();
    const good = await sealedSeed(authority, seed);
    const { public_key } = await describeSeed(other);
    const did = encodeEd25519DidKey(await publicKeyOf(other));
    const elsewhere = encodeHex(await sealSeed(seed, await publicKeyOf(seed), did));
    const wrong: Partial<ImportKeyArgs>[] = [
      { public_key },
      { public_key: good.public_key.replace(/.$/, (last) => (last === '0' ? '1' : '0')) },
      { sealed_seed: elsewhere },
      { sealed_seed: good.sealed_seed.replace(/^./, (first) => (first === '0' ? '1' : '0')) },
      { sealed_seed: good.sealed_seed.replace(/.$/, (last) => (last === '0' ? '1' : '0')) },
      { sealed_seed: '00'.repeat(80) },
    ];
    for (const changes of wrong) {
      const args = { name: 'ours', ...good, ...changes };
      const error = await expectCode('bad_input', () => authority.executeFor(org, importKey, args));
      expect(error.details).toEqual({ field: 'sealed_seed' });
    }
    expect((await authority.executeFor(org, listKeys, {})).keys).toEqual([]);
    await authority.executeFor(org, importKey, { name: 'ours', ...good });
  });

  test('a seed of one key that is sealed for the public half of another is refused', async () => {
    using seed = generateSeed();
    using other = generateSeed();
    const publicKey = await publicKeyOf(other);
    const args = {
      name: 'ours',
      public_key: encodeHex(publicKey),
      sealed_seed: encodeHex(await sealSeed(seed, publicKey, authority.identity.did)),
    };
    const error = await expectCode('bad_input', () => authority.executeFor(org, importKey, args));
    expect(error.details).toEqual({ field: 'sealed_seed' });
  });

  test('nothing that is kept of an import opens without the vault', async () => {
    using seed = generateSeed();
    await importSeed(authority, org, { name: 'ours', seed });
    const kept = await query(url, 'select envelope from ucan_invocations');
    for (const row of kept) {
      const bytes = Buffer.from(row['envelope'] as Uint8Array);
      expect([
        bytes.includes(Buffer.from(seed.bytes)),
        bytes.includes(Buffer.from(seed.bytes).toString('hex')),
      ]).toEqual([false, false]);
    }
  });

  async function openIdentityKey(name: string): Promise<Secret> {
    const row = await authority.database.transact('read', (transaction) => findOrganization(transaction, { name }));
    const { vault } = await authority.openVault(byRawKey(1));
    using open = vault;
    const { id = '', did = '', encryptedIdentityKey = new Uint8Array(0) } = row ?? {};
    const fingerprint = fingerprintOf(decodeEd25519DidKey(did));
    return open.openKey(encryptedIdentityKey, {
      kind: 'organization-identity',
      rowId: id,
      organisationId: id,
      fingerprint,
    });
  }
});
