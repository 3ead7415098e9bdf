import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createInitialized, finish } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';

let cli: Cli;

beforeAll(async () => {
  cli = await createInitialized();
  cli.write('plugin.wasm', 'a package');
  await cli.done('package', 'sign', 'plugin.wasm', '--key', 'release');
  await cli.done('key', 'export', 'release', '--output', 'release.pem');
});

test('a folder for the cache that cannot be made holds no command up', async () => {
  for (const folder of ['/proc/x', '/proc/x/y/z', '/dev/null']) {
    expect((await cli.with({ env: { XDG_CACHE_HOME: folder } }).run('--version')).status).toBe(0);
  }
});

describe('a package that runs', () => {
  test.each([
    ['waits', 'setInterval(() => undefined, 1000); await new Promise(() => undefined);', 'SIGHUP', 129],
    ['keeps its process busy', 'for (;;);', 'SIGKILL', 'SIGKILL'],
  ] as const)('and %s ends with the command, whatever that is ended by', async (name, code, signal, how) => {
    cli.write(`${name.length}.mjs`, `process.stderr.write('running');${code}`);
    const parent = cli.start('package', 'load', `${name.length}.mjs`, '--unsigned');
    const finished = finish(parent);
    await eventually(() => childrenOf(parent.pid).length > 0);
    const [child = 0] = childrenOf(parent.pid);
    await new Promise((resolve) =>
      parent.stderr.on('data', (said) => String(said).includes('running') && resolve(said)),
    );
    parent.kill(signal);
    await eventually(() => hasEnded(child));
    const ended = await finished;
    expect(ended.signal ?? ended.status).toBe(how);
  });
});

describe('what a file is not is said, and what to do', () => {
  test('a public key with a line in front, and a private one in its place', async () => {
    const pem = cli.read('release.pem');
    cli.write('lead.pem', Buffer.concat([Buffer.from('# release key of acme\n'), pem]));
    const verify = ['package', 'verify', 'plugin.wasm', '--trust-key'];
    const { details } = await cli.refuses('malformed_key', ...verify, 'lead.pem');
    expect(details).toEqual({ reason: 'text around the block', expected: 'PUBLIC KEY' });
    await cli.done('identity', 'create', '--output', 'own.pem');
    const taken = await cli.refuses('malformed_key', ...verify, 'own.pem');
    expect(taken.details['reason']).toBe('a private key');
  });

  test('a sealed key to import, and a public one', async () => {
    const sealed = ['--key-passphrase-file', cli.write('words', 'x'), '--allow-weak'];
    await cli.done('identity', 'create', '--output', 'sealed.pem', ...sealed);
    const { details } = await cli.refuses('malformed_key', 'key', 'import', 'k', 'sealed.pem');
    expect(details['reason']).toBe('encrypted');
    const taken = await cli.refuses('malformed_key', 'key', 'import', 'k', 'release.pem');
    expect(taken.details['reason']).toBe('a public key');
  });

  test('a trust bundle with a byte-order mark', async () => {
    const { authority } = await cli.done<{ authority: string }>('trust', 'export', '--output', 'a.trust');
    cli.write('bom.trust', Buffer.concat([Buffer.from('\ufeff'), cli.read('a.trust')]));
    const by = ['--trust-bundle', 'bom.trust', '--authority', authority];
    const { message } = await cli.refuses('trust_tampered', 'package', 'verify', 'plugin.wasm', ...by);
    expect(message).toContain('byte-order mark');
  });

  test('a name in another Unicode form: both are told, and in which', async () => {
    const [composed, decomposed] = ['caf\u00e9.wasm', 'cafe\u0301.wasm'];
    for (const name of [composed, decomposed]) cli.write(name, 'a package');
    await cli.done('package', 'sign', composed, '--key', 'release');
    cli.write(`${decomposed}.sig`, cli.read(`${composed}.sig`));
    const verify = ['package', 'verify', decomposed, '--trust-key', 'release.pem'];
    const { message, details } = await cli.refuses('package_name_mismatch', ...verify);
    expect(details).toEqual({
      expected: decomposed,
      actual: composed,
      reason: 'unicode form',
      expected_form: 'NFD',
      actual_form: 'NFC',
    });
    expect(message).toContain('caf\\u{e9}.wasm');
    await cli.done(...verify, '--name', composed);
  });
});

function childrenOf(pid: number | undefined): readonly number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  return existsSync(path) ? readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number) : [];
}

// A zombie has ended, and anyone who took it over has not asked yet.
function hasEnded(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  return !existsSync(path) || readFileSync(path, 'latin1').split(') ')[1]?.startsWith('Z') === true;
}
