import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { root as checkout } from '../docs/pages.ts';
import { createTempFolder } from '../support/engines.ts';

const system = '/usr/bin:/bin';

// As npm lays it: a folder of packages, this one in it, and a link to its command elsewhere.
let packages: string;
let root: string;
let command: string;

beforeEach(async () => {
  const prefix = await createTempFolder();
  packages = join(prefix, 'lib/node_modules');
  root = join(packages, 'hanaper');
  cpSync(join(checkout, 'bin'), join(root, 'bin'), { recursive: true });
  cpSync(join(checkout, 'package.json'), join(root, 'package.json'));
  write(
    join(root, 'bin/start.cjs'),
    "console.log(process.pid, process.env.STARTED, process.argv.slice(2).join('|'));\n",
  );
  command = join(prefix, 'bin/hanaper');
  mkdirSync(dirname(command));
  symlinkSync('../lib/node_modules/hanaper/bin/hanaper.cjs', command);
});

test.each([
  ['beside the package', () => packages],
  ['below the package', () => join(root, 'node_modules')],
])('the Node %s takes the place of the shell, with the arguments as they were given', async (_, folder) => {
  const node = placeNode(packageOfNode(folder()));
  const { pid, ...ended } = await run([command, 'one', 'two words', '', '"$x" *']);
  const stdout = `${pid} ${node} one|two words||"$x" *\n`;
  expect(ended).toEqual({ status: 0, signal: null, stdout, stderr: '' });
});

test('the Node below the package counts more than one beside it', async () => {
  placeNode(packageOfNode(packages));
  const node = placeNode(packageOfNode(join(root, 'node_modules')));
  expect((await run([command])).stdout).toContain(` ${node} `);
});

test('without a Node of the package that of the path is taken', async () => {
  const node = placeNode(join(root, 'elsewhere'));
  expect((await run([command], `${dirname(node)}:${system}`)).stdout).toContain(` ${node} `);
});

test.each([
  ['a status', 'process.exit(3);', { status: 3, signal: null }],
  ['a signal', "process.kill(process.pid, 'SIGTERM');", { status: null, signal: 'SIGTERM' }],
])('%s of the command is that of the process', async (_, program, ended) => {
  placeNode(packageOfNode(packages));
  write(join(root, 'bin/start.cjs'), program);
  expect(await run([command])).toMatchObject(ended);
});

test('where sh is bash, the command starts as quietly', async () => {
  placeNode(packageOfNode(packages));
  const bin = join(root, 'elsewhere');
  mkdirSync(bin);
  symlinkSync('/bin/bash', join(bin, 'sh'));
  expect(await run([command], `${bin}:${system}`)).toMatchObject({ status: 0, stderr: '' });
});

test('the command reads what it is given on standard input', async () => {
  placeNode(packageOfNode(packages));
  write(join(root, 'bin/start.cjs'), 'process.stdin.pipe(process.stdout);');
  expect((await run([command], system, 'some words')).stdout).toBe('some words');
});

test('without any Node one line says what to type', async () => {
  const bin = join(root, 'elsewhere');
  mkdirSync(bin);
  symlinkSync('/bin/sh', join(bin, 'sh'));
  symlinkSync('/usr/bin/readlink', join(bin, 'readlink'));
  const { status, stdout, stderr } = await run([command], bin);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/^hanaper needs Node 24\.21 or newer[^\n]+ Type: npm install -g hanaper [^\n]+\n$/);
});

test.each<[string, () => void, RegExp]>([
  ['was not used', () => placeNode(packageOfNode(packages)), /Type: \S+\/hanaper\.cjs \(without "node" before it\)/],
  ['was left out', () => undefined, /Type: npm install -g hanaper --include=optional\n$/],
  ['was left out of a checkout', () => write(join(root, 'package-lock.json'), '{}'), /Type: npm ci --prefix \S+\n$/],
  ['is of no use here', () => write(join(root, 'package.json'), '{"optionalDependencies":{}}'), /https:\S+\n$/],
])('an older Node says in one line what to do, where the Node of the package %s', async (_, prepare, remedy) => {
  prepare();
  const older = join(root, 'older.cjs');
  const versions = "{ value: { node: '20.20.2' } }";
  write(older, `Object.defineProperties(process, { version: { value: 'v20.20.2' }, versions: ${versions} });\n`);
  const ended = await run([process.execPath, '--require', older, join(root, 'bin/hanaper.cjs')]);
  expect(ended).toMatchObject({ status: 1, stdout: '' });
  expect(ended.stderr).toMatch(/^hanaper needs Node 24\.21 or newer, and this is v20\.20\.2\. [^\n]+\n$/);
  expect(ended.stderr).toMatch(remedy);
});

interface Ended {
  readonly pid: number | undefined;
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run([program = '', ...args]: readonly string[], path = system, input = ''): Promise<Ended> {
  const child = spawn(program, args, { env: { PATH: path } });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ pid: child.pid, status, signal, stdout, stderr }));
  });
}

function packageOfNode(folder: string): string {
  const own = join(folder, `node-${process.platform}-${process.arch}`);
  write(join(own, 'package.json'), '{}');
  return own;
}

// The Node that runs the tests, which says by which path it was started.
function placeNode(folder: string): string {
  const node = join(folder, 'bin/node');
  write(node, `#!/bin/sh\nSTARTED='${node}' exec '${process.execPath}' "$@"\n`, 0o755);
  return node;
}

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
}
