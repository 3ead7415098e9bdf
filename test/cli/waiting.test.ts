import { readdirSync, readlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createInitialized, finish, openTerminal } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { makePipe } from '../support/fixtures.ts';

let cli: Cli;

beforeAll(async () => {
  cli = await createInitialized();
  cli.write('file', 'a package');
  await cli.done('package', 'sign', 'file', '--key', 'release');
  await cli.done('key', 'export', 'release', '--output', 'release.pem');
});

/** Waits until a process has a file open: then it waits for what comes. */
async function opens(pid: number | undefined, path: string): Promise<void> {
  await eventually(() => listOpen(`/proc/${pid}/fd`).includes(path));
}

function listOpen(folder: string): readonly string[] {
  return readdirSync(folder).map((descriptor) => {
    try {
      return readlinkSync(`${folder}/${descriptor}`);
    } catch {
      // Closed meanwhile.
      return '';
    }
  });
}

describe('while a pipe has nothing to say, a signal ends', () => {
  test.each([
    ['package verify file --trust-key PIPE', 'SIGTERM'],
    ['trust add PIPE', 'SIGINT'],
    ['key import taken PIPE', 'SIGTERM'],
    ['identity show PIPE', 'SIGTERM'],
    ['identity create --output sealed.pem --key-passphrase-file PIPE', 'SIGINT'],
    ['policy set PIPE', 'SIGTERM'],
    ['ucan inspect PIPE', 'SIGINT'],
    ['org create zz --raw-key-file PIPE', 'SIGTERM'],
    [
      'ucan invoke --issuer x --subject did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK --command /a --args @PIPE',
      'SIGTERM',
    ],
    ['serve --listen 127.0.0.1:0 --metrics off --tls-cert PIPE --tls-key PIPE', 'SIGTERM'],
  ] as const)('%s (%s)', async (command, signal) => {
    const pipe = `pipe-${command.replaceAll(/\W+/g, '-')}`;
    makePipe(cli.path(pipe));
    const child = cli.start(...command.replaceAll('PIPE', pipe).split(' '));
    const finished = finish(child);
    await opens(child.pid, cli.path(pipe));
    child.kill(signal);
    const { status, signal: by } = await finished;
    expect(by ?? status).toBe(command.startsWith('serve') ? signal : signal === 'SIGINT' ? 130 : 143);
    expect(readdirSync(cli.folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test.each(['ucan inspect -', 'policy set -', 'org create zz --passphrase-file -'])(
    'on a terminal, Ctrl-C: %s',
    async (command) => {
      const terminal = openTerminal(cli, ...command.split(' '));
      await sleep(1500);
      terminal.interrupts();
      expect((await terminal.finished).status).toBe(130);
    },
  );
});

describe('what comes late is read', () => {
  test('from a pipe by name', async () => {
    makePipe(cli.path('late'));
    const child = cli.start('package', 'verify', 'file', '--trust-key', 'late');
    const finished = finish(child);
    await opens(child.pid, cli.path('late'));
    await writeFile(cli.path('late'), cli.read('release.pem'));
    expect((await finished).status).toBe(0);
  });

  test('from standard input, and a second time it is at its end', async () => {
    const child = cli.start('package', 'verify', 'file', '--trust-key', '-', '--trust-key', '-');
    const finished = finish(child);
    const pem = cli.read('release.pem');
    child.stdin.write(pem.subarray(0, 40), () => child.stdin.end(pem.subarray(40)));
    const { status, stderr } = await finished;
    expect(stderr).toContain('malformed_key');
    expect(status).toBe(8);
  });

  test('and no more than is taken', async () => {
    await cli.with({ input: 'x'.repeat(1_100_000) }).refuses('bad_input', 'policy', 'set', '-');
  });
});
