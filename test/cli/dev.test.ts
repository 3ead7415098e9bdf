import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type Cli, createCli, executable, type Finished, finish, openTerminal } from '../support/cli.ts';
import { ask } from '../support/server.ts';

interface DevDocument {
  readonly url: string;
  readonly folder: string;
  readonly authority: string;
  readonly organisation: { readonly name: string; readonly did: string };
  readonly identity: { readonly did: string };
  readonly commands: Readonly<Record<'setup' | 'sign' | 'verify' | 'curl' | 'docs', string>>;
}

interface Running {
  readonly document: DevDocument;
  readonly finished: Promise<Finished>;
  signal(signal: NodeJS.Signals): void;
}

/** A person with a folder for what is temporary, and `hanaper` on the path. */
async function createPerson(): Promise<Cli> {
  const cli = await createCli();
  mkdirSync(cli.path('tmp'));
  mkdirSync(cli.path('bin'));
  cli.write('bin/hanaper', `#!/bin/sh\nexec '${process.execPath}' '${executable}' "$@"\n`, 0o700);
  return cli.with({ env: { TMPDIR: cli.path('tmp'), PATH: `${cli.path('bin')}:${cli.env['PATH']}` } });
}

function leftovers(cli: Cli): readonly string[] {
  return readdirSync(cli.path('tmp'));
}

/** Starts a server for trying, and waits for its one line. */
async function startDev(cli: Cli, ...args: readonly string[]): Promise<Running> {
  const child = cli.start('dev', '--json', ...args);
  const finished = finish(child);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await finished;
  });
  const line = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.endsWith('\n')) resolve(said);
    });
    child.on('close', () => reject(new Error(`it ended: ${said}`)));
  });
  return { document: JSON.parse(line) as DevDocument, finished, signal: (signal) => void child.kill(signal) };
}

function runInShell(cli: Cli, ...commands: readonly string[]): Promise<Finished> {
  return cli.runProgram('bash', '-euc', commands.join('\n'));
}

test('a server for trying has an organisation, a key and a CI job, and every command that it shows works', async () => {
  const cli = await createPerson();
  const { document } = await startDev(cli);
  const { setup, sign, verify, curl, docs } = document.commands;
  const { status, stdout, stderr } = await runInShell(cli, setup, sign, verify, curl);
  expect(status, stderr).toBe(0);
  expect(stdout).toContain('is signed by demo with its key release.');
  expect(stdout).toContain('is validly signed by release.');
  expect(stdout).toContain('{"keys":[{"id":');
  expect((await ask(document.url, new URL(docs).pathname)).status).toBe(200);
  // What was learnt about it is remembered in its own folder.
  expect(existsSync(join(cli.home, '.local', 'state'))).toBe(false);
});

test('its folder is its user’s alone, and it listens on this machine alone, on any free port', async () => {
  const cli = await createPerson();
  const first = await startDev(cli);
  const second = await startDev(cli);
  expect(first.document.url).not.toBe(second.document.url);
  expect(first.document.authority).not.toBe(second.document.authority);
  for (const { document } of [first, second]) {
    const { folder, url } = document;
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      expect(statSync(join(file.parentPath, file.name)).mode & 0o077, file.name).toBe(0);
    }
    expect(new URL(url).hostname).toBe('localhost');
    const listening = execFileSync('grep', [portInHex(url), '/proc/net/tcp', '/proc/net/tcp6'], { encoding: 'utf8' });
    expect(listening).toContain(`0100007F:${portInHex(url)}`);
    expect(listening).not.toContain(`00000000:${portInHex(url)} 00000000:0000`);
  }
});

function portInHex(url: string): string {
  return Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0');
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends it, and nothing is left', async (signal) => {
  const cli = await createPerson();
  const running = await startDev(cli);
  expect(leftovers(cli)).toHaveLength(1);
  running.signal(signal);
  expect(await running.finished).toMatchObject({ status: 0, stderr: '' });
  expect(leftovers(cli)).toEqual([]);
});

test('a second start meets nothing of a first one, be that killed, on the same port too', async () => {
  const cli = await createPerson();
  const first = await startDev(cli);
  await runInShell(cli, first.document.commands.setup, first.document.commands.sign);
  first.signal('SIGKILL');
  await first.finished;
  const { port } = new URL(first.document.url);
  const second = await startDev(cli, '--port', port);
  expect(second.document.url).toBe(first.document.url);
  const { setup, sign, verify } = second.document.commands;
  expect((await runInShell(cli, setup, sign, verify)).status).toBe(0);
});

test('a signal while it starts leaves nothing', async () => {
  const cli = await createPerson();
  const child = cli.start('dev', '--json');
  const finished = finish(child);
  while (leftovers(cli).length === 0 && child.exitCode === null) await sleep(1);
  child.kill('SIGTERM');
  const { status, signal } = await finished;
  expect([0, 'SIGTERM']).toContain(status ?? signal);
  expect(leftovers(cli)).toEqual([]);
});

test('a port that is taken is refused, and leaves nothing', async () => {
  const cli = await createPerson();
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const address = taken.address();
  const port = typeof address === 'object' ? `${address?.port}` : '';
  await cli.refusesBoth('bad_config', 'dev', '--port', port);
  await cli.refuses('usage', 'dev', '--port', '65536');
  expect(leftovers(cli)).toEqual([]);
});

test('it uses no configuration and no database of its user, however these are', async () => {
  const cli = await createPerson();
  const elsewhere = cli.with({
    env: { HANAPER_DB: 'nonsense', HANAPER_CONFIG: '/nonexistent', HANAPER_SECURITY: 'much' },
  });
  const { document } = await startDev(elsewhere);
  expect((await ask(document.url, '/readyz')).status).toBe(200);
});

test('on a terminal it says what it is for, shows each request, and Ctrl-C ends it', async () => {
  const cli = await createPerson();
  const terminal = openTerminal(cli, 'dev');
  await terminal.sees('For a server that stays');
  expect(terminal.screen).toContain('THIS IS FOR TRYING ONLY');
  const [, url = ''] = /listens at (\S+),/.exec(terminal.screen) ?? [];
  await ask(url, '/readyz');
  await terminal.sees('GET /readyz 200');
  terminal.interrupts();
  await terminal.sees('is gone.');
  await terminal.finished;
  expect(leftovers(cli)).toEqual([]);
});
