import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { createCli } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';

// Says who it is, and what it has started, and waits.
const waiting = `import { spawn } from 'node:child_process';
export const wait = () => new Promise(() => {
  const started = spawn('/bin/sleep', ['600'], { stdio: 'ignore' });
  console.error('pids ' + process.pid + ' ' + started.pid);
  setInterval(() => undefined, 1000);
});`;

function stateOf(pid: number): string {
  return /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
}

async function untilAll(pids: readonly number[], isSo: (state: string) => boolean): Promise<void> {
  await eventually(() => pids.every((pid) => isSo(stateOf(pid))));
}

async function readPids({ stderr }: ChildProcessWithoutNullStreams): Promise<readonly number[]> {
  let text = '';
  for await (const chunk of stderr) {
    text += chunk;
    const [, ...pids] = /^pids (\d+) (\d+)$/m.exec(text) ?? [];
    if (pids.length > 0) return pids.map(Number);
  }
  throw new Error(text);
}

const isStopped = (state: string) => state === 'T';

test('Ctrl-Z stops a package and what it has started, and they go on with the command', async () => {
  const cli = await createCli();
  cli.write('waiting.mjs', waiting);
  const command = cli.start('package', 'load', 'waiting.mjs', '--unsigned', '--call', 'wait');
  onTestFinished(() => void command.kill('SIGKILL'));
  const all = [command.pid ?? 0, ...(await readPids(command))];
  command.kill('SIGTSTP');
  await untilAll(all, isStopped);
  command.kill('SIGCONT');
  await untilAll(all, (state) => !isStopped(state));
  command.kill('SIGTSTP');
  await untilAll(all, isStopped);
  command.kill('SIGCONT');
  command.kill('SIGTERM');
  await once(command, 'exit');
  expect(command.exitCode).toBe(143);
});
