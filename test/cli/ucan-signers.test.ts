import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { query } from '../support/authority.ts';
import { type Cli, createInitialized, writeKey } from '../support/cli.ts';
import { engines } from '../support/engines.ts';
import { type Principal, principal } from '../support/ucan.ts';

interface Made {
  readonly cid: string;
  readonly iss: string;
  readonly sub: string | null;
  readonly stored: boolean;
  readonly output: string;
}

const elsewhere = 'did:key:z6Mkhf4x1kzazmdk3fRW1UyXKH2e1xNF54tfEUF7VmTWQpNW';

describe.each(engines)('who signs a delegation: $name', (engine) => {
  let url: string;
  let cli: Cli;
  let bob: Principal;
  let authority: string;
  let acme: string;
  let rest: readonly string[];

  beforeAll(async () => {
    url = await engine.createUrl();
    cli = await createInitialized(url);
    bob = await principal('bob');
    writeKey(cli, 'bob', bob);
    ({ did: authority } = await cli.done<{ did: string }>('status'));
    ({ did: acme } = await cli.done<{ did: string }>('org', 'show', 'acme'));
    rest = ['--audience', bob.did, '--command', '/package/sign', '--output', 'made.ucan'];
  });

  const delegate = (...options: readonly string[]) => cli.done<Made>('ucan', 'delegate', ...options, ...rest);
  const countStored = async () => (await query(url, 'select id from ucan_delegations')).length;

  test('is an organisation by name or DID, the authority, or a key file', async () => {
    expect(await delegate('--org', 'acme')).toMatchObject({ iss: acme, sub: acme });
    expect(await delegate('--org', acme)).toMatchObject({ iss: acme, sub: acme });
    expect(await delegate('--authority')).toMatchObject({ iss: authority, sub: authority });
    expect(await delegate('--issuer', 'bob.key')).toMatchObject({ iss: bob.did, sub: bob.did });
    expect(await delegate('--authority', '--subject', acme)).toMatchObject({ iss: authority, sub: acme });
    expect(await delegate('--authority', '--powerline')).toMatchObject({ iss: authority, sub: null });
    const byEnvironment = cli.with({ env: { HANAPER_ORG: 'acme' } });
    expect(await byEnvironment.done<Made>('ucan', 'delegate', ...rest)).toMatchObject({ iss: acme });
    expect(await byEnvironment.done<Made>('ucan', 'delegate', ...rest, '--issuer', 'bob.key')).toMatchObject({
      iss: bob.did,
    });
    expect(await byEnvironment.done<Made>('ucan', 'delegate', ...rest, '--authority')).toMatchObject({
      iss: authority,
    });
  });

  test('is the only organisation where nobody is named, and one of several must be', async () => {
    expect(await delegate()).toMatchObject({ iss: acme, sub: acme });
    const both = await createInitialized(await engine.createUrl());
    await both.done('org', 'create', 'globex');
    await both.refusesBoth('usage', 'ucan', 'delegate', ...rest);
    const { iss } = await both.done<Made>('ucan', 'delegate', ...rest, '--org', 'globex');
    expect(iss).not.toBe((await both.done<{ did: string }>('org', 'show', 'acme')).did);
  });

  test('is one at most', async () => {
    for (const options of [
      ['--org', 'acme', '--authority'],
      ['--org', 'acme', '--issuer', 'bob.key'],
      ['--issuer', 'bob.key', '--authority'],
      ['--issuer', 'bob.key', '--authority', '--org', 'acme'],
    ]) {
      await cli.refusesBoth('usage', 'ucan', 'delegate', ...rest, ...options);
    }
    await cli.refuses('not_found', 'ucan', 'delegate', ...rest, '--org', 'nobody');
  });

  test('needs the passphrase or key of the database, the right one, only where the database signs', async () => {
    cli.write('wrong', randomBytes(32));
    const wrong = cli.with({ env: { HANAPER_RAW_KEY_FILE: cli.path('wrong') } });
    const none = cli.with({ env: { HANAPER_RAW_KEY_FILE: '' } });
    for (const who of [['--org', 'acme'], ['--authority']]) {
      await wrong.refuses('wrong_passphrase', 'ucan', 'delegate', ...rest, ...who);
      await none.refuses('locked', 'ucan', 'delegate', ...rest, ...who);
    }
    await wrong.done('ucan', 'delegate', ...rest, '--issuer', 'bob.key');
    await wrong.refuses('wrong_passphrase', 'ucan', 'delegate', ...rest, '--issuer', 'bob.key', '--store');
  });

  test('pins with --authority DID, and is not chosen by it', async () => {
    expect(await delegate('--org', 'acme', '--authority', authority)).toMatchObject({ iss: acme });
    await cli.refuses('authority_changed', 'ucan', 'delegate', ...rest, '--org', 'acme', '--authority', elsewhere);
    expect(await delegate('--authority', authority)).toMatchObject({ iss: acme });
    await cli.done('status', '--authority', authority);
    await cli.refuses('authority_changed', 'ucan', 'list', '--authority', elsewhere);
  });

  test('is the authority by --authority alone, which means nothing to commands that do not sign', async () => {
    cli.write('file', 'x');
    for (const args of [
      ['status'],
      ['key', 'list'],
      ['org', 'list'],
      ['package', 'verify', 'file'],
      ['identity', 'show', 'bob.key'],
      ['ucan', 'list'],
      ['ucan', 'inspect', 'made.ucan'],
      ['ucan', 'verify', 'made.ucan'],
      ['ucan', 'import', 'made.ucan'],
      ['ucan', 'prune'],
    ]) {
      await cli.refusesBoth('usage', ...args, '--authority');
    }
  });

  test('is kept in the database with --store alone, once', async () => {
    const before = await countStored();
    expect(await delegate('--org', 'acme')).toMatchObject({ stored: false });
    expect(await countStored()).toBe(before);
    for (const who of [['--org', 'acme'], ['--authority'], ['--issuer', 'bob.key']]) {
      const { cid, stored, output } = await delegate(...who, '--store');
      expect({ stored, output }).toEqual({ stored: true, output: 'made.ucan' });
      const { delegations } = await cli.done<{ delegations: Made[] }>('ucan', 'list', '--audience', bob.did);
      expect(delegations.map((each) => each.cid)).toContain(cid);
      expect(await cli.done('ucan', 'import', 'made.ucan')).toMatchObject({ stored: [], known: [cid] });
    }
    expect(await countStored()).toBe(before + 3);
    const said = await cli.says('ucan', 'delegate', ...rest, '--org', 'acme', '--store');
    expect(said).toContain('stored in the database');
  });

  test('is not kept where its file cannot be written', async () => {
    const before = await countStored();
    const options = ['--audience', bob.did, '--command', '/a', '--store', '--output', 'no/such/folder.ucan'];
    await cli.refusesBoth('bad_input', 'ucan', 'delegate', '--org', 'acme', ...options);
    expect(await countStored()).toBe(before);
  });

  test('is told as an event where the database signs or keeps, and not where a key file does', async () => {
    const events = async (...options: readonly string[]) => {
      cli.write('log', '');
      await delegate(...options, '--log', 'log');
      const lines = cli.read('log').toString().trim().split('\n');
      return lines.filter((line) => line !== '').map((line) => (JSON.parse(line) as { event: string }).event);
    };
    expect(await events('--issuer', 'bob.key')).toEqual([]);
    const signed = await events('--org', 'acme');
    expect(signed).toContain('ucan.delegation.issued');
    expect(signed).not.toContain('ucan.delegation.stored');
    expect(await events('--authority', '--store')).toContain('ucan.delegation.stored');
    expect(await events('--issuer', 'bob.key', '--store')).not.toContain('ucan.delegation.issued');
  });

  test('is no key that signs or is trusted for packages, where it is to be kept', async () => {
    const { did } = await keyOfPackages(cli);
    await cli.refuses('bad_input', 'ucan', 'delegate', ...rest, '--issuer', 'packages.key', '--store');
    expect((await cli.done<{ delegations: object[] }>('ucan', 'list', '--issuer', did)).delegations).toEqual([]);
  });
});

/** A key file of somebody whose key also signs packages here. */
async function keyOfPackages(cli: Cli): Promise<Principal> {
  const packages = await principal('packages');
  cli.write('packages.raw', packages.privateKey);
  await cli.done('key', 'import', 'packages', 'packages.raw');
  writeKey(cli, 'packages', packages);
  return packages;
}
