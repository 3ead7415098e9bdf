import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createInitialized } from '../support/cli.ts';

interface Key {
  readonly name: string;
  readonly fingerprint: string;
  readonly public_key: string;
  readonly revoked_at: string | null;
}

describe('signing keys', () => {
  let cli: Cli;

  beforeAll(async () => {
    cli = await createInitialized();
  });

  test('are listed and shown, and their private half never', async () => {
    const shown = await cli.done<Key>('key', 'show', 'release');
    expect(Object.keys(shown).toSorted()).toEqual([
      'created_at',
      'effective_at',
      'effective_index',
      'fingerprint',
      'id',
      'label',
      'name',
      'others',
      'public_key',
      'reason',
      'revoked_at',
    ]);
    const { keys } = await cli.done<{ keys: Key[] }>('key', 'list');
    expect(keys).toMatchObject([{ name: 'release', fingerprint: shown.fingerprint, revoked_at: null }]);
    expect(await cli.says('key', 'show', 'release')).toContain(shown.public_key);
    expect(await cli.says('key', 'list')).toContain(shown.fingerprint);
  });

  test('are exported as PEM that another program reads, and as 32 bytes and no more', async () => {
    const { public_key } = await cli.done<Key>('key', 'show', 'release');
    const pem = await cli.says('key', 'export', 'release');
    expect(createPublicKey(pem).export({ format: 'jwk' }).x).toBe(Buffer.from(public_key, 'hex').toString('base64url'));
    const { bytes } = await cli.run('key', 'export', 'release', '--format', 'raw');
    expect(bytes.toString('hex')).toBe(public_key);
    await cli.done('key', 'export', 'release', '--format', 'raw', '--output', 'release.raw');
    expect(cli.read('release.raw')).toEqual(bytes);
    await cli.refuses('bad_input', 'key', 'export', 'release', '--output', 'no/such/folder.pem');
    expect(readdirSync(cli.folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('made by openssl or as 32 bytes are imported, and sign', async () => {
    await cli.runProgram('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', 'theirs.pem');
    await cli.done('key', 'import', 'theirs', 'theirs.pem');
    cli.write('seed', randomBytes(32));
    await cli.done('key', 'import', 'raw', 'seed');
    cli.write('file', 'signed by an imported key');
    await cli.done('package', 'sign', 'file', '--key', 'theirs');
    expect(await cli.done('package', 'verify', 'file')).toMatchObject({ signer_name: 'theirs' });
    const { stdout: pem } = await cli.runProgram('openssl', 'pkey', '-in', 'theirs.pem', '-pubout');
    expect(await cli.says('key', 'export', 'theirs')).toBe(pem);
  });

  test('are imported from a file that others can read with a warning', async () => {
    cli.write('exposed', randomBytes(32), 0o644);
    const { status, stderr } = await cli.run('key', 'import', 'exposed', 'exposed');
    expect(status).toBe(0);
    expect(stderr).toMatch(/^warning: /);
  });

  test.each([
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, 'malformed_key'],
    ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'malformed_key'],
    ['Ed448', () => generateKeyPairSync('ed448').privateKey, 'malformed_key'],
    ['X25519', () => generateKeyPairSync('x25519').privateKey, 'malformed_key'],
    ['public', () => generateKeyPairSync('ed25519').publicKey, 'malformed_key'],
  ] as const)('are not imported from a key that is %s', async (_, make, code) => {
    const key = make();
    cli.write('wrong.pem', key.export({ format: 'pem', type: key.type === 'public' ? 'spki' : 'pkcs8' }));
    await cli.refuses(code, 'key', 'import', 'wrong', 'wrong.pem');
  });

  test.each([
    ['encrypted', () => encryptedPem()],
    ['empty', () => ''],
    ['33 bytes long', () => randomBytes(33)],
    ['of text', () => 'hello\n'],
    ['larger than any key', () => Buffer.alloc(64 * 1024, 0x2d)],
  ])('are not imported from a file that is %s', async (_, make) => {
    cli.write('wrong.pem', make());
    await cli.refuses('malformed_key', 'key', 'import', 'wrong', 'wrong.pem');
  });

  test('are not imported from a file that is missing, a folder, or endless', async () => {
    for (const file of ['missing.pem', '.', '/dev/zero'])
      await cli.refuses('bad_input', 'key', 'import', 'wrong', file);
  });

  test('are one of a kind: no name twice, no key twice, no odd name', async () => {
    await cli.refuses('already_exists', 'key', 'create', 'release');
    cli.write('twice', randomBytes(32));
    await cli.done('key', 'import', 'first', 'twice');
    await cli.refuses('already_exists', 'key', 'import', 'again', 'twice');
    for (const name of ['', 'Big', 'with space', '-dash', 'dash-', 'é', 'a/b', 'x'.repeat(64)]) {
      await cli.refuses('bad_input', 'key', 'create', '--', name);
    }
    await cli.refuses('already_exists', 'org', 'create', 'acme');
    await cli.refuses('bad_input', 'org', 'create', 'Acme');
  });

  test('that are not there are not found', async () => {
    for (const verb of ['show', 'export', 'revoke']) await cli.refuses('not_found', 'key', verb, 'nobody');
    cli.write('file', 'x');
    await cli.refuses('not_found', 'package', 'sign', 'file', '--key', 'nobody');
    await cli.refuses('not_found', 'key', 'list', '--org', 'nobody');
    await cli.refuses('not_found', 'org', 'show', 'did:key:z6Mkhf4x1kzazmdk3fRW1UyXKH2e1xNF54tfEUF7VmTWQpNW');
  });

  test('with --no-trust sign, but are accepted only after trust is added', async () => {
    await cli.done('key', 'create', 'quiet', '--no-trust');
    cli.write('quiet.js', 'quiet');
    await cli.done('package', 'sign', 'quiet.js', '--key', 'quiet');
    await cli.refuses('untrusted_signer', 'package', 'verify', 'quiet.js');
    await cli.done('key', 'export', 'quiet', '--output', 'quiet.pem');
    await cli.done('trust', 'add', 'quiet.pem');
    expect(await cli.done('package', 'verify', 'quiet.js')).toMatchObject({ signer_name: 'quiet' });
  });

  test('that are revoked say so in every list', async () => {
    await cli.done('key', 'create', 'gone');
    await cli.done('key', 'revoke', 'gone');
    const { keys } = await cli.done<{ keys: Key[] }>('key', 'list');
    expect(keys.find(({ name }) => name === 'gone')?.revoked_at).toMatch(/^\d{4}-/);
    expect(await cli.says('key', 'list')).toContain('revoked');
    expect(await cli.says('key', 'show', 'gone')).toContain('revoked');
    expect((await cli.run('key', 'export', 'gone')).stderr).toMatch(/^warning: /);
  });
});

describe('trusted keys', () => {
  let cli: Cli;
  let vendor: Cli;
  let fingerprint: string;

  beforeAll(async () => {
    [cli, vendor] = await Promise.all([createInitialized(), createInitialized()]);
    cli.write('vendor-2026.pem', await vendor.says('key', 'export', 'release'));
    ({ fingerprint } = await vendor.done<Key>('key', 'show', 'release'));
    vendor.write('theirs.js', 'theirs');
    await vendor.done('package', 'sign', 'theirs.js', '--key', 'release');
    for (const name of ['theirs.js', 'theirs.js.sig']) cli.write(name, vendor.read(name));
  });

  test('are accepted from the moment they are added until they are revoked', async () => {
    await cli.refuses('untrusted_signer', 'package', 'verify', 'theirs.js');
    expect(await cli.done('trust', 'add', 'vendor-2026.pem')).toMatchObject({ name: 'vendor-2026', fingerprint });
    await cli.done('package', 'verify', 'theirs.js');
    await cli.refuses('already_trusted', 'trust', 'add', 'vendor-2026.pem');
    await cli.done('trust', 'revoke', fingerprint);
    await cli.refuses('untrusted_signer', 'package', 'verify', 'theirs.js');
    await cli.refuses('not_found', 'trust', 'revoke', fingerprint);
  });

  test('can be trusted anew, under another name, and the list keeps both', async () => {
    await cli.done('trust', 'add', 'vendor-2026.pem', '--name', 'vendor');
    const { keys } = await cli.done<{ keys: (Key & { via: null })[] }>('trust', 'list');
    const theirs = keys.filter((key) => key.fingerprint === fingerprint);
    expect(theirs.map(({ revoked_at }) => revoked_at === null).toSorted()).toEqual([false, true]);
    expect(await cli.says('trust', 'list')).toMatch(/^NAME .*\n/);
  });

  test('are never made of a malformed, weak or missing key, or a fingerprint of another form', async () => {
    cli.write('weak', Uint8Array.of(1, ...new Uint8Array(31)));
    cli.write('text', 'text');
    await cli.refuses('weak_key', 'trust', 'add', 'weak');
    await cli.refuses('malformed_key', 'trust', 'add', 'text');
    await cli.refuses('bad_input', 'trust', 'add', 'missing');
    await cli.refuses('bad_input', 'trust', 'revoke', fingerprint.toUpperCase());
    await cli.refuses('bad_input', 'trust', 'add', 'vendor-2026.pem', '--name', 'Vendor GmbH');
  });

  test('between organisations are granted once, and never to oneself', async () => {
    await cli.done('org', 'create', 'globex');
    const acl = ['--parent', 'globex', '--child', 'acme'];
    expect(await cli.says('acl', 'list', '--org', 'globex')).toContain('hanaper acl grant');
    await cli.done('acl', 'grant', ...acl);
    await cli.refuses('already_trusted', 'acl', 'grant', ...acl);
    await cli.refuses('bad_input', 'acl', 'grant', '--parent', 'acme', '--child', 'acme');
    await cli.refuses('not_found', 'acl', 'grant', '--parent', 'globex', '--child', 'nobody');
    expect(await cli.says('acl', 'list', '--org', 'acme')).toMatch(/^ACCEPTS .*\nglobex .* acme .*active\n$/);
  });
});

function encryptedPem(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'locked' }).toString();
}
