import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Delegation, Invocation } from '../../src/ucan/index.ts';
import { type Cli, cheap, createCli, type Finished, passphrase, writeKey, writeTokens } from '../support/cli.ts';
import { engines } from '../support/engines.ts';
import { signLegacy } from '../support/legacy.ts';
import { cidOf } from '../support/tokens.ts';
import { delegate, invoke, type Principal, principals, resign } from '../support/ucan.ts';

const [alice, bob, carol] = (await principals('alice', 'bob', 'carol')) as [Principal, Principal, Principal];
const keyPassphrase = 'umbral-tangerine-Vortex-2846';
const wish = ['--subject', alice.did, '--command', '/package/sign'];
const grant = ['--audience', bob.did, '--command', '/package/sign'];

// One after the other, with the status that each must have.
const commandLines: readonly (readonly [number, ...(readonly string[])])[] = [
  [0, 'identity', 'create', '--output', 'me.pem'],
  [7, 'identity', 'create', '--output', 'me.pem'],
  [0, 'identity', 'create', '--output', 'sealed.pem', '--key-passphrase-file', 'key-pass'],
  [0, 'identity', 'show', 'me.pem'],
  [0, 'identity', 'show', 'sealed.pem', '--key-passphrase-file', 'key-pass'],
  [4, 'identity', 'show', 'sealed.pem', '--key-passphrase-file', 'pass'],
  [4, 'identity', 'show', 'sealed.pem'],
  [8, 'identity', 'show', 'root.ucan'],
  [8, 'identity', 'show', 'key-pass'],
  [0, 'ucan', 'delegate', '--org', 'acme', ...grant, '--store', '--output', 'ours.ucan'],
  [0, 'ucan', 'delegate', '--issuer', 'alice.key', ...grant, '--output', 'made.ucan'],
  [2, 'ucan', 'delegate', '--authority', '--issuer', 'alice.key', ...grant],
  [8, 'ucan', 'delegate', '--issuer', 'root.ucan', ...grant],
  [8, 'ucan', 'delegate', '--issuer', 'alice.key', ...grant, '--policy', '@root.ucan'],
  [8, 'ucan', 'delegate', '--issuer', 'alice.key', ...grant, '--policy', '[["nope"]]'],
  [0, 'ucan', 'invoke', '--issuer', 'bob.key', ...wish, '--proof', 'root.ucan', '--output', 'made.request'],
  [5, 'ucan', 'invoke', '--issuer', 'carol.key', ...wish, '--proof', 'root.ucan'],
  [5, 'ucan', 'invoke', '--issuer', 'carol.key', ...wish],
  [8, 'ucan', 'invoke', '--issuer', 'alice.key', ...wish, '--args', '@alice.key'],
  [0, 'ucan', 'inspect', 'request.ucan'],
  [8, 'ucan', 'inspect', 'torn.ucan'],
  [8, 'ucan', 'inspect', 'torn.base64'],
  [8, 'ucan', 'inspect', 'old.jwt'],
  [8, 'ucan', 'inspect', 'alice.key'],
  [0, 'ucan', 'verify', 'request.ucan'],
  [0, 'ucan', 'verify', 'request.ucan', '--explain'],
  [5, 'ucan', 'verify', 'forged.ucan'],
  [5, 'ucan', 'verify', 'forged.ucan', '--explain'],
  [5, 'ucan', 'verify', 'request.ucan', '--audience', bob.did],
  [8, 'ucan', 'verify', 'torn.ucan'],
  [8, 'ucan', 'verify', 'request.ucan', '--proof', 'old.jwt'],
  [0, 'ucan', 'import', 'root.ucan'],
  [5, 'ucan', 'import', 'forged.ucan'],
  [8, 'ucan', 'import', 'request.ucan'],
  [8, 'ucan', 'import', 'torn.ucan'],
  [0, 'ucan', 'import', 'old.jwt'],
  [0, 'ucan', 'import', 'torn.jwt'],
  [0, 'ucan', 'list', '--revoked', '--expired'],
  [5, 'ucan', 'revoke', 'root.ucan', '--issuer', 'carol.key'],
  [5, 'ucan', 'revoke', 'request.ucan'],
  [2, 'ucan', 'revoke', 'request.ucan', '--authority', '--issuer', 'alice.key'],
  [8, 'ucan', 'revoke', 'torn.ucan', '--issuer', 'alice.key'],
  [0, 'ucan', 'revoke', 'root.ucan', '--issuer', 'alice.key', '--reason', 'gone'],
  [0, 'ucan', 'revoke', 'root.ucan', '--issuer', 'alice.key', '--output', 'revocation.ucan'],
  [0, 'ucan', 'import', 'revocation.ucan'],
  [5, 'ucan', 'verify', 'request.ucan'],
  [0, 'ucan', 'prune'],
];

describe.each(engines)('$name', (engine) => {
  let cli: Cli;
  let hidden: readonly string[];

  beforeAll(async () => {
    cli = await createCli(await engine.createUrl());
    await cli.done('init', '--org', 'acme', ...cheap);
    for (const [name, who] of [
      ['alice', alice],
      ['bob', bob],
      ['carol', carol],
    ] as const)
      writeKey(cli, name, who);
    const root = await delegate(alice, bob, { command: '/package' });
    const request = await invoke(bob, alice, [root], { expiration: 4_000_000_000 });
    const forged = { bytes: resign(root, new Uint8Array(64).fill(1)) };
    const old = await signLegacy(alice, bob);
    cli.write('key-pass', keyPassphrase);
    await writeTokens(cli, 'root.ucan', [root]);
    await writeTokens(cli, 'request.ucan', [request, root]);
    await writeTokens(cli, 'forged.ucan', [forged]);
    cli.write('torn.ucan', Buffer.concat([Buffer.of(0x40), Buffer.from(root.bytes)]));
    cli.write('torn.base64', Buffer.from(root.bytes.subarray(0, -9)).toString('base64'));
    cli.write('old.jwt', old);
    cli.write('torn.jwt', `${old.slice(0, -9)}AAAAAAAAA`);
    hidden = [
      ...secrets(),
      ...[root, request, forged].flatMap(formsOf),
      ...old.split('.').filter((part) => part.length > 60),
    ];
  });

  test('no command of the two nouns tells a secret or a token; each prints one document with --json, or its one error', async () => {
    const noisy = cli.with({ env: { HANAPER_DEBUG: '1' } });
    const said: string[] = [];
    // Each with --json on the one engine, and without it on the other.
    for (const [index, [status, ...args]] of commandLines.entries()) {
      const json = (index + engines.indexOf(engine)) % 2 === 0 ? ['--json'] : [];
      const finished = await noisy.run(...args, '--log', 'events.log', ...json);
      expect(finished.status, `${args.join(' ')}\n${finished.stderr}`).toBe(status);
      if (json.length > 0) expectOneDocument(finished);
      said.push(finished.stdout, finished.stderr);
    }
    said.push(cli.read('events.log').toString(), readStored(cli.home));
    for (const text of said) for (const secret of hidden) expect(text).not.toContain(secret);
  });
});

describe('a container on standard output', () => {
  test('is what delegate and invoke print, with --json inside their one document', async () => {
    const cli = await createCli();
    writeKey(cli, 'alice', alice);
    for (const args of [
      ['delegate', '--issuer', 'alice.key', ...grant],
      ['invoke', '--issuer', 'alice.key', ...wish],
    ]) {
      for (const encoding of ['base64url', 'raw', 'raw-gzip', 'base64-gzip']) {
        const finished = await cli.run('ucan', ...args, '--encoding', encoding, '--json');
        const { cid, container } = JSON.parse(finished.stdout) as { cid: string; container: string };
        expectOneDocument(finished);
        const inspected = await cli
          .with({ input: container })
          .done<{ tokens: { cid: string }[] }>('ucan', 'inspect', '-');
        expect(inspected.tokens.map((token) => token.cid)).toEqual([cid]);
      }
    }
  });
});

test('a reason of a revocation is no way into a terminal, nor is a file’s name', async () => {
  const cli = await createCli();
  writeKey(cli, 'alice', alice);
  const root = await delegate(alice, bob);
  await writeTokens(cli, 'root.ucan', [root]);
  const hostile = '\x1b[31mgone\x07\r\u202e';
  const args = ['--issuer', 'alice.key', '--reason', hostile, '--output', `${hostile}.ucan`];
  for (const { stdout, stderr } of [
    await cli.run('ucan', 'revoke', cidOf(root), ...args),
    await cli.run('ucan', 'inspect', `${hostile}.ucan`),
    await cli.run('ucan', 'delegate', '--issuer', hostile, ...grant),
    await cli.run('ucan', 'delegate', '--issuer', 'alice.key', '--audience', hostile, '--command', hostile),
    await cli.run('ucan', 'verify', 'root.ucan', '--at', hostile),
    await cli.run('ucan', 'list', '--audience', hostile),
    await cli.run('identity', 'show', hostile),
    await cli.run('identity', 'create', '--output', `${hostile}.pem`),
  ]) {
    expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]|\p{Cf}|\p{Zl}|\p{Zp}/u);
  }
});

function expectOneDocument({ status, stdout }: Finished): void {
  const document = JSON.parse(stdout) as object;
  if (status === 0) expect(document).not.toHaveProperty('error');
  else expect(Object.keys(document)).toEqual(['error']);
}

function secrets(): readonly string[] {
  const keys = [alice, bob, carol].map(({ privateKey }) => Buffer.from(privateKey));
  return [
    passphrase,
    keyPassphrase,
    ...keys.flatMap((key) => [key.toString('hex'), key.toString('base64'), key.toString('latin1')]),
  ];
}

/** What would be recognised of a token: its middle, at whatever place of a group of base64 it begins, and in hex. */
function formsOf({ bytes }: Pick<Delegation | Invocation, 'bytes'>): readonly string[] {
  const middles = [0, 1, 2].map((shift) => Buffer.from(bytes.subarray(90 + shift, 150 + shift)));
  return middles.flatMap((part) => [part.toString('base64url'), part.toString('base64'), part.toString('hex')]);
}

/** What Hanaper wrote under a home folder beside the database: pins and the like. */
function readStored(home: string): string {
  return readdirSync(join(home, '.local'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'))
    .join('\n');
}
