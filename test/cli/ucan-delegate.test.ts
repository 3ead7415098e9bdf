import { statSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createCli, writeKey } from '../support/cli.ts';
import { type Principal, principals } from '../support/ucan.ts';

interface Token {
  readonly cid: string;
  readonly version: string;
  readonly iss: string;
  readonly aud: string;
  readonly sub: string | null;
  readonly cmd: string;
  readonly pol: unknown;
  readonly nbf?: number;
  readonly exp: number | null;
  readonly signature: string;
}

const [alice, bob, carol] = (await principals('alice', 'bob', 'carol')) as [Principal, Principal, Principal];
const day = 86_400;
const required = ['--audience', bob.did, '--command', '/package/sign'];

describe('ucan delegate --issuer', () => {
  let cli: Cli;

  beforeAll(async () => {
    const person = await createCli('nonsense');
    cli = person.with({ env: { HANAPER_PASSPHRASE_FILE: '/no/such/file' } });
    writeKey(cli, 'alice', alice);
  });

  const delegate = (...options: readonly string[]) => [
    'ucan',
    'delegate',
    '--issuer',
    'alice.key',
    ...required,
    ...options,
  ];

  /** Makes a delegation, and reads it back. */
  async function make(...options: readonly string[]): Promise<Token> {
    await cli.done(...delegate(...options), '--output', 'made.ucan');
    return inspect('made.ucan');
  }

  async function inspect(file: string, from: Cli = cli): Promise<Token> {
    const { tokens } = await from.done<{ tokens: readonly [Token] }>('ucan', 'inspect', file);
    expect(tokens).toHaveLength(1);
    return tokens[0];
  }

  test('prints the container and nothing else, which the next command reads', async () => {
    const { status, stdout, stderr } = await cli.run(...delegate());
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^C[\w-]+\n$/);
    expect(await inspect('-', cli.with({ input: stdout }))).toMatchObject({
      version: '1.0.0-rc.1',
      iss: alice.did,
      aud: bob.did,
      cmd: '/package/sign',
      pol: [],
      signature: 'valid',
    });
  });

  test('writes a file that others may read, and says what it holds and what comes next', async () => {
    const said = await cli.says(...delegate('--output', 'bob.ucan'));
    const { cid } = await inspect('bob.ucan');
    for (const text of [cid, alice.did, bob.did, 'bob.ucan', 'hanaper ucan invoke']) expect(said).toContain(text);
    expect(statSync(cli.path('bob.ucan')).mode & 0o777).toBe(0o644);
    await cli.refuses('bad_input', ...delegate('--output', 'no/such/folder.ucan'));
    await cli.refuses('bad_input', ...delegate('--output', '.'));
  });

  test('writes over tokens, and over nothing else', async () => {
    const before = cli.read('alice.key');
    await cli.refuses('already_exists', ...delegate('--output', 'alice.key'));
    expect(cli.read('alice.key')).toEqual(before);
    await cli.done(...delegate('--output', 'twice.ucan'));
    await cli.done(...delegate('--output', 'twice.ucan'));
  });

  test('with --json gives every field and the container, or the name of its file', async () => {
    const document = await cli.done<Token & { container: string; stored: boolean }>(...delegate());
    expect(document).toMatchObject({ kind: 'delegation', key_type: 'ed25519', is_root: true, is_powerline: false });
    expect(document.stored).toBe(false);
    expect((await inspect('-', cli.with({ input: document.container }))).cid).toBe(document.cid);
    const written = await cli.done(...delegate('--output', 'written.ucan'));
    expect(written).toMatchObject({ output: 'written.ucan' });
    expect(written).not.toHaveProperty('container');
  });

  test('is about who signs, about another, or about whatever who signs has', async () => {
    expect(await make()).toMatchObject({ sub: alice.did, is_root: true });
    expect(await make('--subject', carol.did)).toMatchObject({ sub: carol.did, is_root: false });
    expect(await make('--powerline')).toMatchObject({ sub: null, is_powerline: true });
    await cli.refusesBoth('usage', ...delegate('--powerline', '--subject', carol.did));
  });

  test('takes a policy as JSON or from a file', async () => {
    const policy = [
      ['==', '.name', 'plugin.wasm'],
      ['any', '.tags', ['like', '.', 'v*']],
      ['not', ['>', '.size?', 1.5]],
    ];
    expect((await make('--policy', JSON.stringify(policy))).pol).toEqual(policy);
    cli.write('policy.json', `${JSON.stringify(policy, null, 2)}\n`);
    expect((await make('--policy', '@policy.json')).pol).toEqual(policy);
    expect((await make('--policy', '[]')).pol).toEqual([]);
  });

  test.each([
    ['that is no JSON', '[["=="', 'bad_input'],
    ['that is empty', '', 'bad_input'],
    ['that is no list', '{"name":"x"}', 'bad_input'],
    ['that is null', 'null', 'bad_input'],
    ['that is one statement and no list of them', '["==",".name","x"]', 'malformed_token'],
    ['with an operator that is not known', '[["=~",".name","x"]]', 'malformed_token'],
    ['with an argument too few', '[["==",".name"]]', 'malformed_token'],
    ['with an argument too many', '[["==",".name","x","y"]]', 'malformed_token'],
    ['with a selector without its dot', '[["==","name","x"]]', 'malformed_token'],
    ['with a pattern that is no text', '[["like",".name",1]]', 'malformed_token'],
    ['with a number beyond 2^53', '[["==",".size",9007199254740993]]', 'bad_input'],
    ['with an invalid link', '[["==",".link",{"/":"x"}]]', 'bad_input'],
    ['in a file that is not there', '@missing.json', 'bad_input'],
    ['in a file that is no text', '@alice.bin', 'bad_input'],
  ] as const)('refuses a policy %s', async (_, policy, code) => {
    cli.write('alice.bin', Uint8Array.of(0x5b, 0xff, 0x5d));
    await cli.refusesBoth(code, ...delegate('--policy', policy, '--output', 'refused.ucan'));
    expect(cli.has('refused.ucan')).toBe(false);
  });

  test('ends in 90 days, after a while, at a time, or never', async () => {
    const before = Math.floor(Date.now() / 1000);
    const [preset, hours, time, never] = [
      await make(),
      await make('--expires', '12h'),
      await make('--expires', '2030-01-01T00:00:00Z'),
      await make('--expires', 'never'),
    ];
    const within = (exp: number | null, seconds: number) => {
      expect(exp).toBeGreaterThanOrEqual(before + seconds);
      expect(exp).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000) + seconds);
    };
    within(preset.exp, 90 * day);
    within(hours.exp, day / 2);
    expect(time.exp).toBe(Date.UTC(2030, 0) / 1000);
    expect(never.exp).toBeNull();
    expect(preset).not.toHaveProperty('nbf');
  });

  test('begins later where that is said', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { nbf = 0 } = await make('--not-before', '1d');
    expect(nbf - before).toBeGreaterThanOrEqual(day);
    expect(nbf - before).toBeLessThanOrEqual(day + 60);
    expect(await make('--not-before', '2027-01-01T00:00:00Z', '--expires', 'never')).toMatchObject({
      nbf: Date.UTC(2027, 0) / 1000,
      exp: null,
      time: 'not_yet_valid',
    });
  });

  test.each([
    'soon',
    '',
    '90',
    '-1d',
    '1.5h',
    'Never',
    '2026-02-30T00:00:00Z',
    '2026-01-01',
    '9999999d',
    '2026-01-01T00:00:00+01:00',
  ])('refuses %j as a time', async (when) => {
    await cli.refuses('usage', ...delegate('--expires', when));
    await cli.refuses('usage', ...delegate('--not-before', when));
  });

  test('begins at a time, and not never', async () => {
    await cli.refuses('usage', ...delegate('--not-before', 'never'));
  });

  test.each([
    ['raw', 0x40],
    ['base64', 0x42],
    ['base64url', 0x43],
    ['raw-gzip', 0x4d],
    ['base64-gzip', 0x4f],
    ['base64url-gzip', 0x50],
  ])(
    'written as %s begins as it must, and is read again from a file and from standard input',
    async (encoding, mark) => {
      const { cid } = await cli.done<Token>(...delegate('--encoding', encoding, '--output', 'encoded.ucan'));
      expect(cli.read('encoded.ucan')[0]).toBe(mark);
      expect((await inspect('encoded.ucan')).cid).toBe(cid);
      const anywhere = cli.with({ env: { HANAPER_DB: '' } });
      expect(await anywhere.done('ucan', 'verify', 'encoded.ucan')).toMatchObject({ valid: true });
      const { bytes } = await cli.run(...delegate('--encoding', encoding));
      expect(bytes[0]).toBe(mark);
      expect(await inspect('-', cli.with({ input: bytes }))).toMatchObject({ signature: 'valid' });
    },
  );

  test('is of the version that is asked for, and both are read', async () => {
    expect(await make('--version', '1.0.0')).toMatchObject({ version: '1.0.0', signature: 'valid' });
    expect(await make('--version', '1.0.0-rc.1')).toMatchObject({ version: '1.0.0-rc.1', signature: 'valid' });
    await cli.refuses('usage', ...delegate('--version', '0.10.0'));
    expect(await cli.says('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([
    ['an audience that is no DID', ['--audience', 'bob'], 'bad_input'],
    ['an audience with a fragment', ['--audience', `${bob.did}#key`], 'bad_input'],
    ['an audience of which a character is missing', ['--audience', bob.did.slice(0, -1)], 'bad_input'],
    ['a subject that is no DID', ['--subject', 'acme'], 'bad_input'],
    ['a command without its slash', ['--command', 'package/sign'], 'malformed_token'],
    ['a command that ends in a slash', ['--command', '/package/'], 'malformed_token'],
    ['a command in upper case', ['--command', '/Package'], 'malformed_token'],
    ['an empty command', ['--command', ''], 'malformed_token'],
    ['an end that is past', ['--expires', '2020-01-01T00:00:00Z'], 'bad_input'],
  ] as const)('refuses %s', async (_, options, code) => {
    await cli.refusesBoth(code, ...delegate(...options));
  });

  test('puts the chain that it rests on beside it, with which the next one invokes', async () => {
    writeKey(cli, 'bob', bob);
    writeKey(cli, 'carol', carol);
    await cli.done(...delegate('--output', 'bob.ucan'));
    const onward = ['--subject', alice.did, '--audience', carol.did, '--command', '/package/sign'];
    const beside = ['--proof', 'bob.ucan', '--output', 'carol.ucan'];
    await cli.done('ucan', 'delegate', '--issuer', 'bob.key', ...onward, ...beside);
    expect((await cli.done<{ tokens: object[] }>('ucan', 'inspect', 'carol.ucan')).tokens).toHaveLength(2);
    const wish = ['--subject', alice.did, '--command', '/package/sign', '--proof', 'carol.ucan'];
    const { prf } = await cli.done<{ prf: string[] }>('ucan', 'invoke', '--issuer', 'carol.key', ...wish);
    expect(prf).toHaveLength(2);
    await cli.refuses('bad_input', ...delegate('--proof', 'missing.ucan'));
  });

  test('needs an audience and a command, and knows no other encoding', async () => {
    for (const args of [
      ['--audience', bob.did],
      ['--command', '/a'],
      [...required, '--encoding', 'hex'],
      [...required, 'extra'],
    ]) {
      await cli.refuses('usage', 'ucan', 'delegate', '--issuer', 'alice.key', ...args);
    }
  });
});
