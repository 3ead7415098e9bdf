import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createCli, createInitialized } from '../support/cli.ts';
import { engines } from '../support/engines.ts';
import { createPerson, createServedWorld, handOver, type ServedWorld } from '../support/remote.ts';

interface Signed {
  readonly index: number;
  readonly proof_file: string;
  readonly key_fingerprint: string;
}

interface Proven {
  readonly proofs: readonly Pick<Signed, 'key_fingerprint' | 'index'>[];
}

interface Verified {
  readonly signer_fingerprint: string;
  readonly place?: { readonly index: number; readonly holds_against: string };
  readonly rollback?: string;
  readonly proof_problem?: string;
}

interface Envelope {
  readonly signatures: readonly [{ readonly keyid: string }];
}

/** The documents of a signature file that holds several. */
function readDocuments(cli: Cli, name: string): readonly Envelope[] {
  return JSON.parse(cli.read(name).toString());
}

/** A machine that has neither database nor network, with some files. */
async function createIsland(from: Cli, ...names: readonly string[]): Promise<Cli> {
  const elsewhere = await createCli();
  const island = elsewhere.with({ env: { HANAPER_DB: 'nonsense', HANAPER_PASSPHRASE_FILE: '/no/such/file' } });
  for (const name of names) island.write(name, from.read(name));
  return island;
}

describe.each(engines)('by a database on $name', (engine) => {
  let cli: Cli;
  let did: string;
  let by: readonly string[];

  beforeAll(async () => {
    cli = await createInitialized(await engine.createUrl());
    ({ did } = await cli.done<{ did: string }>('status'));
    by = ['--trust-bundle', 'acme.trust', '--authority', did];
    cli.write('plugin.wasm', 'to be shipped');
    await cli.done('package', 'sign', 'plugin.wasm', '--key', 'release', '--proof');
    await cli.done('trust', 'export');
  });

  test('a signature has its proof beside it, and a later one is the same place', async () => {
    cli.write('again.wasm', 'to be shipped as well');
    const signed = await cli.done<Signed>('package', 'sign', 'again.wasm', '--key', 'release', '--proof');
    expect(signed.proof_file).toBe('again.wasm.proof.json');
    const proven = await cli.done<Proven>('package', 'proof', 'again.wasm', '--output', 'later.json');
    expect(proven.proofs).toMatchObject([{ index: signed.index }]);
    const { place } = await cli.done<Verified>('package', 'verify', 'again.wasm', '--proof', 'later.json');
    expect(place).toMatchObject({ index: signed.index, holds_against: 'signing key' });
  });

  test('a signature that was made elsewhere has no proof', async () => {
    const other = await createInitialized();
    other.write('strange.wasm', 'of others');
    await other.done('package', 'sign', 'strange.wasm', '--key', 'release');
    cli.write('strange.wasm', 'of others');
    cli.write('strange.wasm.sig', other.read('strange.wasm.sig'));
    await cli.refusesBoth('not_found', 'package', 'proof', 'strange.wasm');
  });

  test('the package and two files verify where there is neither database nor network', async () => {
    const island = await createIsland(cli, 'plugin.wasm', 'plugin.wasm.proof.json', 'acme.trust');
    const first = await island.done<Verified>('package', 'verify', 'plugin.wasm', ...by);
    expect(first).toMatchObject({ place: { holds_against: 'signing key' }, rollback: 'unchecked' });
    const forgetful = ['--trust-state', 'none'];
    const unchecked = await island.done<Verified>('package', 'verify', 'plugin.wasm', ...by, ...forgetful);
    expect(unchecked.rollback).toBe('unchecked');
    await island.refuses(
      'bundle_rolled_back',
      'package',
      'verify',
      'plugin.wasm',
      ...by,
      ...forgetful,
      '--require-state',
    );
    expect(await island.says('package', 'verify', 'plugin.wasm', ...by)).toContain('rollback: checked');
  });

  test('it must be said whose bundle it is, and which options go together', async () => {
    const island = await createIsland(cli, 'plugin.wasm', 'plugin.wasm.proof.json', 'acme.trust');
    await island.refuses('usage', 'package', 'verify', 'plugin.wasm', '--trust-bundle', 'acme.trust');
    await island.refuses(
      'usage',
      'package',
      'verify',
      'plugin.wasm',
      '--trust-key',
      'a.pem',
      '--trust-bundle',
      'acme.trust',
    );
    const proof = ['--proof', 'plugin.wasm.proof.json'];
    await island.refuses('usage', 'package', 'verify', 'plugin.wasm', '--trust-key', 'a.pem', ...proof);
    await island.refuses('usage', 'package', 'verify', 'plugin.wasm', '--require-state');
    await island.refuses('usage', 'package', 'verify', 'plugin.wasm', ...by, '--proof');
    await island.refuses('not_found', 'package', 'verify', 'plugin.wasm', '--trust-bundle', 'none', '--authority', did);
    await island.refuses('not_found', 'package', 'verify', 'plugin.wasm', ...by, '--org', 'globex');
  });

  test('a module runs by a bundle alone', async () => {
    cli.write('plugin.mjs', 'export const answer = () => 42;');
    await cli.done('package', 'sign', 'plugin.mjs', '--key', 'release', '--proof');
    const island = await createIsland(cli, 'plugin.mjs', 'plugin.mjs.proof.json', 'acme.trust');
    expect(await island.done('package', 'load', 'plugin.mjs', '--call', 'answer', ...by)).toMatchObject({
      result: '42',
    });
    writeFileSync(island.path('plugin.mjs'), 'export const answer = () => 43;');
    await island.refuses('package_tampered', 'package', 'load', 'plugin.mjs', ...by);
  });

  test('what two have signed verifies offline by a policy that asks for both, and after both keys were rotated', async () => {
    const names = ['first', 'second'];
    for (const name of names) await cli.done('key', 'create', name);
    cli.write('both.mjs', 'export const answer = () => 42;');
    const sign = (key: string) => cli.done<Signed>('package', 'sign', 'both.mjs', '--key', key, '--proof');
    const signed = await Promise.all(names.map(sign));
    const keys = signed.map((each) => each.key_fingerprint);
    const groups = [{ name: 'release', keys, threshold: 2 }];
    const policy = { version: 1, level: 'enforce', groups, names: [], require_inclusion_proof: true };
    cli.write('policy.json', JSON.stringify(policy));
    await cli.done('policy', 'set', 'policy.json');
    for (const name of names) await cli.done('key', 'rotate', name);
    await cli.done('trust', 'export', '--output', 'both.trust');
    for (const key of keys) {
      cli.write(
        'one.sig',
        JSON.stringify(readDocuments(cli, 'both.mjs.sig').find((each) => each.signatures[0].keyid === key)),
      );
      await cli.done('package', 'proof', 'both.mjs', '--signature', 'one.sig', '--output', `${key}.json`);
    }
    const proven = await cli.done<Proven>('package', 'proof', 'both.mjs', '--output', 'all.json');
    expect(new Set(proven.proofs)).toEqual(
      new Set(signed.map(({ key_fingerprint, index }) => ({ key_fingerprint, index }))),
    );
    await cli.done('policy', 'clear');

    const files = ['both.mjs', 'both.mjs.proof.json', 'all.json', ...keys.map((key) => `${key}.json`), 'both.trust'];
    const island = await createIsland(cli, ...files);
    const verify = ['package', 'verify', 'both.mjs', '--trust-bundle', 'both.trust', '--authority', did];
    const [one = [], other = []] = keys.map((key) => ['--proof', `${key}.json`]);
    await island.done(...verify);
    await island.done(...verify, '--proof', 'all.json');
    await island.done(...verify, ...one, ...other);
    for (const proof of [one, other]) await island.refuses('policy_not_met', ...verify, ...proof);
    const load = ['package', 'load', ...verify.slice(2)];
    await island.done(...load, ...one, ...other);
    await island.refuses('policy_not_met', ...load, ...one);
    await island.refuses('not_found', ...load, ...one, '--proof', 'none.json');
  });

  test('nothing is signed where the proof cannot be added to the file that is there', async () => {
    cli.write('kept.wasm', 'to be signed');
    cli.write('kept.wasm.proof.json', 'notes of somebody');
    await cli.refuses('log_tampered', 'package', 'sign', 'kept.wasm', '--key', 'second', '--proof');
    expect(existsSync(cli.path('kept.wasm.sig'))).toBe(false);
    expect(cli.read('kept.wasm.proof.json').toString()).toBe('notes of somebody');
  });

  test('after a rotation what was signed before stays valid by its place, and by nothing else', async () => {
    await cli.done('key', 'rotate', 'release');
    await cli.done('trust', 'export', '--output', 'newer.trust');
    const names = ['plugin.wasm', 'plugin.wasm.sig', 'plugin.wasm.proof.json', 'acme.trust', 'newer.trust'];
    const island = await createIsland(cli, ...names);
    const newer = ['--trust-bundle', 'newer.trust', '--authority', did];
    await island.done('package', 'verify', 'plugin.wasm', ...newer);
    await island.refuses('bundle_rolled_back', 'package', 'verify', 'plugin.wasm', ...by);
    await island.refuses('not_found', 'package', 'verify', 'plugin.wasm', ...newer, '--proof', 'none.json');
    rmSync(island.path('plugin.wasm.proof.json'));
    await island.refuses('untrusted_signer', 'package', 'verify', 'plugin.wasm', ...newer);
    expect((await cli.done<Verified>('package', 'verify', 'plugin.wasm')).place?.index).toBeGreaterThan(0);
  });
});

describe('over a server', () => {
  let world: ServedWorld;

  beforeAll(async () => {
    world = await createServedWorld();
  });

  afterAll(() => world[Symbol.asyncDispose]());

  test('a caller who may only sign and prove ships a package with its proof', async () => {
    const person = await createPerson('ci');
    const token = await handOver(world.keeper, person, 'ci.ucan', '--org', 'acme', '--command', '/package');
    const { cli } = person;
    cli.write('plugin.wasm', 'built elsewhere');
    const asked = ['--server', world.url, '--as', 'ci.pem', '--proof', token];
    const sign = ['package', 'sign', 'plugin.wasm', '--key', 'release', '--org', 'acme'];
    const signed = await cli.done<Signed>(...sign, ...asked, '--proof');
    expect(signed.proof_file).toBe('plugin.wasm.proof.json');
    const proven = await cli.done<Proven>('package', 'proof', 'plugin.wasm', '--org', 'acme', ...asked);
    expect(proven.proofs).toMatchObject([{ index: signed.index }]);
  });
});
