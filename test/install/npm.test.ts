import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { version } from '../../src/version.ts';
import { createTempFolder } from '../support/engines.ts';
import { type Ended, runAsNewcomer } from '../support/own-node.ts';

// What "npm ci" has fetched is in npm's cache: it is asked first, so that nothing is fetched twice.
const npm = ['npm', '--prefer-offline', '--no-audit', '--no-fund', '--no-update-notifier'];
let prefix: string;
let project: string;

beforeAll(async () => {
  [prefix, project] = [await createTempFolder(), await createTempFolder()];
  // Without its scripts, which would build "dist" anew under the feet of the other tests.
  const packed = await succeed([...npm, 'pack', '--ignore-scripts', '--json', '--pack-destination', prefix]);
  const archive = join(prefix, JSON.parse(packed)[0].filename);
  writeFileSync(join(project, 'package.json'), '{ "private": true }\n');
  await Promise.all([
    succeed([...npm, 'install', '--global', '--prefix', prefix, archive]),
    succeed([...npm, 'install', archive], project),
  ]);
}, 600_000);

test('a global install puts the command on the path, for a machine that has an older Node', async () => {
  expect(await runInstalled('hanaper', '--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  // Where the guide takes the unit from.
  expect(existsSync(join(prefix, 'lib/node_modules/hanaper/deploy/hanaper.service'))).toBe(true);
});

test('in a checkout the command is bin/hanaper.cjs', async () => {
  expect(await runAsNewcomer(['bin/hanaper.cjs', '--version'])).toEqual({
    status: 0,
    stdout: `${version}\n`,
    stderr: '',
  });
});

test.each([[['npx', 'hanaper']], [['node_modules/.bin/hanaper']]])('a dependency is started by %j', async (command) => {
  const ended = await runAsNewcomer([...command, '--version'], { cwd: project });
  expect(ended).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
});

test('what is installed signs, verifies and refuses, with the exit status of the refusal', async () => {
  writeFileSync(join(project, 'passphrase.txt'), 'copper lantern drifts past midnight\n', { mode: 0o600 });
  const secret = ['--passphrase-file', 'passphrase.txt'];
  expect(await runInstalled('hanaper', 'init', '--org', 'acme', ...secret)).toMatchObject({ status: 0 });
  expect(await runInstalled('hanaper', 'key', 'create', 'release', ...secret)).toMatchObject({ status: 0 });
  const signing = ['package', 'sign', 'package.json', '--key', 'release', ...secret];
  expect(await runInstalled('hanaper', ...signing)).toMatchObject({ status: 0 });
  expect(await runInstalled('hanaper', 'package', 'verify', 'package.json')).toMatchObject({ status: 0 });
  expect(await runInstalled('hanaper', 'package', 'verify', 'package.json', '--name', 'other')).toMatchObject({
    status: 3,
  });
}, 120_000);

test('a program that imports the library runs with the Node that came along', async () => {
  const program = "import { openAuthority } from 'hanaper';\nconsole.log(typeof openAuthority);\n";
  writeFileSync(join(project, 'program.mjs'), program);
  const ended = await runAsNewcomer(['npx', 'node', 'program.mjs'], { cwd: project });
  expect(ended).toEqual({ status: 0, stdout: 'function\n', stderr: '' });
});

function runInstalled(...command: readonly string[]): Promise<Ended> {
  return runAsNewcomer(command, { cwd: project, home: project, path: [join(prefix, 'bin')] });
}

async function succeed(command: readonly string[], cwd?: string): Promise<string> {
  const { status, stdout, stderr } = await runAsNewcomer(command, cwd === undefined ? {} : { cwd });
  expect(status, stderr).toBe(0);
  return stdout;
}
