import { statSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Delegation, DelegationClaims } from '../../src/ucan/index.ts';
import { type Cli, createCli, createInitialized, writeKey, writeTokens } from '../support/cli.ts';
import { engines } from '../support/engines.ts';
import { cidOf } from '../support/tokens.ts';
import { delegate, type Principal, principals, resign } from '../support/ucan.ts';

interface Invoked {
  readonly cid: string;
  readonly iss: string;
  readonly prf: readonly string[];
  readonly args: unknown;
  readonly iat: number;
  readonly exp: number;
  readonly container?: string;
}

const [alice, bob, carol, dave] = (await principals('alice', 'bob', 'carol', 'dave')) as [
  Principal,
  Principal,
  Principal,
  Principal,
];
const link = 'zdpuAtny4KgRYCPGyCcynk6VmzsE7g3ea9tKyAvuevxFoek2F';

function about(issuer: Principal, audience: Principal, claims: Partial<DelegationClaims> = {}): Promise<Delegation> {
  return delegate(issuer, audience, { subject: alice.did, command: '/package', ...claims });
}

describe('ucan invoke --proof', () => {
  let cli: Cli;
  let root: Delegation;
  let powerline: Delegation;
  let leaf: Delegation;
  let chain: readonly string[];

  beforeAll(async () => {
    const person = await createCli('nonsense');
    cli = person.with({ env: { HANAPER_PASSPHRASE_FILE: '/no/such/file' } });
    for (const [name, who] of [
      ['alice', alice],
      ['bob', bob],
      ['carol', carol],
      ['dave', dave],
    ] as const) {
      writeKey(cli, name, who);
    }
    root = await about(alice, bob, { policy: [['like', '.name', '*.wasm']] });
    powerline = await about(bob, carol, { subject: null });
    leaf = await about(carol, dave, { command: '/package/sign' });
    chain = [cidOf(root), cidOf(powerline), cidOf(leaf)];
    await writeTokens(cli, 'root.ucan', [root]);
    await writeTokens(cli, 'powerline.ucan', [powerline], 'raw-gzip');
    await writeTokens(cli, 'leaf.ucan', [leaf], 'base64');
    await writeTokens(cli, 'all.ucan', [leaf, root, powerline], 'base64url-gzip');
    cli.write('leaf.raw', leaf.bytes);
    cli.write('root.base64', `${Buffer.from(root.bytes).toString('base64')}\n`);
  });

  const asDave = (...options: readonly string[]) => [
    ...['ucan', 'invoke', '--issuer', 'dave.key', '--subject', alice.did, '--command', '/package/sign'],
    ...['--args', '{"name":"plugin.wasm"}', ...options],
  ];
  const asAlice = (...options: readonly string[]) => [
    'ucan',
    'invoke',
    '--issuer',
    'alice.key',
    '--subject',
    alice.did,
    '--command',
    '/package/sign',
    ...options,
  ];

  test.each([
    ['in their order', ['root.ucan', 'powerline.ucan', 'leaf.ucan']],
    ['in any other', ['leaf.ucan', 'root.ucan', 'powerline.ucan']],
    ['in one container', ['all.ucan']],
    ['as tokens without a container', ['leaf.raw', 'powerline.ucan', 'root.base64']],
    ['twice', ['all.ucan', 'leaf.ucan', 'all.ucan']],
  ])('finds the chain among proofs that are given %s, and puts it into the container', async (_, files) => {
    const proofs = files.flatMap((file) => ['--proof', file]);
    const { prf, iss } = await cli.done<Invoked>(...asDave(...proofs, '--output', 'request.ucan'));
    expect({ prf, iss }).toEqual({ prf: chain, iss: dave.did });
    const anywhere = cli.with({ env: { HANAPER_DB: '' } });
    expect(await anywhere.done('ucan', 'verify', 'request.ucan')).toMatchObject({ valid: true });
    const { tokens } = await cli.done<{ tokens: readonly { cid: string }[] }>('ucan', 'inspect', 'request.ucan');
    expect(tokens).toHaveLength(4);
  });

  test('leaves out of the container what the chain does not need', async () => {
    await writeTokens(cli, 'more.ucan', [root, powerline, leaf, await about(alice, carol), await about(bob, bob)]);
    const { prf } = await cli.done<Invoked>(...asDave('--proof', 'more.ucan', '--output', 'request.ucan'));
    const { tokens } = await cli.done<{ tokens: readonly object[] }>('ucan', 'inspect', 'request.ucan');
    expect(prf).toHaveLength(2);
    expect(tokens).toHaveLength(3);
  });

  test.each([
    ['arguments that a policy bars', ['--args', '{"name":"plugin.js"}'], 'policy_violation'],
    ['arguments without a field that a policy asks for', ['--args', '{}'], 'policy_violation'],
    ['a command that was not delegated', ['--command', '/package'], 'command_not_covered'],
    ['a command that only begins alike', ['--command', '/package/signature'], 'command_not_covered'],
  ])('refuses %s, and says which delegation and rule', async (_, options, failure) => {
    const args = asDave('--proof', 'all.ucan', ...options, '--output', 'refused.ucan');
    const { details } = await cli.refusesBoth('not_authorized', ...args);
    expect(details).toMatchObject({ failure, nearest: chain, invoker: dave.did, subject: alice.did });
    expect(cli.has('refused.ucan')).toBe(false);
  });

  test('refuses what nobody delegated: another subject, another invoker, a chain with a gap, a powerline as its root', async () => {
    for (const args of [
      asDave('--proof', 'all.ucan', '--subject', bob.did),
      asDave('--proof', 'all.ucan', '--issuer', 'bob.key', '--subject', carol.did),
      asDave('--proof', 'leaf.ucan', '--proof', 'root.ucan'),
      asDave('--proof', 'powerline.ucan', '--proof', 'leaf.ucan'),
    ]) {
      const { details } = await cli.refusesBoth('not_authorized', ...args);
      expect(details).toMatchObject({ nearest: [] });
      expect(details).not.toHaveProperty('failure');
    }
  });

  test.each([
    ['that expired', { expiration: 1 }, 'token_expired'],
    ['that is not valid yet', { notBefore: 4_000_000_000 }, 'token_not_yet_valid'],
  ] as const)('refuses a proof %s', async (_, claims, failure) => {
    await writeTokens(cli, 'odd.ucan', [await about(alice, dave, claims)]);
    const { details } = await cli.refusesBoth('not_authorized', ...asDave('--proof', 'odd.ucan'));
    expect(details).toMatchObject({ failure });
  });

  test('refuses a proof that its issuer did not sign', async () => {
    cli.write('forged.raw', resign(root, new Uint8Array(64).fill(1)));
    const args = asDave('--issuer', 'bob.key', '--proof', 'forged.raw', '--output', 'forged.ucan');
    expect((await cli.run(...args)).status).toBe(5);
    expect(cli.has('forged.ucan')).toBe(false);
  });

  test('needs no proof for the subject itself', async () => {
    expect(await cli.done<Invoked>(...asAlice())).toMatchObject({ iss: alice.did, prf: [], args: {} });
    expect(await cli.done<Invoked>(...asAlice('--proof', 'all.ucan'))).toMatchObject({ prf: [] });
    expect(await cli.says(...asAlice('--output', 'own.ucan'))).toContain('none needed');
  });

  test('ends in five minutes unless told otherwise, and always ends', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { iat, exp } = await cli.done<Invoked>(...asAlice());
    expect(exp - iat).toBe(300);
    expect(iat).toBeGreaterThanOrEqual(before);
    expect(iat).toBeLessThanOrEqual(before + 60);
    expect(await cli.done(...asAlice('--expires', '2030-01-01T00:00:00Z'))).toMatchObject({ exp: 1_893_456_000 });
    for (const when of ['never', 'soon', '']) await cli.refuses('usage', ...asAlice('--expires', when));
  });

  test('is its owner’s alone in a file, and nothing but the container on standard output', async () => {
    const said = await cli.says(...asAlice('--output', 'own.ucan'));
    expect(statSync(cli.path('own.ucan')).mode & 0o777).toBe(0o600);
    expect(said).toContain('hanaper ucan verify own.ucan --explain');
    const { stdout, stderr } = await cli.run(...asAlice());
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^C[\w-]+\n$/);
    const { bytes } = await cli.run(...asAlice('--encoding', 'raw'));
    expect(bytes[0]).toBe(0x40);
  });

  test('is for whom it is said, of the version that is said, and each time another one', async () => {
    const first = await cli.done<Invoked>(...asAlice('--audience', bob.did, '--version', '1.0.0'));
    expect(first).toMatchObject({ aud: bob.did, version: '1.0.0' });
    const second = await cli.done<Invoked>(...asAlice());
    expect(second).not.toHaveProperty('aud');
    expect(second).toMatchObject({ version: '1.0.0-rc.1' });
    expect((await cli.done<Invoked>(...asAlice())).cid).not.toBe(second.cid);
  });

  test('takes arguments from a file, with links, bytes, and names of any kind', async () => {
    const args = {
      name: 'größe\u202e',
      size: [1, -1.5, null, true, { deep: {} }],
      link: { '/': link },
      bytes: { '/': { bytes: 'AAEC' } },
      constructor: 'x',
    };
    cli.write('args.json', JSON.stringify(args).replace('{', '{"__proto__":1,'));
    const { container = '' } = await cli.done<Invoked>(...asAlice('--args', '@args.json'));
    const inspected = await cli.with({ input: container }).run('--json', 'ucan', 'inspect', '-');
    const { tokens } = JSON.parse(inspected.stdout) as { tokens: readonly [{ args: object }] };
    expect(JSON.parse(JSON.stringify(tokens[0].args))).toEqual(JSON.parse(cli.read('args.json').toString()));
  });

  test.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['bytes and no map', '{"/":{"bytes":"AA"}}'],
    ['an invalid link', '{"a":{"/":"zdpu"}}'],
    ['invalid bytes', '{"a":{"/":{"bytes":"!"}}}'],
    ['a number beyond 2^53', '{"a":9007199254740993}'],
    ['a file that is not there', '@missing.json'],
  ])('refuses arguments that are %s', async (_, args) => {
    await cli.refusesBoth('bad_input', ...asAlice('--args', args));
  });

  test('asks for who, on whose power, and what', async () => {
    await cli.refuses('usage', 'ucan', 'invoke', '--subject', alice.did, '--command', '/a');
    await cli.refuses('usage', 'ucan', 'invoke', '--issuer', 'alice.key', '--command', '/a');
    await cli.refuses('usage', 'ucan', 'invoke', '--issuer', 'alice.key', '--subject', alice.did);
    await cli.refuses(
      'bad_input',
      'ucan',
      'invoke',
      '--issuer',
      'missing.key',
      '--subject',
      alice.did,
      '--command',
      '/a',
    );
    await cli.refuses('bad_input', ...asAlice('--audience', 'bob'));
    await cli.refuses('bad_input', ...asAlice('--subject', alice.did.slice(0, -1)));
    await cli.refuses('bad_input', ...asAlice('--expires', '2020-01-01T00:00:00Z'));
    await cli.refuses('bad_input', ...asDave('--proof', 'missing.ucan'));
    await cli.refuses('malformed_token', ...asDave('--proof', 'dave.key'));
  });
});

describe.each(engines)('ucan invoke without --proof: $name', (engine) => {
  let cli: Cli;
  let acme: string;

  beforeAll(async () => {
    cli = await createInitialized(await engine.createUrl());
    ({ did: acme } = await cli.done<{ did: string }>('org', 'show', 'acme'));
    writeKey(cli, 'bob', bob);
    writeKey(cli, 'carol', carol);
    const policy = ['--policy', JSON.stringify([['==', '.hash', { '/': { bytes: 'AAEC' } }]])];
    await cli.done(
      'ucan',
      'delegate',
      '--org',
      'acme',
      '--audience',
      bob.did,
      '--command',
      '/package',
      ...policy,
      '--store',
    );
    await cli.done(
      'ucan',
      'delegate',
      '--issuer',
      'bob.key',
      '--powerline',
      '--audience',
      carol.did,
      '--command',
      '/package',
      '--store',
    );
  });

  const asCarol = (...options: readonly string[]) => [
    ...['ucan', 'invoke', '--issuer', 'carol.key', '--subject', acme, '--command', '/package/sign'],
    ...['--args', '{"hash":{"/":{"bytes":"AAEC"}}}', '--output', 'request.ucan', ...options],
  ];

  test('finds the chain in the database, which stays locked, and puts it into the container', async () => {
    const locked = cli.with({ env: { HANAPER_RAW_KEY_FILE: '' } });
    expect((await locked.done<Invoked>(...asCarol())).prf).toHaveLength(2);
    const elsewhere = (await createCli()).with({ input: cli.read('request.ucan') });
    expect(await elsewhere.done('ucan', 'verify', '-')).toMatchObject({ valid: true, revocations: 'no database' });
  });

  test('refuses what the stored ones do not allow', async () => {
    const { details } = await cli.refusesBoth(
      'not_authorized',
      ...asCarol('--args', '{"hash":{"/":{"bytes":"AAED"}}}'),
    );
    expect(details).toMatchObject({ failure: 'policy_violation' });
    await cli.refuses('not_authorized', ...asCarol('--command', '/key/create'));
  });

  test('refuses what was revoked', async () => {
    const claims = ['--audience', carol.did, '--command', '/org/show'];
    const { cid } = await cli.done<Invoked>('ucan', 'delegate', '--org', 'acme', ...claims, '--store');
    await cli.done(...asCarol('--command', '/org/show'));
    await cli.done('ucan', 'revoke', cid, '--org', 'acme');
    const { details } = await cli.refusesBoth('not_authorized', ...asCarol('--command', '/org/show'));
    expect(details).toMatchObject({ failure: 'token_revoked', nearest: [cid] });
  });

  test('needs the database that was named', async () => {
    await cli.refuses('not_initialized', ...asCarol('--db', 'sqlite:missing.db'));
    expect(cli.has('missing.db')).toBe(false);
  });
});
