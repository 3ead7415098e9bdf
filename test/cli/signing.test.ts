import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createInitialized } from '../support/cli.ts';

interface Signatures {
  readonly signatures: readonly { where: string; format: string | null; key_fingerprint: string | null }[];
}

describe('hanaper package sign', () => {
  let cli: Cli;

  beforeAll(async () => {
    cli = await createInitialized();
    await cli.done('key', 'create', 'second');
  });

  test('appends signers, and a signer again replaces only its own signature', async () => {
    cli.write('tool', 'a tool');
    for (const key of ['release', 'second', 'release']) await cli.done('package', 'sign', 'tool', '--key', key);
    expect(cli.has('tool.sig')).toBe(true);
    expect(JSON.parse(cli.read('tool.sig').toString())).toHaveLength(2);
    const { signatures } = await cli.done<Signatures>('package', 'signatures', 'tool');
    expect(new Set(signatures.map(({ key_fingerprint }) => key_fingerprint)).size).toBe(2);
    expect(signatures).toMatchObject([
      { where: 'file', format: 'dsse' },
      { where: 'file', format: 'dsse' },
    ]);
  });

  test('keeps every signature where two sign at the same time', async () => {
    cli.write('together', 'signed by two at once');
    await Promise.all(
      ['release', 'second'].map((key) => cli.done('package', 'sign', 'together', '--key', key, '--store')),
    );
    const { signatures } = await cli.done<Signatures>('package', 'signatures', 'together');
    expect(signatures.filter(({ where }) => where === 'database')).toHaveLength(2);
    await cli.done('package', 'verify', 'together');
  });

  test('binds the name: another one is refused, until it is given', async () => {
    cli.write('one.js', '1');
    cli.write('other.js', '1');
    await cli.done('package', 'sign', 'one.js', '--key', 'release', '--output', 'other.js.sig');
    const refusal = await cli.refuses('package_name_mismatch', 'package', 'verify', 'other.js');
    expect(refusal.details).toEqual({ expected: 'other.js', actual: 'one.js' });
    await cli.done('package', 'verify', 'other.js', '--name', 'one.js');
    await cli.done('package', 'sign', 'one.js', '--key', 'release', '--name', 'plugin/one.js');
    await cli.refuses('package_name_mismatch', 'package', 'verify', 'one.js');
    await cli.done('package', 'verify', 'one.js', '--name', 'plugin/one.js');
  });

  test.each([
    ['90d', 90 * 86_400],
    ['12h', 43_200],
    ['30m', 1800],
    ['4w', 28 * 86_400],
    ['1y', 365 * 86_400],
  ])('takes %s as an expiry', async (expires, seconds) => {
    cli.write('lasting', 'lasts a while');
    await cli.done('package', 'sign', 'lasting', '--key', 'release', '--expires', expires);
    const verified = await cli.done<{ expires_at: string; signed_at: string }>('package', 'verify', 'lasting');
    const lasts = (Date.parse(verified.expires_at) - Date.parse(verified.signed_at)) / 1000;
    expect(Math.abs(lasts - seconds)).toBeLessThan(30);
  });

  test('takes a time as an expiry, and shows it', async () => {
    cli.write('dated', 'until then');
    await cli.done('package', 'sign', 'dated', '--key', 'release', '--expires', '2099-12-31T00:00:00Z');
    expect(await cli.done('package', 'verify', 'dated')).toMatchObject({ expires_at: '2099-12-31T00:00:00.000Z' });
    expect(await cli.says('package', 'signatures', 'dated')).toContain('2099-12-31');
  });

  test.each(['', '90', 'd', '-1d', '1.5d', '90 d', '1s', '2026-12-31', '2099-02-30T00:00:00Z', '999999y', 'never'])(
    'takes no expiry of "%s"',
    async (expires) => {
      cli.write('plain', 'plain');
      await cli.refuses('usage', 'package', 'sign', 'plain', '--key', 'release', `--expires=${expires}`);
      expect(cli.has('plain.sig')).toBe(false);
    },
  );

  test('makes nothing that would have expired already', async () => {
    cli.write('late', 'late');
    const past = ['--expires', '2020-01-01T00:00:00Z'];
    await cli.refuses('bad_input', 'package', 'sign', 'late', '--key', 'release', ...past);
    await cli.refuses('bad_input', 'package', 'sign', 'late', '--key', 'release', '--expires', '0d');
    expect(cli.has('late.sig')).toBe(false);
  });

  test('makes hash signatures only while the organisation has them turned on', async () => {
    cli.write('bare', 'the bare hash');
    const sign = ['package', 'sign', 'bare', '--key', 'release', '--format', 'v1'];
    await cli.refuses('bad_input', ...sign);
    await cli.done('org', 'set', 'acme', '--hash-signatures', 'on');
    expect(await cli.done('org', 'show', 'acme')).toMatchObject({ hash_signatures: 'on' });
    await cli.refuses('usage', ...sign, '--expires', '90d');
    await cli.done(...sign);
    expect(JSON.parse(cli.read('bare.sig').toString())).toMatchObject({ version: 1, algorithm: 'ed25519' });
    expect(await cli.done('package', 'verify', 'bare')).toMatchObject({ format: 'v1', signed_at_is_a_claim: true });
    expect(await cli.says('package', 'verify', 'bare')).toContain('claimed');
    await cli.done('package', 'sign', 'bare', '--key', 'release');
    expect(JSON.parse(cli.read('bare.sig').toString())).toHaveLength(2);
    await cli.done('org', 'set', 'acme', '--hash-signatures', 'off');
    await cli.refuses('bad_input', ...sign);
  });

  test('writes the signature file where it is told, readable by all, and leaves nothing beside it', async () => {
    mkdirSync(cli.path('out'));
    cli.write('moved', 'moved');
    await cli.done('package', 'sign', 'moved', '--key', 'release', '--output', 'out/moved.sig');
    expect(readdirSync(cli.path('out'))).toEqual(['moved.sig']);
    expect(statSync(cli.path('out/moved.sig')).mode & 0o777).toBe(0o644);
    expect(cli.has('moved.sig')).toBe(false);
    await cli.refuses('signature_not_found', 'package', 'verify', 'moved');
    await cli.done('package', 'verify', 'moved', '--signature', 'out/moved.sig');
  });

  test('refuses to write where it cannot, and leaves nothing behind', async () => {
    cli.write('nowhere', 'nowhere');
    mkdirSync(cli.path('folder'));
    const before = readdirSync(cli.folder);
    const sign = ['package', 'sign', 'nowhere', '--key', 'release', '--output'];
    await cli.refuses('bad_input', ...sign, 'missing/nowhere.sig');
    await cli.refuses('malformed_signature', ...sign, 'folder');
    await cli.refuses('malformed_signature', ...sign, 'nowhere');
    expect(readdirSync(cli.folder)).toEqual(before);
    expect(cli.read('nowhere').toString()).toBe('nowhere');
  });

  test('leaves a signature file as it is that it cannot read', async () => {
    cli.write('kept', 'kept');
    cli.write('kept.sig', '{"not": "a signature"}', 0o600);
    await cli.refuses('malformed_signature', 'package', 'sign', 'kept', '--key', 'release');
    expect(cli.read('kept.sig').toString()).toBe('{"not": "a signature"}');
  });

  test('tells signatures in the file from those in the database', async () => {
    cli.write('both', 'both');
    await cli.done('package', 'sign', 'both', '--key', 'release');
    await cli.done('package', 'sign', 'both', '--key', 'second', '--store', '--output', 'away.sig');
    const { signatures } = await cli.done<Signatures>('package', 'signatures', 'both');
    expect(signatures.map(({ where }) => where)).toEqual(['file', 'database']);
    cli.write('none', 'none');
    expect(await cli.done('package', 'signatures', 'none')).toMatchObject({ signatures: [] });
    expect(await cli.says('package', 'signatures', 'none')).toContain('hanaper package sign');
  });
});
