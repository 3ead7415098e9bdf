import { spawnSync } from 'node:child_process';
import { readFileSync, truncateSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Cli, cheap, createCli, createInitialized, executable, finish } from '../support/cli.ts';
import { engines } from '../support/engines.ts';
import { eventually } from '../support/eventually.ts';

const hanaper = `'${process.execPath}' '${executable}'`;

describe.each(engines)('$name: processes at the same time', (engine) => {
  test('four create keys, and all succeed', async () => {
    const cli = await createInitialized(await engine.createUrl());
    const names = ['one', 'two', 'three', 'four'];
    await Promise.all(names.map((name) => cli.done('key', 'create', name)));
    const { keys } = await cli.done<{ keys: { name: string }[] }>('key', 'list');
    expect(keys.map(({ name }) => name).toSorted()).toEqual([...names, 'release'].toSorted());
    await cli.done('validate');
  });

  test('three initialise, and one succeeds', async () => {
    const cli = await createCli(await engine.createUrl());
    const runs = await Promise.all([1, 2, 3].map(() => cli.run('--json', 'init', '--org', 'acme', ...cheap)));
    expect(runs.map(({ status }) => status).toSorted()).toEqual([0, 7, 7]);
    const made = runs.find(({ status }) => status === 0);
    expect(await cli.done('status')).toMatchObject({ did: JSON.parse(made?.stdout ?? '{}').did });
    await cli.done('key', 'create', 'release');
  });

  test('two create the same key, and one succeeds', async () => {
    const cli = await createInitialized(await engine.createUrl());
    const runs = await Promise.all([1, 2].map(() => cli.run('key', 'create', 'same')));
    expect(runs.map(({ status }) => status).toSorted()).toEqual([0, 7]);
  });
});

describe('a signal', () => {
  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('%s while a large file is hashed ends with %d, and nothing is signed', async (signal, status) => {
    const cli = await createInitialized();
    cli.write('large', 'x');
    truncateSync(cli.path('large'), 64 * 1024 * 1024 * 1024);
    const child = cli.start('--log', 'log', 'package', 'sign', 'large', '--key', 'release');
    const finished = finish(child);
    await logged(cli, 'vault.unlocked');
    child.kill(signal);
    expect(await finished).toMatchObject({ status, signal: null, stdout: '' });
    expect(cli.has('large.sig')).toBe(false);
  });

  test.each([
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
    ['SIGKILL', null],
  ] as const)('%s ends the package that is running, and what that has started', async (signal, status) => {
    const cli = await createInitialized();
    const beat = JSON.stringify(cli.path('beat'));
    const source = `import { spawn } from 'node:child_process';
      import { writeFileSync } from 'node:fs';
      for (const name of ['SIGHUP', 'SIGQUIT', 'SIGTERM']) process.on(name, () => undefined);
      spawn('sleep', ['1000'], { stdio: 'inherit' }).on('spawn', () => { writeFileSync(${beat}, ''); for (;;); });
      await new Promise(() => undefined);`;
    cli.write('busy.mjs', source);
    const child = cli.start('package', 'load', 'busy.mjs', '--unsigned');
    const finished = finish(child);
    await eventually(() => cli.has('beat'));
    child.kill(signal);
    // The streams that both have inherited close with the last of them.
    expect(await finished).toMatchObject(status === null ? { signal } : { status });
  });

  test('is not needed for what a package has started: it ends with the answer', async () => {
    const cli = await createInitialized();
    cli.write(
      'leaving.mjs',
      `import { spawn } from 'node:child_process'; spawn('sleep', ['1000'], { stdio: 'inherit' });`,
    );
    expect(await cli.run('package', 'load', 'leaving.mjs', '--unsigned')).toMatchObject({ status: 0 });
  });

  test('ends the package that is running too', async () => {
    const cli = await createInitialized();
    const beat = JSON.stringify(cli.path('beat'));
    const source = `import { writeFileSync } from 'node:fs';
      export const run = () => { for (;;) { writeFileSync(${beat}, String(Date.now())); } };`;
    cli.write('endless.mjs', source);
    const child = cli.start('package', 'load', 'endless.mjs', '--unsigned', '--call', 'run');
    const finished = finish(child);
    onTestFinished(() => stopWriters(cli));
    await eventually(() => cli.has('beat'));
    child.kill('SIGTERM');
    // The streams that the package inherited close with it.
    expect(await finished).toMatchObject({ status: 143 });
  });
});

describe('a reader that goes away', () => {
  test('ends the output quietly', async () => {
    const cli = await createInitialized();
    const script = `${hanaper} completion bash | head -1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await cli.runProgram('bash', '-c', script);
    expect(stdout.split('\n')[0]).toBe('_hanaper() {');
    expect(stderr).toBe('');
  });

  test.each([
    ['standard error', '', '2>&1 >/dev/null'],
    ['standard output', '--json', ''],
  ])('from %s turns no refusal into a success', async (_, option, redirection) => {
    const cli = await createInitialized();
    cli.write('unsigned', 'x');
    const script = `${hanaper} ${option} package verify unsigned ${redirection} | { exec 0<&-; sleep 2; }; exit "\${PIPESTATUS[0]}"`;
    expect((await cli.runProgram('bash', '-c', script)).status).toBe(3);
  });
});

describe('an older Node', () => {
  const stub = `
    Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '24.20.9' } });
    Object.defineProperty(process, 'version', { value: 'v24.20.9' });`;

  test.each([process.execPath, ...olderNodes()])('is told so in one line (%s)', async (node) => {
    const cli = await createCli();
    cli.write('stub.cjs', stub);
    const preload = node === process.execPath ? ['--require', './stub.cjs'] : [];
    const { status, stdout, stderr } = await cli.runProgram(node, ...preload, executable, 'status');
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^hanaper needs Node 24\.21 or newer[^\n]+\n$/);
  });
});

/** Waits for an event in the file `log`. */
async function logged(cli: Cli, event: string): Promise<void> {
  await eventually(() => cli.has('log') && readFileSync(cli.path('log'), 'utf8').includes(event));
}

/** Ends what a test left running: the processes that name its working folder. */
function stopWriters(cli: Cli): void {
  spawnSync('sh', [
    '-c',
    `for p in /proc/[0-9]*; do [ "$(readlink "$p/cwd")" = "$0" ] && kill -9 "\${p#/proc/}"; done`,
    cli.folder,
  ]);
}

/** Where the system has a Node that is too old, that is tried as well. */
function olderNodes(): readonly string[] {
  return ['/usr/bin/node', '/usr/local/bin/node'].filter((path) => {
    const [major = 99, minor = 0] =
      spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout?.slice(1).split('.').map(Number) ?? [];
    return major < 24 || (major === 24 && minor < 21);
  });
}
