import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createCli, createInitialized, passphrase } from '../support/cli.ts';

describe('hanaper package verify --trust-key', () => {
  let signer: Cli;
  let verifier: Cli;

  beforeAll(async () => {
    signer = await createInitialized();
    await signer.done('key', 'create', 'other');
    signer.write('plugin', 'to be shipped');
    await signer.done('package', 'sign', 'plugin', '--key', 'release');
    for (const key of ['release', 'other']) {
      await signer.done('key', 'export', key, '--output', `${key}.pem`);
      await signer.done('key', 'export', key, '--format', 'raw', '--output', `${key}.raw`);
    }
    const elsewhere = await createCli();
    verifier = elsewhere.with({ env: { HANAPER_DB: 'nonsense', HANAPER_PASSPHRASE_FILE: '/no/such/file' } });
    for (const name of ['plugin', 'plugin.sig', 'release.pem', 'release.raw', 'other.pem', 'other.raw']) {
      verifier.write(name, signer.read(name));
    }
  });

  test.each(['release.pem', 'release.raw'])('accepts the file with %s and nothing else', async (key) => {
    expect(await verifier.done('package', 'verify', 'plugin', '--trust-key', key)).toMatchObject({
      signer_name: null,
      organisation: null,
      via: null,
      format: 'dsse',
    });
    expect(await verifier.says('package', 'verify', 'plugin', '--trust-key', key)).toContain('plugin');
  });

  test('opens no database and leaves no file of its own', async () => {
    await verifier.done('package', 'verify', 'plugin', '--trust-key', 'release.pem', '--db', 'sqlite:made.db');
    expect(verifier.has('made.db')).toBe(false);
    expect(existsSync(join(verifier.home, '.local'))).toBe(false);
    expect(existsSync(join(verifier.home, '.config'))).toBe(false);
    expect(readdirSync(verifier.home)).toEqual(['work']);
  });

  test('refuses another key, and accepts it among several', async () => {
    await verifier.refuses('untrusted_signer', 'package', 'verify', 'plugin', '--trust-key', 'other.pem');
    const both = ['--trust-key', 'other.raw', '--trust-key', 'release.pem'];
    await verifier.done('package', 'verify', 'plugin', ...both);
  });

  test('refuses a changed file, a name, and a file without a signature, each with its code', async () => {
    const trusted = ['--trust-key', 'release.pem'];
    verifier.write('changed', 'to be shippeD');
    await verifier.refuses('package_tampered', 'package', 'verify', 'changed', '--signature', 'plugin.sig', ...trusted);
    await verifier.refuses('package_name_mismatch', 'package', 'verify', 'plugin', '--name', 'x', ...trusted);
    await verifier.refuses('signature_not_found', 'package', 'verify', 'changed', ...trusted);
    renameSync(verifier.path('plugin.sig'), verifier.path('away.sig'));
    await verifier.done('package', 'verify', 'plugin', '--signature', 'away.sig', ...trusted);
    renameSync(verifier.path('away.sig'), verifier.path('plugin.sig'));
  });

  test.each([
    ['not there', 'missing.pem', undefined, 'bad_input'],
    ['empty', 'empty.pem', '', 'malformed_key'],
    ['text', 'text.pem', 'ssh-ed25519 AAAA', 'malformed_key'],
    ['31 bytes', 'short.raw', new Uint8Array(31).fill(7), 'malformed_key'],
    ['33 bytes', 'long.raw', new Uint8Array(33).fill(7), 'malformed_key'],
    ['of small order', 'weak.raw', Uint8Array.of(1, ...new Uint8Array(31)), 'weak_key'],
    ['all zeros', 'zeros.raw', new Uint8Array(32), 'weak_key'],
  ] as const)('refuses a key file that is %s', async (_, name, content, code) => {
    if (content !== undefined) verifier.write(name, content);
    await verifier.refuses(code, 'package', 'verify', 'plugin', '--trust-key', name);
  });

  test('needs a configuration that is sound, all the same', async () => {
    verifier.write('config.json', '{');
    const configured = verifier.with({ env: { HANAPER_CONFIG: verifier.path('config.json') } });
    const { message } = await configured.refuses(
      'bad_config',
      'package',
      'verify',
      'plugin',
      '--trust-key',
      'other.pem',
    );
    expect(message).not.toContain(passphrase);
  });
});
