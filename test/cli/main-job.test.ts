import { beforeAll, describe, expect, test } from 'vitest';
import { type Cli, cheap, createCli, plugin } from '../support/cli.ts';
import { engines } from '../support/engines.ts';

interface Verified {
  readonly package_hash: string;
  readonly signer_fingerprint: string;
  readonly signer_name: string;
  readonly organisation: string;
  readonly via: string | null;
}

// One story, told in order: every test stands on those before it.
describe.each(engines)('$name: from an empty database to a loaded package', (engine) => {
  let cli: Cli;
  let acme: string;
  let fingerprint: string;

  beforeAll(async () => {
    cli = await createCli(await engine.createUrl());
    cli.write('plugin.wasm', plugin, 0o644);
  });

  test('status says that it is not initialised', async () => {
    expect(await cli.done('status')).toMatchObject({ initialized: false });
    expect(await cli.says('status')).toContain('hanaper init');
  });

  test('init makes the authority and a first organisation', async () => {
    const made = await cli.done<{ did: string; organisation: { did: string } }>('init', '--org', 'acme', ...cheap);
    expect(made.did).toMatch(/^did:key:z6Mk/);
    acme = made.organisation.did;
    expect(await cli.done('status')).toMatchObject({
      initialized: true,
      locked: true,
      did: made.did,
      integrity_verified: true,
      key_slots: [{ kind: 'passphrase' }],
      organisations: 1,
    });
  });

  test('a second organisation, and a key for each, are created', async () => {
    await cli.done('org', 'create', 'globex');
    const key = await cli.done<{ fingerprint: string }>('key', 'create', 'release', '--org', 'acme');
    fingerprint = key.fingerprint;
    await cli.done('key', 'create', 'release', '--org', 'globex');
    const list = await cli.done<{ organisations: { name: string }[] }>('org', 'list');
    expect(list.organisations.map(({ name }) => name)).toEqual(['acme', 'globex']);
  });

  test('with two organisations one has to be named', async () => {
    const { details } = await cli.refuses('usage', 'key', 'list');
    expect(details).toEqual({ organisations: ['acme', 'globex'], remedy: 'name_organisation' });
  });

  test('sign writes a DSSE envelope beside the file', async () => {
    const signed = await cli.done('package', 'sign', 'plugin.wasm', '--key', 'release', '--org', 'acme');
    expect(signed).toMatchObject({ signature_file: 'plugin.wasm.sig', stored: false, key_fingerprint: fingerprint });
    expect(JSON.parse(cli.read('plugin.wasm.sig').toString())).toMatchObject({
      payloadType: 'application/vnd.in-toto+json',
      signatures: [{ keyid: fingerprint }],
    });
  });

  test('verify accepts it without a passphrase, by name, DID and environment', async () => {
    const locked = cli.with({ env: { HANAPER_PASSPHRASE_FILE: '' } });
    const byName = await locked.done<Verified>('package', 'verify', 'plugin.wasm', '--org', 'acme');
    expect(byName).toMatchObject({
      signer_fingerprint: fingerprint,
      signer_name: 'release',
      organisation: acme,
      via: null,
    });
    expect(await locked.done<Verified>('package', 'verify', 'plugin.wasm', '--org', acme)).toEqual(byName);
    const byVariable = locked.with({ env: { HANAPER_ORG: 'acme' } });
    expect(await byVariable.done<Verified>('package', 'verify', 'plugin.wasm')).toEqual(byName);
  });

  test('a file with one byte changed is tampered with', async () => {
    const changed = Buffer.from(plugin);
    changed[changed.length - 2] = 0x2b;
    cli.write('plugin.wasm', changed);
    const { details } = await cli.refuses('package_tampered', 'package', 'verify', 'plugin.wasm', '--org', 'acme');
    expect(Object.keys(details)).toEqual(['expected', 'actual']);
    await cli.refuses('package_tampered', 'package', 'load', 'plugin.wasm', '--org', 'acme');
    cli.write('plugin.wasm', plugin);
  });

  test('another organisation refuses it until it accepts the keys of the first', async () => {
    const verify = ['package', 'verify', 'plugin.wasm', '--org', 'globex'];
    const { details } = await cli.refuses('untrusted_signer', ...verify);
    expect(details).toEqual({ fingerprint, trusted_by: expect.stringMatching(/^did:key:/), trusted_by_name: 'globex' });
    await cli.done('acl', 'grant', '--parent', 'globex', '--child', 'acme');
    expect(await cli.done<Verified>(...verify)).toMatchObject({ signer_fingerprint: fingerprint, via: 'acme' });
    const { acls } = await cli.done<{ acls: object[] }>('acl', 'list', '--org', 'globex');
    expect(acls).toMatchObject([{ parent: 'globex', child: 'acme', revoked_at: null }]);
  });

  test('the first gains nothing by that', async () => {
    cli.write('theirs.wasm', plugin);
    await cli.done('package', 'sign', 'theirs.wasm', '--key', 'release', '--org', 'globex');
    await cli.refuses('untrusted_signer', 'package', 'verify', 'theirs.wasm', '--org', 'acme');
  });

  test('load runs it from the verified bytes, and calls an export', async () => {
    const loaded = await cli.done('package', 'load', 'plugin.wasm', '--call', 'answer', '--org', 'acme');
    expect(loaded).toMatchObject({
      kind: 'wasm',
      exports: ['answer'],
      called: 'answer',
      result: '42',
      verification: { signer_fingerprint: fingerprint },
    });
    expect(await cli.says('package', 'load', 'plugin.wasm', '--call', 'answer', '--org', 'globex')).toContain('42');
  });

  test('a signature in the database is enough, and a changed file has none', async () => {
    cli.write('stored.wasm', plugin);
    const outside = ['--output', 'elsewhere.sig', '--name', 'stored.wasm'];
    await cli.done('package', 'sign', 'stored.wasm', '--key', 'release', '--org', 'acme', '--store', ...outside);
    expect(cli.has('stored.wasm.sig')).toBe(false);
    await cli.done('package', 'verify', 'stored.wasm', '--org', 'acme');
    await cli.done('package', 'verify', 'stored.wasm', '--org', 'acme', '--signature', 'elsewhere.sig');
    await cli.done('package', 'load', 'stored.wasm', '--org', 'acme');
    cli.write('stored.wasm', Buffer.concat([plugin, Buffer.of(0)]));
    await cli.refuses('signature_not_found', 'package', 'verify', 'stored.wasm', '--org', 'acme');
  });

  test('validate finds it sound, with the passphrase and without', async () => {
    expect(await cli.done('validate')).toMatchObject({
      valid: true,
      organisations: 2,
      signing_keys: 2,
      sealed_keys_opened: true,
    });
    const locked = cli.with({ env: { HANAPER_PASSPHRASE_FILE: '' } });
    expect(await locked.done('validate')).toMatchObject({ valid: true, sealed_keys_opened: false });
  });

  test('a revoked ACL ends what it granted', async () => {
    await cli.done('acl', 'revoke', '--parent', 'globex', '--child', 'acme');
    await cli.refuses('untrusted_signer', 'package', 'verify', 'plugin.wasm', '--org', 'globex');
    await cli.refuses('not_found', 'acl', 'revoke', '--parent', 'globex', '--child', 'acme');
    await cli.done('acl', 'grant', '--parent', 'globex', '--child', 'acme');
    await cli.done('package', 'verify', 'plugin.wasm', '--org', 'globex');
  });

  test('a revoked key is trusted by nobody, and signs nothing', async () => {
    const revoked = await cli.done('key', 'revoke', 'release', '--org', 'acme');
    expect(revoked).toMatchObject({ trust_revoked: 1 });
    await cli.refuses('untrusted_signer', 'package', 'verify', 'plugin.wasm', '--org', 'acme');
    await cli.refuses('untrusted_signer', 'package', 'verify', 'plugin.wasm', '--org', 'globex');
    await cli.refuses('untrusted_signer', 'package', 'load', 'plugin.wasm', '--org', 'acme');
    await cli.refuses('key_revoked', 'package', 'sign', 'plugin.wasm', '--key', 'release', '--org', 'acme');
    await cli.refuses('key_revoked', 'key', 'revoke', 'release', '--org', 'acme');
  });

  test('its name can be given to a new key, whose signature takes its place', async () => {
    await cli.done('key', 'create', 'release', '--org', 'acme');
    await cli.done('package', 'sign', 'plugin.wasm', '--key', 'release', '--org', 'acme');
    expect(JSON.parse(cli.read('plugin.wasm.sig').toString())).toHaveLength(2);
    await cli.done('package', 'verify', 'plugin.wasm', '--org', 'acme');
    expect(await cli.done<Verified>('package', 'verify', 'plugin.wasm', '--org', 'globex')).toMatchObject({
      via: 'acme',
    });
  });
});
