import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { cheap, createCli, openTerminal, passphrase } from '../support/cli.ts';
import { ask, expectProblem, startProcess } from '../support/server.ts';

async function createServed(database?: string) {
  const cli = await createCli(database);
  await cli.done('init', '--org', 'acme', ...cheap);
  return cli;
}

test('a passphrase file opens the vault at the start, and a wrong one ends the server', async () => {
  const cli = await createServed();
  const { url, ready } = await startProcess(cli);
  expect(ready).toMatchObject({ message: 'listening', initialized: true, locked: false });
  expect((await ask(url, '/api/crypto/status')).json).toMatchObject({ locked: false });
  cli.write('wrong', 'not the passphrase');
  await cli.refuses('wrong_passphrase', 'serve', '--listen', '0', '--metrics', 'off', '--passphrase-file', 'wrong');
});

test('without a passphrase it starts locked, and asks nobody', async () => {
  const cli = (await createServed()).with({ env: { HANAPER_PASSPHRASE_FILE: '' } });
  const { ready } = await startProcess(cli);
  expect(ready).toMatchObject({ initialized: true, locked: true });
  await cli.refuses('locked', 'serve', '--unlock');
});

test('the set-up token initialises the executable too, with the strength of the passphrase estimated beside it', async () => {
  const { url, ready } = await startProcess(await createCli());
  expect(ready).toMatchObject({ initialized: false, locked: true });
  const token = readFileSync(String(ready['setup_token_file']), 'utf8').trimEnd();
  const init = (json: unknown) => ask(url, '/api/crypto/init', { json, headers: { 'Hanaper-Setup-Token': token } });
  const costs = { memory_kib: 19_456, passes: 2, lanes: 1 };
  expectProblem('weak_passphrase', await init({ method: 'passphrase', passphrase: 'password1' }), 400);
  const made = await init({ method: 'passphrase', passphrase, custom_params: costs });
  expect(made.status, made.text).toBe(201);
  expect(made.json).toMatchObject({ initialized: true, locked: false });
});

/** Begins to unlock: the server has the request, and waits for its body, which `go` sends. */
async function beginUnlocking(url: string) {
  const body = JSON.stringify({ passphrase });
  const headers = { Expect: '100-continue', 'Content-Type': 'application/json', 'Content-Length': body.length };
  const sent = request(`${url}/api/crypto/unlock`, { agent: false, method: 'POST', headers });
  const answered = once(sent, 'response').then(([response]) => (response as IncomingMessage).resume().statusCode);
  // It may fail before anybody looks.
  answered.catch(() => undefined);
  await once(sent, 'continue');
  return { answered, go: () => sent.end(body) };
}

/** Waits until a server says that it stops. */
function stopping({ stdout }: ChildProcessWithoutNullStreams): Promise<void> {
  return new Promise((resolve) => {
    stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('"stopping')) resolve();
    });
  });
}

test('SIGTERM has it finish what it began, close the database, and end with 0', async () => {
  const cli = await createCli();
  await cli.done('init', '--org', 'acme', ...cheap);
  const locked = cli.with({ env: { HANAPER_PASSPHRASE_FILE: '' } });
  const { url, child, finished } = await startProcess(locked);
  const { answered, go } = await beginUnlocking(url);
  const stops = stopping(child);
  child.kill('SIGTERM');
  await stops;
  await expect(ask(url, '/healthz')).rejects.toThrow();
  go();
  expect(await answered).toBe(200);
  const { status, stdout, stderr } = await finished;
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.at(-1)).toMatchObject({ message: 'stopped' });
  expect(lines).toContainEqual(expect.objectContaining({ requests_under_way: 1, most_seconds: 10 }));
  expect(lines).toContainEqual(expect.objectContaining({ method: 'POST', path: '/api/crypto/unlock', status: 200 }));
  expect(lines).toContainEqual(expect.objectContaining({ event: 'vault.unlocked' }));
  expect(stdout).not.toContain(passphrase);
});

test.each(['SIGTERM', 'SIGINT'] as const)('a second %s ends it at once', async (signal) => {
  const cli = await createCli();
  await cli.done('init', ...cheap);
  const { url, child, finished } = await startProcess(cli.with({ env: { HANAPER_PASSPHRASE_FILE: '' } }));
  const { answered } = await beginUnlocking(url);
  const stops = stopping(child);
  child.kill(signal);
  await stops;
  child.kill(signal);
  expect((await finished).signal).toBe(signal);
  await expect(answered).rejects.toThrow();
});

test('a person at a terminal reads where it listens and what comes next', async () => {
  const cli = (await createCli()).with({ env: { HANAPER_PASSPHRASE_FILE: '' } });
  const terminal = openTerminal(cli, 'serve', '--listen', '0', '--metrics', 'off');
  await terminal.sees('listens at http://localhost:');
  await terminal.sees('hanaper init --org NAME');
  await terminal.sees('setup-token');
  const [, url = ''] = /listens at (\S+)\. /.exec(terminal.screen) ?? [];
  await ask(url, '/healthz');
  await terminal.sees('GET /healthz 200');
  expect(terminal.screen).not.toContain('{');
});

test('a server that can be reached by names that it does not know warns of it, and an invalid name is refused', async () => {
  const cli = await createServed();
  const listen = ['--listen', '0.0.0.0:0', '--metrics', 'off', '--insecure'];
  const terminal = openTerminal(cli, 'serve', ...listen);
  await terminal.sees('--host');
  await terminal.sees('listens at http://0.0.0.0:');
  await terminal.sees('Its vault is open.');
  const behind = openTerminal(cli.with({ env: { HANAPER_PASSPHRASE_FILE: '' } }), 'serve', ...listen, '--proxy');
  await behind.sees('hanaper database unlock --server http://localhost:');
  await behind.sees('--as KEYFILE --proof FILE');
  await cli.refuses('bad_config', 'serve', '--host', 'bad host');
  const { stdout } = await cli.run('serve', '--help');
  expect(stdout.match(/--insecure/g)).toHaveLength(1);
});

test('--unlock asks for the passphrase on the terminal', async () => {
  const cli = (await createServed()).with({ env: { HANAPER_PASSPHRASE_FILE: '' } });
  const terminal = openTerminal(cli, 'serve', '--listen', '0', '--metrics', 'off', '--unlock');
  await terminal.answers('Passphrase', `${passphrase}\r`);
  await terminal.sees('Its vault is open.');
});

test('flags go over the environment, and that over the file', async () => {
  const cli = await createServed();
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const address = taken.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  cli.write(
    'config.json',
    JSON.stringify({ server: { listen: `127.0.0.1:${port}`, metrics: 'off', hosts: ['a.example'] } }),
  );
  const configured = cli.with({ env: { HANAPER_CONFIG: cli.path('config.json') } });
  await configured.refuses('bad_config', 'serve');
  await configured.with({ env: { HANAPER_LISTEN: 'nonsense' } }).refuses('bad_config', 'serve');
  await configured.with({ env: { HANAPER_LISTEN: '0.0.0.0:0' } }).refuses('bad_config', 'serve');
  await configured.with({ env: { HANAPER_METRICS: 'many' } }).refuses('bad_config', 'serve');
  await configured.with({ env: { HANAPER_TLS_CERT: 'cert.pem' } }).refuses('bad_config', 'serve');
  await configured.refuses('usage', 'serve', '--listen', '0', '--socket', 'x');
  const { url } = await startProcess(configured.with({ env: { HANAPER_LISTEN: 'nonsense' } }));
  expect((await ask(url, '/healthz', { headers: { Host: 'a.example' } })).status).toBe(200);
  taken.close();
});

test('a database that is not what was pinned is not served', async () => {
  const cli = await createServed();
  const other = await createServed();
  const { did } = await other.done<{ did: string }>('status');
  await cli.refuses('authority_changed', 'serve', '--authority', did);
});

test('the server sees what the command line does beside it, from an initialisation on, and the reverse', async () => {
  const cli = await createCli();
  const { url, ready, child, finished } = await startProcess(cli);
  expect(ready).toMatchObject({ initialized: false });
  expect((await ask(url, '/api/crypto/status')).json).toEqual({ initialized: false });
  const { did } = await cli.done<{ did: string }>('init', '--org', 'acme', ...cheap);
  expect((await ask(url, '/api/crypto/status')).json).toMatchObject({ initialized: true, locked: true, did });
  expectProblem('already_initialized', await ask(url, '/api/crypto/init', { json: {} }), 409);
  expect((await ask(url, '/api/crypto/unlock', { json: { passphrase } })).status).toBe(200);
  // The passphrase is changed beside it: from the next answer on the new one counts.
  cli.write('next', 'plum carpet window 93');
  await cli.done(
    'passphrase',
    'change',
    '--new-passphrase-file',
    'next',
    '--memory',
    '19456',
    '--passes',
    '2',
    '--lanes',
    '1',
  );
  expectProblem('wrong_passphrase', await ask(url, '/api/crypto/unlock', { json: { passphrase } }), 403);
  expect((await ask(url, '/api/crypto/unlock', { json: { passphrase: 'plum carpet window 93' } })).status).toBe(200);
  expect((await cli.run('validate', '--passphrase-file', 'next')).status).toBe(0);
  child.kill('SIGTERM');
  expect((await finished).status).toBe(0);
});
