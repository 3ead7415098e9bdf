import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { type Cli, createInitialized, exitStatus, openTerminal, passphrase } from '../support/cli.ts';

const stranger = 'did:key:z6MkixfGLHDcPhGaP7L7oRx5rWMmfoDcoaQ7bsSF2jaRyXbL';
const unknownCid = 'zdpuAxX4NbVZZQTUzKXBMhNCkZDZdW2cL1uKcm5mWgwC2gJjP';
const fingerprint = 'ab'.repeat(32);
const question = /passphrase of |The same again/i;

interface Ended {
  readonly status: number | null;
  readonly screen: string;
}

/** Runs a command on a terminal with nobody at it: a question is answered by Ctrl-C. */
async function runAlone(cli: Cli, args: readonly string[]): Promise<Ended> {
  const terminal = openTerminal(cli, ...args);
  const timer = setInterval(() => question.test(terminal.screen) && terminal.interrupts(), 20);
  const { status } = await terminal.finished.finally(() => clearInterval(timer));
  return { status, screen: terminal.screen };
}

async function expectRefusedUnasked(cli: Cli, code: ErrorCode, args: readonly string[]): Promise<void> {
  const { status, screen } = await runAlone(cli, args);
  expect(screen).toContain(`(${code})`);
  expect(screen).not.toMatch(question);
  expect(status).toBe(exitStatus[code]);
}

const unattended = { env: { HANAPER_RAW_KEY_FILE: '', HANAPER_PASSPHRASE_FILE: '', NO_COLOR: '1', TERM: 'xterm' } };

/** Command lines that cannot be carried out, whatever the passphrase: in the folder of `prepare`. */
const wrong: readonly (readonly [ErrorCode, string])[] = [
  ['bad_input', 'org create BadName'],
  ['already_exists', 'org create acme'],
  ['not_found', 'org set nobody --hash-signatures on'],
  ['usage', 'org set acme'],
  ['bad_input', 'key create BadName'],
  ['already_exists', 'key create release'],
  ['not_found', 'key create fresh --org nobody'],
  ['not_found', 'key create fresh --org did:key:z6MkNobody'],
  ['authority_changed', `key create fresh --authority ${stranger}`],
  ['bad_input', 'key import BadName twin.pem'],
  ['bad_input', 'key import fresh missing.pem'],
  ['malformed_key', 'key import fresh plugin.wasm'],
  ['already_exists', 'key import release twin.pem'],
  ['already_exists', 'key import fresh mine.pem'],
  ['bad_input', 'key import fresh release.raw'],
  ['weak_key', 'key import fresh weak.seed'],
  ['not_found', 'key rotate nobody'],
  ['not_found', `key rotate ${fingerprint}`],
  ['key_revoked', 'key rotate retired'],
  ['not_found', 'key revoke nobody'],
  ['usage', 'key revoke release --reason bored'],
  ['usage', 'key revoke release --reason compromised --effective yesterday'],
  ['key_revoked', 'key revoke retired'],
  ['not_found', 'package sign plugin.wasm --key nobody'],
  ['bad_input', 'package sign plugin.wasm --key BadName'],
  ['key_revoked', 'package sign plugin.wasm --key retired'],
  ['package_unreadable', 'package sign missing.wasm --key release'],
  ['usage', 'package sign plugin.wasm --key release --expires soon'],
  ['malformed_signature', 'package sign plugin.wasm --key release --output folder'],
  ['not_found', 'package sign plugin.wasm --key release --org nobody'],
  ['signature_not_found', 'package attach plugin.wasm'],
  ['malformed_signature', 'package attach plugin.wasm --signature text'],
  ['untrusted_signer', 'package attach other.wasm'],
  ['bad_input', 'trust add missing.pem'],
  ['malformed_key', 'trust add plugin.wasm'],
  ['already_trusted', 'trust add release.pem'],
  ['not_found', `trust revoke ${fingerprint}`],
  ['bad_input', 'trust revoke release'],
  ['usage', 'trust export --expires soon'],
  ['bad_input', 'trust export --expires 2020-01-01T00:00:00Z'],
  ['bad_input', 'trust export --expires 9999d'],
  ['bad_input', 'trust export --output folder'],
  ['not_found', 'trust export --org nobody'],
  ['not_found', 'acl grant --parent acme --child nobody'],
  ['bad_input', 'acl grant --parent acme --child acme'],
  ['not_found', 'acl revoke --parent acme --child nobody'],
  ['bad_input', 'policy set missing.json'],
  ['bad_input', 'policy set text'],
  ['bad_input', `ucan delegate --audience nobody --command /package/sign`],
  ['malformed_token', `ucan delegate --audience ${stranger} --command sign`],
  ['bad_input', `ucan delegate --audience ${stranger} --command /package/sign --policy text`],
  ['malformed_token', `ucan delegate --audience ${stranger} --command /package/sign --policy [["~",".name",1]]`],
  ['usage', `ucan delegate --audience ${stranger} --command /package/sign --expires soon`],
  ['bad_input', `ucan delegate --audience ${stranger} --command /package/sign --proof missing.ucan`],
  ['not_found', `ucan delegate --audience ${stranger} --command /package/sign --org nobody`],
  ['already_exists', `ucan delegate --audience ${stranger} --command /package/sign --output text`],
  ['bad_input', `ucan delegate --audience ${stranger} --command /package/sign --issuer missing.pem`],
  ['malformed_token', `ucan delegate --audience ${stranger} --command sign --issuer sealed.pem`],
  ['bad_input', 'ucan revoke nothing'],
  ['not_found', `ucan revoke ${unknownCid}`],
  ['bad_input', `ucan revoke ${unknownCid} --issuer missing.pem`],
  ['not_authorized', 'ucan revoke theirs.ucan'],
  ['malformed_token', `ucan invoke --issuer sealed.pem --subject ${stranger} --command sign`],
  ['bad_input', `ucan invoke --issuer sealed.pem --subject ${stranger} --command /x --args [1]`],
  ['bad_input', `ucan invoke --issuer sealed.pem --subject ${stranger} --command /x --proof missing.ucan`],
  ['bad_input', 'ucan import missing.ucan'],
  ['already_exists', 'identity create --seal --output text'],
  ['already_initialized', 'init'],
  ['usage', `init --authority ${stranger}`],
  ['usage', 'init --slot raw --db sqlite:new.db'],
  ['bad_input', 'init --org BadName --db sqlite:new.db'],
  ['bad_input', 'init --memory 1 --db sqlite:new.db'],
  ['unavailable', 'init --db sqlite:text/new.db'],
  ['not_initialized', 'key create fresh --db sqlite:new.db'],
  ['bad_config', 'key create fresh --db nonsense'],
  ['database_corrupt', 'key create fresh --db sqlite:text'],
  ['not_initialized', 'passphrase change --db sqlite:new.db'],
  ['bad_input', 'passphrase change --new-passphrase-file missing'],
  ['weak_passphrase', 'passphrase change --new-passphrase-file weak.txt'],
  ['bad_input', 'passphrase change --memory 1'],
  ['unavailable', 'database unlock --server http://127.0.0.1:1'],
  ['usage', 'database unlock --server http://192.0.2.1'],
  ['unavailable', 'key create fresh --server http://127.0.0.1:1 --as sealed.pem'],
  ['bad_input', 'key create fresh --server http://127.0.0.1:1 --as sealed.pem --proof missing.ucan'],
  ['bad_config', 'serve --unlock --listen nonsense'],
  ['bad_config', 'serve --unlock --tls-cert missing --tls-key missing'],
];

describe('before a passphrase is asked for', () => {
  let cli: Cli;

  beforeAll(async () => {
    const initialized = await createInitialized();
    await prepare(initialized);
    cli = initialized.with(unattended);
  });

  test.for(wrong)('%s: hanaper %s', ([code, line]) => expectRefusedUnasked(cli, code, line.split(' ')));

  test('a server finds that its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    try {
      const line = ['serve', '--unlock', '--metrics', 'off', '--listen', `127.0.0.1:${port}`];
      await expectRefusedUnasked(cli, 'bad_config', line);
    } finally {
      other.close();
    }
  });

  test('nothing was written, and what is right is asked for', async () => {
    const { keys } = await cli.done<{ keys: { name: string }[] }>('key', 'list');
    expect(keys.map(({ name }) => name).sort()).toEqual(['mine', 'release', 'retired']);
    expect(['plugin.wasm.sig', 'acme.trust', 'new.db'].filter((name) => cli.has(name))).toEqual([]);
    const { status, screen } = await runAlone(cli, ['key', 'create', 'fresh']);
    expect(status).toBe(130);
    expect(screen).toContain(`Passphrase of sqlite:`);
  });
});

async function prepare(cli: Cli): Promise<void> {
  cli.write('plugin.wasm', 'a package');
  cli.write('other.wasm', 'another package');
  cli.write('text', 'neither JSON nor a key nor a database, but long enough to have a header of its own');
  cli.write('weak.txt', 'password');
  cli.write('weak.seed', new Uint8Array(32).fill(7));
  cli.write('key-pass', passphrase);
  mkdirSync(cli.path('folder'));
  for (const name of ['mine', 'twin']) {
    const pem = await cli.runProgram('openssl', 'genpkey', '-algorithm', 'ed25519');
    cli.write(`${name}.pem`, pem.stdout);
  }
  await cli.done('key', 'import', 'mine', 'mine.pem');
  await cli.done('key', 'create', 'retired');
  await cli.done('key', 'revoke', 'retired');
  await cli.done('key', 'export', 'release', '--output', 'release.pem');
  await cli.done('key', 'export', 'release', '--format', 'raw', '--output', 'release.raw');
  await cli.done('identity', 'create', '--output', 'sealed.pem', '--key-passphrase-file', 'key-pass');
  const outsider = await createInitialized();
  outsider.write('other.wasm', 'another package');
  await outsider.done('package', 'sign', 'other.wasm', '--key', 'release');
  cli.write('other.wasm.sig', outsider.read('other.wasm.sig'));
  await outsider.done('ucan', 'delegate', '--audience', stranger, '--command', '/x', '--output', 'theirs.ucan');
  cli.write('theirs.ucan', outsider.read('theirs.ucan'));
}
