import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Authority,
  attachSignature,
  createKey,
  createOrganisation,
  grantAcl,
  listPackageSignatures,
  revokeKey,
  setOrganisation,
  showOrganisation,
  signPackage,
  signPackageHash,
} from '../../../src/authority/index.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import { verifyPackage } from '../../../src/package/index.ts';
import { decodeSignature, verifySignatures } from '../../../src/signature/index.ts';
import { createAuthority, query } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { createTempFolder, engines } from '../../support/engines.ts';

const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const newHash = () => randomBytes(32).toString('hex');
const future = '2999-01-01T00:00:00.000Z';

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  let events: HanaperEvent[];
  let hash: string;

  beforeAll(async () => {
    url = await engine.createUrl();
    ({ authority, events } = await createAuthority(url));
    await authority.executeFor('acme', createKey, { name: 'release' });
  });

  beforeEach(() => {
    hash = newHash();
    events.length = 0;
  });

  afterAll(() => authority.close());

  const sign = (changes: object = {}) =>
    authority.executeFor('acme', signPackage, { hash, name: 'a.wasm', key: 'release', ...changes });
  const listSuperseded = async () => {
    const sql = 'select signed_at from package_signatures where package_hash = $1 and superseded_at is not null';
    const rows = await query(url, sql, [hash]);
    return rows.map((row) => new Date(row['signed_at'] as string).toISOString());
  };
  const stored = async () => (await authority.execute(listPackageSignatures, { hash })).signatures;

  async function verify(name = 'a.wasm', organisation = 'acme') {
    const { keys, signatures } = await authority.trustFor({ organisation, packageHash: hash, name });
    return verifySignatures({ hash, name }, signatures, keys, new Date());
  }

  test('a package is signed: the statement names it, the organisation, the key and the time', async () => {
    const signed = await sign();
    const { did } = await authority.executeFor('acme', showOrganisation, {});
    expect(signed).toMatchObject({ organisation: 'acme', key: 'release', signed_at: expect.stringMatching(iso) });
    expect(decodeSignature(signed.signature).statement).toEqual({
      name: 'a.wasm',
      packageHash: hash,
      organisation: did,
      keyFingerprint: signed.key_fingerprint,
      signedAt: signed.signed_at,
    });
    expect(await stored()).toEqual([]);
    const about = { organisation: 'acme', key: 'release', fingerprint: signed.key_fingerprint };
    expect(events).toMatchObject([{ name: 'package.signed', details: { ...about, package_hash: hash } }]);
  });

  test('a signature is kept where that is said, and verifies from the database', async () => {
    const signed = await sign({ store: true });
    expect(await stored()).toEqual([
      {
        format: 'dsse',
        key_fingerprint: signed.key_fingerprint,
        signed_at: signed.signed_at,
        expires_at: null,
        signature: signed.signature,
      },
    ]);
    expect((await verify()).key).toMatchObject({ name: 'release', fingerprint: signed.key_fingerprint });
    await expectCode('package_name_mismatch', () => verify('b.wasm'));
  });

  test('store: false keeps nothing', async () => {
    await sign({ store: false });
    expect(await stored()).toEqual([]);
    await expectCode('signature_not_found', () => verify());
  });

  test('a file is verified against the database, and another file is not found in it', async () => {
    const folder = await createTempFolder();
    const path = `${folder}/a.wasm`;
    writeFileSync(path, 'a package');
    const { createHash } = await import('node:crypto');
    hash = createHash('sha256').update('a package').digest('hex');
    await sign({ store: true });
    const options = { organisation: 'acme', trust: authority, source: { kind: 'database' } } as const;
    expect(await verifyPackage(path, options)).toMatchObject({ packageHash: hash, signerName: 'release' });
    writeFileSync(path, 'another package');
    await expectCode('signature_not_found', () => verifyPackage(path, options));
  });

  test('signing again under the same name supersedes, and what was superseded is kept', async () => {
    const first = await sign({ store: true });
    const second = await sign({ store: true });
    expect((await stored()).map(({ signature }) => signature)).toEqual([second.signature]);
    expect(await listSuperseded()).toEqual([first.signed_at]);
    await verify();
  });

  test('the same bytes are signed under two names, and both verify', async () => {
    await sign({ store: true, name: 'a.wasm' });
    await sign({ store: true, name: 'b.wasm' });
    await sign({ store: true, name: 'A.wasm' });
    expect(await stored()).toHaveLength(3);
    for (const name of ['a.wasm', 'b.wasm', 'A.wasm']) await verify(name);
    expect(await listSuperseded()).toEqual([]);
    await expectCode('package_name_mismatch', () => verify('c.wasm'));
  });

  test('a signature supersedes none that is valid longer', async () => {
    const soon = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
    const longest = await sign({ store: true });
    await sign({ store: true, expires_at: soon(60) });
    await sign({ store: true, expires_at: soon(30) });
    expect(await stored()).toHaveLength(3);
    expect(await listSuperseded()).toEqual([]);
    const again = await sign({ store: true, expires_at: soon(120) });
    expect((await stored()).map(({ signature }) => signature)).toEqual([again.signature, longest.signature]);
    const last = await sign({ store: true });
    expect((await stored()).map(({ signature }) => signature)).toEqual([last.signature]);
  });

  test('a signature that is attached supersedes none that is newer', async () => {
    const older = await sign({});
    const short = await sign({ expires_at: new Date(Date.now() + 60_000).toISOString() });
    const newer = await sign({ store: true });
    for (const { signature } of [older, short, older]) {
      await authority.executeFor('acme', attachSignature, { hash, name: 'a.wasm', signature });
      expect((await stored()).map((each) => each.signature)).toEqual([newer.signature]);
    }
    await authority.executeFor('acme', attachSignature, { hash, name: 'a.wasm', signature: newer.signature });
    expect((await stored()).map((each) => each.signature)).toEqual([newer.signature]);
  });

  test('an older signature that is valid longer is kept beside a newer one, and verifies when that has expired', async () => {
    const older = await sign({});
    await sign({ store: true, expires_at: new Date(Date.now() + 60_000).toISOString() });
    await authority.executeFor('acme', attachSignature, { hash, name: 'a.wasm', signature: older.signature });
    expect(await stored()).toHaveLength(2);
    const { keys, signatures } = await authority.trustFor({ organisation: 'acme', packageHash: hash, name: 'a.wasm' });
    const later = new Date(Date.now() + 61_000);
    const accepted = await verifySignatures({ hash, name: 'a.wasm' }, signatures, keys, later);
    expect(accepted.signature.signedAt).toBe(older.signed_at);
  });

  test('very many signatures under other names, or for a shorter time, crowd none out', async () => {
    const mine = await sign({ store: true, name: 'a.wasm' });
    const [row] = await query(url, 'select * from package_signatures where package_hash = $1', [hash]);
    const columns = Object.keys(row ?? {});
    const insert = `insert into package_signatures (${columns}) values (${columns.map((_, at) => `$${at + 1}`)})`;
    for (let count = 0; count < 300; count++) {
      const id = `00000000-0000-7000-8000-${String(count).padStart(12, '0')}`;
      const other = count % 2 === 0 ? { package_name: `b${count}.wasm` } : { expires_at: '2030-01-01T00:00:00.000Z' };
      const signed_at = '2029-01-01T00:00:00.000Z';
      await query(url, insert, Object.values({ ...row, ...other, id, signed_at, signature: randomBytes(64) }));
    }
    const { signatures } = await authority.trustFor({ organisation: 'acme', packageHash: hash, name: 'a.wasm' });
    expect(signatures).toHaveLength(256);
    expect((await verify()).signature.signedAt).toBe(mine.signed_at);
  });

  test('two keys sign one package, and neither supersedes the other', async () => {
    await authority.executeFor('acme', createKey, { name: 'second' });
    await sign({ store: true });
    await sign({ store: true, key: 'second' });
    expect(await stored()).toHaveLength(2);
  });

  test('the signature of a key that is revoked later is untrusted', async () => {
    await authority.executeFor('acme', createKey, { name: 'short-lived' });
    await sign({ store: true, key: 'short-lived' });
    await verify();
    await authority.executeFor('acme', revokeKey, { name: 'short-lived' });
    await expectCode('untrusted_signer', () => verify());
  });

  test("a signature by an accepted organisation's key says through whom it is trusted", async () => {
    const parent = `parent-${engine.name}`;
    await authority.execute(createOrganisation, { name: parent });
    await sign({ store: true });
    await expectCode('untrusted_signer', () => verify('a.wasm', parent));
    await authority.executeFor(parent, grantAcl, { child: 'acme' });
    expect((await verify('a.wasm', parent)).key).toMatchObject({ name: 'release', via: 'acme' });
  });

  test('a signature that expires says when, and does not verify after that', async () => {
    const expires_at = new Date(Date.now() + 60_000).toISOString();
    await sign({ store: true, expires_at });
    expect((await stored())[0]?.expires_at).toBe(expires_at);
    await verify();
    const { keys, signatures } = await authority.trustFor({ organisation: 'acme', packageHash: hash });
    const later = new Date(Date.now() + 61_000);
    await expectCode('signature_expired', () => verifySignatures({ hash, name: 'a.wasm' }, signatures, keys, later));
  });

  test('a time that is past already is no expiry', async () => {
    const error = await expectCode('bad_input', () => sign({ expires_at: '2020-01-01T00:00:00.000Z' }));
    expect(error.details).toEqual({ field: 'expires_at' });
    expect(events).toMatchObject([{ name: 'package.sign.failure', reason: 'bad_input' }]);
  });

  test.each([
    ['plugin.wasm'],
    ['a b/c\\d'],
    ['..'],
    ['名前-é-\u{1f511}'],
    ['a"b\\u0041\n\t\u007f'],
    ['\u0000'],
    ['\ud800'],
    ['a\udfff'],
    ['é'.repeat(512)],
    ['😀'.repeat(512)],
    ['a'.repeat(1024)],
  ])('a package of whatever name is signed so that it verifies under that name, or is refused (%#)', async (name) => {
    try {
      await sign({ name, store: true });
    } catch (error) {
      expect(error).toMatchObject({ code: 'bad_input' });
      expect(await stored()).toEqual([]);
      return;
    }
    await verify(name);
  });

  test('a key that does not exist, or is of another organisation, does not sign', async () => {
    const other = `other-${engine.name}`;
    await authority.execute(createOrganisation, { name: other });
    await authority.executeFor(other, createKey, { name: 'theirs' });
    for (const key of ['nothing', 'theirs']) {
      events.length = 0;
      await expectCode('not_found', () => sign({ key, store: true }));
      expect(events).toMatchObject([
        { name: 'package.sign.failure', reason: 'not_found', details: { command: '/package/sign' } },
      ]);
    }
    await expectCode('not_found', () =>
      authority.executeFor('nobody', signPackage, { hash, name: 'a', key: 'release' }),
    );
  });

  test('hash signatures are refused until they are turned on, and again when off', async () => {
    const signHash = () => authority.executeFor('acme', signPackageHash, { hash, key: 'release', store: true });
    const set = (hash_signatures: 'on' | 'off') => authority.executeFor('acme', setOrganisation, { hash_signatures });
    const refused = async () => {
      const error = await expectCode('bad_input', signHash);
      expect(error.details).toEqual({ reason: 'hash signatures are off', remedy: 'allow_hash_signatures' });
    };
    await refused();
    expect(events).toMatchObject([{ name: 'package.sign.failure', details: { command: '/package/sign-hash' } }]);
    await set('on');
    const { signature } = await signHash();
    expect(signature).toMatchObject({ version: 1, algorithm: 'ed25519', package_hash: hash });
    expect(await stored()).toMatchObject([{ format: 'v1', signature }]);
    expect((await verify('under-any-name')).signature.format).toBe('v1');
    await signHash();
    expect(await stored()).toHaveLength(1);
    await sign({ store: true });
    expect((await stored()).map(({ format }) => format).sort()).toEqual(['dsse', 'v1']);
    await set('off');
    await refused();
  });

  test('a stored signature that was altered does not verify', async () => {
    await sign({ store: true, expires_at: future });
    const signature = randomBytes(64);
    await query(url, 'update package_signatures set signature = $1 where package_hash = $2', [signature, hash]);
    await expectCode('invalid_signature', () => verify());
    await query(url, `update package_signatures set statement = $1 where package_hash = $2`, [Buffer.from('{}'), hash]);
    await expectCode('malformed_signature', () => verify());
  });

  test('a stored signature that was moved to another package is not found there', async () => {
    await sign({ store: true });
    const moved = newHash();
    await query(url, 'update package_signatures set package_hash = $1 where package_hash = $2', [moved, hash]);
    hash = moved;
    await expectCode('signature_not_found', () => verify());
  });
});
