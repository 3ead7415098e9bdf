import { createPrivateKey, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cli } from '../support/cli.ts';
import {
  createPerson,
  createRemoteWorld,
  createServedWorld,
  handOver,
  type ServedWorld,
  writeConfig,
} from '../support/remote.ts';

const policy = '[["==", ".name", "plugin.wasm"], ["==", ".key", "release"]]';

describe('a CI job with a key and a delegation', () => {
  let world: ServedWorld;
  let authority: string;
  let ci: Cli;
  let asks: readonly string[];

  beforeAll(async () => {
    world = await createServedWorld();
    await world.keeper.done('org', 'create', 'globex');
    authority = (await world.keeper.done<{ did: string }>('status')).did;
    const person = await createPerson('ci');
    ci = person.cli;
    const how = ['--command', '/package/sign', '--policy', policy, '--org', 'acme'];
    await handOver(world.keeper, person, 'ci.ucan', ...how);
    asks = ['--server', world.url, '--as', 'ci.pem', '--proof', 'ci.ucan'];
    ci.write('plugin.wasm', 'a package');
    ci.write('other.wasm', 'another package');
  });

  afterAll(async () => world[Symbol.asyncDispose]());

  test('signs by flags alone; the file stays where it is', async () => {
    const signed = await ci.done('package', 'sign', 'plugin.wasm', '--key', 'release', ...asks);
    expect(signed).toMatchObject({ organisation: 'acme', signature_file: 'plugin.wasm.sig' });
    await world.keeper.done('key', 'export', 'release', '--output', 'release.pem', '--org', 'acme');
    ci.write('release.pem', world.keeper.read('release.pem'));
    await ci.done('package', 'verify', 'plugin.wasm', '--trust-key', 'release.pem');
  });

  test('signs under no other name, and no bare hash', async () => {
    await ci.refusesBoth('not_authorized', 'package', 'sign', 'other.wasm', '--key', 'release', ...asks);
    const v1 = ['package', 'sign', 'plugin.wasm', '--key', 'release', '--format', 'v1', ...asks];
    expect((await ci.refuses('not_authorized', ...v1)).message).toContain('/package/sign-hash');
    expect(ci.has('other.wasm.sig')).toBe(false);
  });

  test('names its organisation, and no other', async () => {
    const sign = ['package', 'sign', 'plugin.wasm', '--key', 'release', ...asks];
    await ci.done(...sign, '--org', 'acme');
    await ci.refusesBoth('subject_mismatch', ...sign, '--org', 'globex');
    await ci.refuses('subject_mismatch', ...sign, '--org', 'none');
  });

  test('is configured by the environment, and by a profile, over which flags and environment go', async () => {
    const sign = ['package', 'sign', 'plugin.wasm', '--key', 'release'];
    const env = { HANAPER_SERVER: world.url, HANAPER_AS: 'ci.pem' };
    await ci.with({ env }).done(...sign, '--proof', 'ci.ucan');
    const files = { as: '../../work/ci.pem', proofs: ['../../work/ci.ucan'] };
    const nowhere = { server: 'http://127.0.0.1:1', ...files };
    const ofAcme = { server: world.url, ...files, org: 'acme', authority };
    const ofGlobex = { server: world.url, ...files, org: 'globex' };
    writeConfig(ci, { profiles: { nowhere, acme: ofAcme, globex: ofGlobex } });
    await ci.done(...sign, '--profile', 'acme');
    await ci.with({ env: { HANAPER_PROFILE: 'acme' } }).done(...sign);
    await ci.with({ env: { HANAPER_PROFILE: 'globex' } }).done(...sign, '--profile', 'acme');
    await ci.refuses('subject_mismatch', ...sign, '--profile', 'globex');
    await ci.with({ env: { HANAPER_ORG: 'acme' } }).done(...sign, '--profile', 'globex');
    await ci.with({ env: { HANAPER_SERVER: world.url } }).done(...sign, '--profile', 'nowhere');
    await ci.with({ env: { HANAPER_SERVER: 'http://127.0.0.1:1' } }).done(...sign, '--profile', 'acme', ...asks);
    await ci.refuses('bad_config', ...sign, '--profile', 'none');
    await ci.refuses('bad_config', ...sign, '--profile', '__proto__');
    await ci.refuses('authority_changed', ...sign, '--profile', 'acme', '--authority', (await someone()).did);
  });

  test('is refused once its delegation is revoked, at the server', async () => {
    const person = await createPerson('gone');
    const how = ['--command', '/package/sign', '--org', 'acme'];
    await handOver(world.keeper, person, 'gone.ucan', ...how);
    const args = ['--server', world.url, '--as', 'gone.pem', '--proof', 'gone.ucan'];
    person.cli.write('file', 'a package');
    await person.cli.done('package', 'sign', 'file', '--key', 'release', ...args);
    await world.keeper.done('ucan', 'revoke', 'gone.ucan', '--org', 'acme');
    await person.cli.refusesBoth('token_revoked', 'package', 'sign', 'file', '--key', 'release', ...args);
  });

  test('with a sealed key is asked for its passphrase where that is given', async () => {
    const passphrase = ['--key-passphrase-file', 'key-pass'];
    ci.write('key-pass', 'amber kettle orchard 92\n');
    const { did } = await ci.done<{ did: string }>('identity', 'create', '--output', 'sealed.pem', ...passphrase);
    await handOver(world.keeper, { cli: ci, did }, 'sealed.ucan', '--command', '/key/list', '--org', 'acme');
    const list = ['key', 'list', '--server', world.url, '--as', 'sealed.pem', '--proof', 'sealed.ucan'];
    await ci.done(...list, ...passphrase);
    await ci.with({ env: { HANAPER_KEY_PASSPHRASE_FILE: 'key-pass' } }).done(...list);
    await ci.with({ input: 'amber kettle orchard 92\n' }).done(...list, '--key-passphrase-file', '-');
    ci.write('wrong-pass', 'wrong\n');
    await ci.refuses('wrong_passphrase', ...list, '--key-passphrase-file', 'wrong-pass');
    await ci.refuses('locked', ...list);
  });
});

describe('whose a server is', () => {
  test('is remembered at its first use, and another is refused', async () => {
    await using world = await createRemoteWorld();
    const { cli } = await createPerson('ann');
    const list = ['key', 'list', '--server', world.server.url, '--as', 'ann.pem'];
    await cli.refuses('not_authorized', ...list);
    const pins = join(cli.home, '.local/state/hanaper/known_authorities');
    const line = { database: world.server.url, authority: world.authority.identity.did };
    expect(JSON.parse(readFileSync(pins, 'utf8'))).toEqual(line);
    const wrong = JSON.stringify({ ...line, authority: (await someone()).did });
    writeFileSync(pins, `${wrong}\n`);
    const error = await cli.refuses('authority_changed', ...list);
    expect(error.message).toContain(world.authority.identity.did);
    await cli.refuses('not_authorized', ...list, '--authority', world.authority.identity.did);
    await cli.with({ env: { HANAPER_AUTHORITY: world.authority.identity.did } }).refuses('not_authorized', ...list);
    expect(readFileSync(pins, 'utf8')).toBe(`${wrong}\n`);
  });
});

test('a signing key travels sealed: no byte of its seed is sent', async () => {
  await using world = await createRemoteWorld();
  const { admin, server } = world;
  const seed = randomBytes(32);
  admin.write('seed', seed);
  await admin.done('key', 'import', 'theirs', 'seed', '--org', 'acme');
  const sent = Buffer.concat(server.received);
  expect(sent.length).toBeGreaterThan(1000);
  for (const form of [seed, seed.toString('hex'), seed.toString('base64'), seed.toString('base64url')]) {
    expect(sent.includes(form)).toBe(false);
  }
  // Nor of the key that asks.
  const { privateKey } = readKey(admin, 'admin.pem');
  expect(sent.includes(privateKey)).toBe(false);
});

test('an administrator signs for an organisation with a powerline alone', async () => {
  await using world = await createRemoteWorld();
  const { admin, server } = world;
  admin.write('file', 'a package');
  await admin.done('package', 'sign', 'file', '--key', 'release', '--org', 'acme');
  expect(server.requestsTo('/api/invoke').length).toBeLessThanOrEqual(3);
  await admin.done('package', 'sign', 'file', '--key', 'release');
  // The file stays where it is.
  expect(Buffer.concat(server.received).includes('a package')).toBe(false);
});

function someone() {
  return createPerson('someone');
}

function readKey(cli: Cli, file: string): { readonly privateKey: Buffer } {
  const { d = '' } = createPrivateKey(cli.read(file)).export({ format: 'jwk' });
  return { privateKey: Buffer.from(d, 'base64url') };
}
