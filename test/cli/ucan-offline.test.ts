import { readdirSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { type Cli, cheap, createCli, openTerminal, passphrase } from '../support/cli.ts';

let owner: Cli;
let worker: Cli;

/** Somebody with an empty home, and a key file of their own. */
async function createStranger(): Promise<{ cli: Cli; did: string }> {
  const cli = (await createCli()).with({ env: { HANAPER_PASSPHRASE_FILE: '' } });
  const { did } = await cli.done<{ did: string }>('identity', 'create', '--output', 'me.pem');
  return { cli, did };
}

let ownerDid: string;
let workerDid: string;

beforeAll(async () => {
  [{ cli: owner, did: ownerDid }, { cli: worker, did: workerDid }] = await Promise.all([
    createStranger(),
    createStranger(),
  ]);
});

test('two people with key files alone delegate, invoke, inspect, verify and revoke, and no database is made', async () => {
  const policy = ['--policy', '[["==",".name","plugin.wasm"]]'];
  const claims = ['--audience', workerDid, '--command', '/package/sign', ...policy];
  await owner.done('ucan', 'delegate', '--issuer', 'me.pem', ...claims, '--output', 'worker.ucan');
  worker.write('mine.ucan', owner.read('worker.ucan'));
  const wish = ['--subject', ownerDid, '--command', '/package/sign', '--args', '{"name":"plugin.wasm"}'];
  await worker.done(
    'ucan',
    'invoke',
    '--issuer',
    'me.pem',
    ...wish,
    '--proof',
    'mine.ucan',
    '--output',
    'request.ucan',
  );
  owner.write('request.ucan', worker.read('request.ucan'));

  expect(await owner.done('ucan', 'verify', 'request.ucan', '--audience', ownerDid)).toMatchObject({
    valid: true,
    revocations: 'no database',
  });
  expect(await owner.says('ucan', 'verify', 'request.ucan', '--explain')).toContain('no database');
  expect((await owner.done<{ tokens: object[] }>('ucan', 'inspect', 'request.ucan')).tokens).toHaveLength(2);
  await worker.refusesBoth('not_authorized', 'ucan', 'invoke', '--issuer', 'me.pem', ...wish);

  await owner.done('ucan', 'revoke', 'worker.ucan', '--issuer', 'me.pem', '--output', 'gone.ucan');
  await owner.refusesBoth('token_revoked', 'ucan', 'verify', 'request.ucan', '--proof', 'gone.ucan');
  for (const { home } of [owner, worker]) expect(readdirSync(home)).toEqual(['work']);
});

test('the database of the home folder is consulted where there is one, without its passphrase', async () => {
  const { cli } = await createStranger();
  cli.write('request.ucan', worker.read('request.ucan'));
  cli.write('gone.ucan', owner.read('gone.ucan'));
  await cli.done('init', '--org', 'acme', '--passphrase-file', 'pass', ...cheap);
  const { revocations } = await cli.done<{ revocations: string }>('ucan', 'verify', 'request.ucan');
  expect(revocations).toContain('hanaper.db');
  await cli.done('ucan', 'import', 'gone.ucan', '--passphrase-file', 'pass');
  await cli.refuses('token_revoked', 'ucan', 'verify', 'request.ucan');
});

test('on a terminal the passphrase of the database is asked for once, however often its key is used', async () => {
  const { cli } = await createStranger();
  await cli.done('init', '--org', 'acme', '--passphrase-file', 'pass', ...cheap);
  const person = cli.with({ env: { TERM: 'xterm' } });
  const claims = ['--audience', workerDid, '--command', '/package/sign', '--output', 'worker.ucan'];
  for (const args of [
    ['ucan', 'delegate', '--org', 'acme', ...claims, '--store'],
    ['ucan', 'delegate', '--authority', ...claims, '--store'],
    ['ucan', 'revoke', 'worker.ucan', '--authority'],
    ['ucan', 'import', 'worker.ucan'],
  ]) {
    const terminal = openTerminal(person, ...args);
    await terminal.answers('Passphrase', `${passphrase}\r`);
    expect((await terminal.finished).status, terminal.screen).toBe(0);
    expect(terminal.screen.match(/Passphrase of [^:]*:[^:]*: /g)).toHaveLength(1);
    expect(terminal.screen).not.toContain(passphrase);
  }
});

test('on a terminal each of two passphrases is asked for once, by its own name, and an open key file by none', async () => {
  const { cli } = await createStranger();
  await cli.done('init', '--org', 'acme', '--passphrase-file', 'pass', ...cheap);
  const strong = 'walnut-héron-bicycle-39';
  cli.write('secret', strong);
  await cli.done('identity', 'create', '--key-passphrase-file', 'secret', '--output', 'sealed.pem');
  const person = cli.with({ env: { TERM: 'xterm' } });
  const claims = ['--audience', workerDid, '--command', '/package/sign', '--output', 'worker.ucan'];
  const sealed = openTerminal(person, 'ucan', 'delegate', '--issuer', 'sealed.pem', ...claims, '--store');
  await sealed.answers('Passphrase of sealed.pem', `${strong}\r`);
  await sealed.answers('Passphrase of sqlite:', `${passphrase}\r`);
  expect((await sealed.finished).status, sealed.screen).toBe(0);
  expect(sealed.screen.match(/Passphrase/g)).toHaveLength(2);
  const plain = openTerminal(person, 'ucan', 'delegate', '--issuer', 'me.pem', ...claims);
  expect((await plain.finished).status).toBe(0);
  expect(plain.screen).not.toContain('Passphrase');
});

test('on a terminal no raw container is printed', async () => {
  const { cli } = await createStranger();
  const claims = ['--issuer', 'me.pem', '--audience', workerDid, '--command', '/a'];
  const terminal = openTerminal(cli, 'ucan', 'delegate', ...claims, '--encoding', 'raw-gzip');
  expect((await terminal.finished).status).toBe(2);
  expect(terminal.screen).toContain('(usage)');
  expect((await openTerminal(cli, 'ucan', 'delegate', ...claims).finished).stdout).toMatch(/^C[\w-]+/);
});
