import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Cli, createInitialized, executable } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';

let cli: Cli;

beforeAll(async () => {
  cli = await createInitialized();
  cli.write('file', 'a package');
  await cli.done('package', 'sign', 'file', '--key', 'release');
  cli.write('altered', 'another package');
  cli.write('altered.sig', cli.read('file.sig'));
});

const hanaper = `'${process.execPath}' '${executable}'`;
const serve = `${hanaper} serve --metrics off --socket`;

async function answers(socket: string): Promise<void> {
  await eventually(async () => {
    const { status } = await cli.runProgram('curl', '-s', '-f', '--unix-socket', socket, 'http://localhost/healthz');
    return status === 0;
  });
}

describe('a server whose log', () => {
  test.each([
    ['is on a full disk', (socket: string) => `exec ${serve} ${socket} > /dev/full`],
    ['is read by nobody', (socket: string) => `exec ${serve} ${socket}`],
    ['was read by one that went away', (socket: string) => `exec ${serve} ${socket} > >(head -1)`],
  ])('%s answers, and stops when it is told to', async (what, command) => {
    const socket = `./${what.replaceAll(' ', '-')}`;
    const child = spawn('bash', ['-c', command(socket)], { cwd: cli.folder, env: { ...cli.env } });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    await answers(socket);
    // More than a pipe holds.
    for (let turn = 0; turn < 8; turn++) {
      const urls = `http://localhost/${'x'.repeat(2000)}[1-100]`;
      await cli.runProgram('curl', '-s', '-o', '/dev/null', '--unix-socket', socket, urls);
    }
    await answers(socket);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});

describe('a command whose output nobody takes', () => {
  test('ends with its own status, and one line that says so', async () => {
    const run = (...words: readonly string[]) =>
      cli.runProgram('sh', '-c', `${hanaper} ${words.join(' ')} > /dev/full`);
    for (const json of ['', '--json']) {
      const refused = await run(json, 'package', 'verify', 'altered');
      expect(refused.status).toBe(3);
      expect(refused.stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(refused.stderr).toContain('(package_tampered)');
      const done = await run(json, 'package', 'verify', 'file');
      expect(done.status).toBe(1);
      expect(done.stderr).toMatch(/^error: .*ENOSPC.* carried out\. \(unavailable\)\n$/);
    }
  });
});
