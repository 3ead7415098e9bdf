import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createInitialized, plugin } from '../support/cli.ts';

interface Loaded {
  readonly exports: readonly string[];
  readonly result?: string | null;
  readonly verification: object | null;
}

describe('hanaper package load', () => {
  let cli: Cli;

  beforeAll(async () => {
    cli = await createInitialized();
  });

  const signed = async (name: string, content: string | Uint8Array): Promise<string> => {
    cli.write(name, content);
    await cli.done('package', 'sign', name, '--key', 'release');
    return name;
  };

  test('runs nothing of a module that nobody signed', async () => {
    const mark = cli.path('unsigned-ran');
    cli.write('unsigned.mjs', `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(mark)}, '');`);
    await cli.refuses('signature_not_found', 'package', 'load', 'unsigned.mjs');
    expect(cli.has('unsigned-ran')).toBe(false);
    await cli.done('package', 'load', 'unsigned.mjs', '--unsigned');
    expect(cli.has('unsigned-ran')).toBe(true);
  });

  test('runs nothing of a module that was changed after it was signed', async () => {
    const mark = JSON.stringify(cli.path('changed-ran'));
    await signed('changed.mjs', 'export {};');
    cli.write('changed.mjs', `import { writeFileSync } from 'node:fs'; writeFileSync(${mark}, '');`);
    await cli.refuses('package_tampered', 'package', 'load', 'changed.mjs');
    expect(cli.has('changed-ran')).toBe(false);
  });

  test('requires a signature whatever the configuration says', async () => {
    cli.write('bare.mjs', 'export {};');
    const lax = cli.with({ env: { HANAPER_REQUIRE_SIGNATURES: 'false' } });
    await lax.refuses('signature_not_found', 'package', 'load', 'bare.mjs');
  });

  test('says that it verified nothing where it was told so', async () => {
    cli.write('bare.wasm', plugin);
    const { status, stderr, stdout } = await cli.run('package', 'load', 'bare.wasm', '--unsigned');
    expect(status).toBe(0);
    expect(stderr).toMatch(/^warning: .*--unsigned/);
    expect(stdout).toContain('unverified');
    expect(await cli.done<Loaded>('package', 'load', 'bare.wasm', '--unsigned')).toMatchObject({ verification: null });
  });

  test('calls an export, awaits it, and says what it returned', async () => {
    const source =
      'export const now = async () => ({ answer: 42 }); export const nothing = () => {}; export const n = 1;';
    await signed('calls.mjs', source);
    const call = (name: string) => cli.done<Loaded>('package', 'load', 'calls.mjs', '--call', name);
    expect(await call('now')).toMatchObject({ exports: ['n', 'nothing', 'now'], result: '{ answer: 42 }' });
    expect(await call('nothing')).toMatchObject({ result: 'undefined' });
    for (const name of ['n', 'missing', 'constructor', '__proto__', 'toString']) {
      await cli.refuses('not_found', 'package', 'load', 'calls.mjs', '--call', name);
    }
    await signed('answer.wasm', plugin);
    await cli.refuses('not_found', 'package', 'load', 'answer.wasm', '--call', 'question');
  });

  test('keeps what the package prints off standard output', async () => {
    await signed('loud.mjs', "console.log('OUT'); console.error('ERR'); process.stdout.write('MORE');");
    const { status, stdout, stderr } = await cli.run('package', 'load', 'loud.mjs');
    expect(status).toBe(0);
    expect(stdout).not.toMatch(/OUT|ERR|MORE/);
    for (const word of ['OUT', 'ERR', 'MORE']) expect(stderr).toContain(word);
    await cli.done('package', 'load', 'loud.mjs');
  });

  test('hands the package no environment, no credential and no terminal', async () => {
    await signed('curious.mjs', 'export const look = () => JSON.stringify([process.env, process.argv.length]);');
    const rich = cli.with({
      env: {
        HANAPER_PASSPHRASE: 'orange lantern',
        HANAPER_NEW_PASSPHRASE: 'kettle',
        PGPASSWORD: 'x',
        NODE_OPTIONS: '',
      },
      input: 'typed',
    });
    const { result } = await rich.done<Loaded>('package', 'load', 'curious.mjs', '--call', 'look');
    expect(JSON.parse(String(result).slice(1, -1))).toMatchObject([{}, expect.any(Number)]);
    expect(result).toContain('[{},');
    await signed(
      'reader.mjs',
      "import { readFileSync } from 'node:fs'; export const read = () => readFileSync(0, 'utf8');",
    );
    expect(await rich.done<Loaded>('package', 'load', 'reader.mjs', '--call', 'read')).toMatchObject({ result: "''" });
  });

  test.each([
    ['statically', "import './beside.mjs';", undefined],
    ['as a bare name', "import 'commander';", undefined],
    ['by URL', `import 'data:text/javascript,export {}';`, undefined],
    ['when it runs', "await import('./beside.mjs');", undefined],
    ['when it is called', "export const late = () => import('./beside.mjs');", 'late'],
    ['under a name that Node does not know', "import 'sqlite';", undefined],
  ])('refuses what the package imports %s and nobody signed', async (_, source, call) => {
    writeFileSync(cli.path('beside.mjs'), `import { writeFileSync } from 'node:fs'; writeFileSync('beside-ran', '');`);
    await signed('importing.mjs', source);
    const load = ['package', 'load', 'importing.mjs', ...(call === undefined ? [] : ['--call', call])];
    await cli.refuses('unverified_import', ...load);
    expect(cli.has('beside-ran')).toBe(false);
  });

  test.each([
    ['throws', "throw new Error('no')"],
    ['throws what is no error', 'throw null'],
    ['throws what cannot be described', 'throw { toString() { throw 1 } }'],
    ['does not parse', 'export const = ;'],
    ['ends its process', 'process.exit(0)'],
    ['ends its process with 7', 'process.exit(7)'],
    ['kills its process', "process.kill(process.pid, 'SIGKILL')"],
    ['answers for us', "import { writeSync } from 'node:fs'; writeSync(4, '{\"exports\":[1]}'); process.exit(0)"],
    ['answers with nonsense', "import { writeSync } from 'node:fs'; writeSync(4, 'null'); process.exit(0)"],
  ])('reports a package that %s as bad input', async (_, source) => {
    await signed('bad.mjs', source);
    await cli.refuses('bad_input', 'package', 'load', 'bad.mjs');
  });

  test.each(['plugin.txt', 'plugin', 'plugin.cjs', 'plugin.WASM', 'plugin.ts'])('does not load %s', async (name) => {
    await signed(name, 'export {};');
    await cli.refuses('bad_input', 'package', 'load', name);
  });

  test('does not load what only has the name of a module', async () => {
    await signed('text.wasm', 'not WebAssembly');
    await cli.refuses('bad_input', 'package', 'load', 'text.wasm');
  });
});
