import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createInitialized } from '../support/cli.ts';
import { createPerson, createServedWorld, handOver, type ServedWorld } from '../support/remote.ts';

interface Key {
  readonly fingerprint: string;
  readonly reason: string | null;
  readonly effective_index: number;
}

interface Rotated {
  readonly key: Key;
  readonly replaced: Key;
}

const unknown = 'ab'.repeat(32);

describe('a signing key that was rotated', () => {
  let cli: Cli;
  let oldest: string;
  let older: string;
  let active: string;

  beforeAll(async () => {
    cli = await createInitialized();
    cli.write('plugin.wasm', 'a package');
    await cli.done('package', 'sign', 'plugin.wasm', '--key', 'release');
    oldest = (await cli.done<Rotated>('key', 'rotate', 'release')).replaced.fingerprint;
    const { key, replaced } = await cli.done<Rotated>('key', 'rotate', 'release');
    [older, active] = [replaced.fingerprint, key.fingerprint];
  });

  test('is listed with its fingerprint, and shown beside the one of its name', async () => {
    for (const said of [await cli.says('key', 'list'), await cli.says('key', 'show', 'release')]) {
      for (const fingerprint of [oldest, older, active]) expect(said).toContain(fingerprint);
      expect(said).toMatch(new RegExp(`${oldest} .*superseded since`));
    }
  });

  test('is shown and exported by its fingerprint', async () => {
    expect(await cli.done('key', 'show', oldest)).toMatchObject({ name: 'release', fingerprint: oldest });
    expect(await cli.says('key', 'show', oldest)).toMatch(/^release \(superseded since /);
    const raw = await cli.done<{ public_key: string }>('key', 'show', oldest);
    await cli.done('key', 'export', oldest, '--format', 'raw', '--output', 'old.pub');
    expect(cli.read('old.pub').toString('hex')).toBe(raw.public_key);
  });

  test('signs nothing by its fingerprint, and is not rotated', async () => {
    await cli.refuses('bad_input', 'package', 'sign', 'plugin.wasm', '--key', oldest);
    await cli.refuses('key_revoked', 'key', 'rotate', oldest);
  });

  test('is not found by a fingerprint that no key has, nor by the beginning of its own', async () => {
    for (const verb of ['show', 'export', 'rotate', 'revoke']) {
      await cli.refuses('not_found', 'key', verb, unknown);
      await cli.refuses('not_found', 'key', verb, oldest.slice(0, 16));
    }
    await cli.refuses('bad_input', 'key', 'create', unknown);
  });

  test('is revoked by its fingerprint, which is told as the second revocation that it is', async () => {
    await cli.done('package', 'verify', 'plugin.wasm');
    await cli.refuses('key_revoked', 'key', 'revoke', oldest);
    const since = ['--reason', 'compromised', '--effective', '2026-01-31T12:00:00Z'];
    const said = await cli.says('key', 'revoke', oldest, ...since);
    expect(said.split('\n').slice(0, 4)).toEqual([
      'The signing key release was revoked before as superseded, and is compromised now, from index 0 of the log on. That holds for the one organisation that trusted it.',
      `  fingerprint ${oldest}`,
      'It does not count since 2026-01-31T12:00:00.000Z; what it signed before stays valid where its place in the log is known.',
      `The key that signs as release now is another, and stays as it is: ${active}.`,
    ]);
    expect(said).toContain(`  hanaper key revoke ${older} --reason compromised\n`);
    await cli.refuses('untrusted_signer', 'package', 'verify', 'plugin.wasm');
    await cli.done('package', 'sign', 'plugin.wasm', '--key', 'release');
    await cli.done('package', 'verify', 'plugin.wasm');
  });

  test('is named with the command that revokes it, where the key of its name is compromised', async () => {
    const said = await cli.says('key', 'revoke', 'release', '--reason', 'compromised');
    expect(said).toMatch(/^The signing key release was revoked\. The one organisation/);
    expect(said).toContain(`  fingerprint ${active}\n`);
    expect(said).toContain(`  hanaper key revoke ${older} --reason compromised\n`);
    expect(said).not.toContain(oldest);
    const next = await cli.says('key', 'revoke', older, '--reason', 'compromised');
    expect(next).toContain('was revoked before as superseded, and is compromised now, from index ');
    expect(next).toContain('--effective TIME');
    expect(next).not.toContain('hanaper key revoke');
  });

  test('is not named where the key of its name is revoked for another reason', async () => {
    await cli.done('key', 'create', 'spare');
    await cli.done('key', 'rotate', 'spare');
    expect(await cli.says('key', 'revoke', 'spare', '--reason', 'expired')).not.toContain('hanaper key revoke');
    const earlier = ['--effective', '2026-01-31T12:00:00Z'];
    expect(await cli.says('key', 'revoke', 'spare', ...earlier)).toMatch(
      /was revoked before as expired, and is so now, from index 0 of the log on/,
    );
  });
});

describe('over a server a key that was rotated', () => {
  let world: ServedWorld;
  let oldest: string;

  beforeAll(async () => {
    world = await createServedWorld();
    oldest = (await world.admin.done<Rotated>('key', 'rotate', 'release', '--org', 'acme')).replaced.fingerprint;
  });

  afterAll(async () => world[Symbol.asyncDispose]());

  test('is shown, exported and revoked by its fingerprint', async () => {
    const org = ['--org', 'acme'];
    expect(await world.admin.done('key', 'show', oldest, ...org)).toMatchObject({ reason: 'superseded' });
    await world.admin.done('key', 'export', oldest, '--output', 'old.pem', ...org);
    await world.admin.refuses('not_found', 'key', 'revoke', unknown, ...org);
    const said = await world.admin.says('key', 'revoke', oldest, '--reason', 'compromised', ...org);
    expect(said).toContain('was revoked before as superseded, and is compromised now');
    expect((await world.keeper.done<{ keys: Key[] }>('key', 'list', ...org)).keys).toMatchObject([
      { reason: null },
      { fingerprint: oldest, reason: 'compromised' },
    ]);
  });

  test('is found by who may list the keys, and revoked by who may revoke those of its name', async () => {
    const { replaced } = await world.admin.done<Rotated>('key', 'rotate', 'release', '--org', 'acme');
    const { fingerprint } = replaced;
    const person = await createPerson('on-call');
    const may = (file: string, ...how: readonly string[]) =>
      handOver(world.keeper, person, file, '--org', 'acme', ...how);
    await may('list.ucan', '--command', '/key/list');
    await may('other.ucan', '--command', '/key/revoke', '--policy', '[["!=", ".name", "release"]]');
    await may('revoke.ucan', '--command', '/key/revoke', '--policy', '[["==", ".name", "release"]]');
    const ask = ['key', 'revoke', fingerprint, '--reason', 'compromised', '--server', world.url, '--as', 'on-call.pem'];
    const by = (...files: readonly string[]) => [...ask, ...files.flatMap((file) => ['--proof', file])];
    await person.cli.refuses('not_authorized', ...by('revoke.ucan'));
    await person.cli.refuses('not_authorized', ...by('list.ucan', 'other.ucan'));
    expect(await person.cli.done(...by('list.ucan', 'revoke.ucan'))).toMatchObject({
      fingerprint,
      reason: 'compromised',
    });
  });
});
