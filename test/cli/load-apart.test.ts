import { beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createInitialized, plugin } from '../support/cli.ts';
import { createTempFolder } from '../support/engines.ts';

interface Loaded {
  readonly exports: readonly string[];
  readonly result?: string | null;
  readonly verification: { readonly signer_name: string | null } | null;
}

// What a hostile package looks at: every process above it, as far as it may.
const spy = `import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
const attempt = (read) => { try { return read(); } catch (error) { return error.code; } };
const parentOf = (pid) => Number(/^PPid:\\s*(\\d+)$/m.exec(readFileSync('/proc/' + pid + '/status', 'utf8'))[1]);
export function look() {
  const seen = [];
  for (let pid = process.pid; pid > 0 && pid !== OUTSIDE; pid = parentOf(pid)) {
    const folder = '/proc/' + pid;
    const descriptors = readdirSync(folder + '/fd').map((number) => [number, attempt(() => readlinkSync(folder + '/fd/' + number))]);
    const held = descriptors.filter(([, target]) => target.startsWith('/') && !target.startsWith('/dev/'));
    seen.push({ environment: attempt(() => readFileSync(folder + '/environ', 'utf8')), held });
  }
  return JSON.stringify(seen);
}
export const parent = () => process.ppid;`;

let cli: Cli;

beforeAll(async () => {
  cli = await createInitialized();
});

async function sign(name: string, content: string | Uint8Array): Promise<string> {
  cli.write(name, content);
  await cli.done('package', 'sign', name, '--key', 'release');
  return name;
}

describe('a package that "package load" runs', () => {
  test('finds neither environment nor descriptors of the process that verified it', async () => {
    await sign('spy.mjs', spy.replace('OUTSIDE', String(process.pid)));
    cli.write('low', 'a secret on a low descriptor');
    cli.write('high', 'a secret on a high descriptor');
    const rich = cli.with({ env: { HANAPER_PASSPHRASE: 'orange lantern', AWS_SECRET_ACCESS_KEY: 'kettle' } });
    const { executable } = await import('../support/cli.ts');
    const script = `exec "$0" "$1" --json package load spy.mjs --call look 5<low 77<high`;
    const { status, stdout, stderr } = await rich.runProgram('bash', '-c', script, process.execPath, executable);
    expect(status, stdout + stderr).toBe(0);
    const seen: unknown = JSON.parse(String(JSON.parse(stdout).result).slice(1, -1));
    expect(seen).toEqual([
      { environment: '', held: [] },
      { environment: '', held: [] },
    ]);
  });

  test('is told nothing by the arguments of its parent', async () => {
    const source = `import { readFileSync } from 'node:fs';
      export const look = () => readFileSync('/proc/' + process.ppid + '/cmdline', 'utf8').split('\\0').length;`;
    await sign('arguments.mjs', source);
    const loaded = await cli.done<Loaded>(
      'package',
      'load',
      'arguments.mjs',
      '--call',
      'look',
      '--trust-key',
      await key(),
    );
    // The program, the script, and the end.
    expect(loaded.result).toBe('3');
  });

  test('leaves no file behind that it was handed over in', async () => {
    const folder = await createTempFolder();
    await sign('plain.mjs', 'export const answer = 42;');
    const { readdirSync } = await import('node:fs');
    await cli.with({ env: { TMPDIR: folder } }).done('package', 'load', 'plain.mjs');
    expect(readdirSync(folder)).toEqual([]);
    await cli
      .with({ env: { TMPDIR: cli.path('no-such-folder') } })
      .refuses('unavailable', 'package', 'load', 'plain.mjs');
  });

  test('does not run where its events go to a descriptor that would be closed', async () => {
    await sign('told.mjs', 'export {};');
    await cli.refuses('bad_config', '--log', '/dev/fd/7', 'package', 'load', 'told.mjs');
    const { stderr } = await cli.run('--log', '-', 'package', 'load', 'told.mjs');
    expect(stderr).toContain('package.load.success');
  });

  test.each([
    ['that spoofs exports', 'export function then(resolve) { resolve({ spoofed: 1 }); }'],
    ['that never answers', 'export function then() {}'],
  ])('may export then, %s', async (_, source) => {
    await sign('thenable.mjs', `${source} export const real = 1;`);
    expect(await cli.done<Loaded>('package', 'load', 'thenable.mjs')).toMatchObject({ exports: ['real', 'then'] });
  });

  test('may export then from WebAssembly', async () => {
    const named = Buffer.from(plugin).toString('latin1').replace('\x06answer', '\x04then');
    const shorter = Buffer.from(named.replace('\x07\x0a\x01', '\x07\x08\x01'), 'latin1');
    await sign('thenable.wasm', shorter);
    expect(await cli.done<Loaded>('package', 'load', 'thenable.wasm')).toMatchObject({ exports: ['then'] });
  });

  test('is told which imports of WebAssembly it does not get', async () => {
    // (module (import "env" "now" (func)) (import "env" "memory" (memory 1)))
    const imports = Buffer.from(
      '0061736d0100000001040160000002190203656e76036e6f77000003656e76066d656d6f7279020001',
      'hex',
    );
    await sign('importing.wasm', imports);
    const { message, details } = await cli.refuses('bad_input', 'package', 'load', 'importing.wasm');
    expect(details).toMatchObject({ imports: ['env.now (function)', 'env.memory (memory)'], count: 2 });
    expect(message).toContain('env.now (function), env.memory (memory)');
  });
});

async function key(): Promise<string> {
  if (!cli.has('release.pem')) await cli.done('key', 'export', 'release', '--output', 'release.pem');
  return 'release.pem';
}

describe('"package load" takes what "package verify" takes:', () => {
  test('public keys alone, without a database', async () => {
    await sign('keys.mjs', 'export const answer = () => 42;');
    const without = cli.with({ env: { HANAPER_DB: 'sqlite:no-such.db' } });
    const load = ['package', 'load', 'keys.mjs', '--call', 'answer', '--trust-key', await key()];
    expect(await without.done<Loaded>(...load)).toMatchObject({ result: '42', verification: { organisation: null } });
    await cli.done('key', 'create', 'other');
    await cli.done('key', 'export', 'other', '--output', 'other.pem');
    await without.refuses('untrusted_signer', 'package', 'load', 'keys.mjs', '--trust-key', 'other.pem');
    await without.done('package', 'load', 'keys.mjs', '--trust-key', 'other.pem', '--trust-key', await key());
  });

  test('a name and a signature file', async () => {
    await sign('released.mjs', 'export const answer = () => 42;');
    cli.write('renamed.mjs', cli.read('released.mjs'));
    await cli.refuses('signature_not_found', 'package', 'load', 'renamed.mjs');
    const signature = ['--signature', 'released.mjs.sig'];
    await cli.refuses('package_name_mismatch', 'package', 'load', 'renamed.mjs', ...signature);
    await cli.done('package', 'load', 'renamed.mjs', ...signature, '--name', 'released.mjs');
    const keys = ['--trust-key', await key()];
    await cli.done('package', 'load', 'renamed.mjs', ...signature, '--name', 'released.mjs', ...keys);
  });

  test('and refuses what would be ignored', async () => {
    await sign('refused.mjs', 'export {};');
    const did = 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp';
    const others = [
      ['--trust-bundle', 'acme.trust'],
      ['--trust-state', 'state'],
      ['--require-state'],
      ['--proof', 'proof.json'],
      ['--org', 'acme'],
      ['--authority', did],
    ];
    for (const other of others) {
      const verb = ['package', 'load', 'refused.mjs', ...other];
      await cli.refuses('usage', ...verb, '--trust-key', await key());
      await cli.refuses('usage', 'package', 'verify', 'refused.mjs', ...other, '--trust-key', await key());
      await cli.refuses('usage', ...verb, '--unsigned');
    }
    for (const other of [
      ['--trust-key', await key()],
      ['--name', 'x'],
      ['--signature', 'refused.mjs.sig'],
    ]) {
      await cli.refuses('usage', 'package', 'load', 'refused.mjs', ...other, '--unsigned');
    }
  });
});
