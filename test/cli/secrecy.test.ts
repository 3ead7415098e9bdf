import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { type Cli, cheap, createCli, createInitialized, type Finished } from '../support/cli.ts';
import { engines } from '../support/engines.ts';

const secret = 'quixotic-marmalade-Zephyr-7391';
const newSecret = 'umbral-tangerine-Vortex-2846';

describe.each(engines)('$name', (engine) => {
  test('no output, log or file of any command holds a passphrase, a private key or a password', async () => {
    const cli = (await createCli(await engine.createUrl())).with({ env: { HANAPER_DEBUG: '1' } });
    const said: string[] = [];
    const say = async (from: Cli, ...args: readonly string[]): Promise<Finished> => {
      const finished = await from.run('--log', 'events.log', ...args);
      said.push(finished.stdout, finished.stderr);
      return finished;
    };
    const seed = randomBytes(32);
    cli.write('pass', secret);
    cli.write('new', newSecret);
    cli.write('broken', Buffer.concat([Buffer.from(secret), Buffer.of(0xff)]));
    cli.write('long', secret.repeat(100));
    cli.write('pass.pem', `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`);
    cli.write('config.json', JSON.stringify({ passphrase: secret, db: `postgres://u:${newSecret}@localhost/x` }));
    cli.write('seed', seed);
    cli.write('file', 'x');
    const password = `postgres://someone:${secret}@127.0.0.1:1/none`;
    const byVariable = cli.with({ env: { HANAPER_PASSPHRASE_FILE: '', HANAPER_PASSPHRASE: secret } });
    const statuses: (number | null)[] = [];
    for (const [from, ...args] of [
      [cli, 'init', '--org', 'acme', ...cheap],
      [cli, 'init', ...cheap],
      [cli, 'status'],
      [byVariable, 'key', 'create', 'release'],
      [byVariable, 'key', 'create', 'release'],
      [cli, 'key', 'import', 'known', 'seed'],
      [cli, 'key', 'import', 'odd', 'pass.pem'],
      [cli, 'key', 'import', 'odd', 'pass'],
      [cli, 'trust', 'add', 'pass'],
      [cli, 'trust', 'revoke', 'no-fingerprint'],
      [cli, 'package', 'sign', 'file', '--key', 'known', '--store'],
      [cli, 'package', 'verify', 'file'],
      [cli, 'package', 'verify', 'file', '--signature', 'pass'],
      [cli, 'key', 'create', 'x', '--passphrase-file', 'broken'],
      [cli, 'key', 'create', 'x', '--passphrase-file', 'long'],
      [cli, 'key', 'create', 'x', '--passphrase-file', 'new'],
      [cli, 'key', 'create', 'x', '--raw-key-file', 'pass'],
      [cli, 'status', '--db', password],
      [cli, 'status', '--db', password.replace('postgres', 'mysql')],
      [cli, 'status', '--db', password.replace('127.0.0.1:1', 'host:notaport')],
      [cli.with({ env: { HANAPER_CONFIG: cli.path('config.json') } }), 'status'],
      [cli.with({ env: { HANAPER_NEW_PASSPHRASE: newSecret } }), 'passphrase', 'change', ...cheap],
      [cli, 'key', 'create', 'y'],
      [cli, 'validate', '--passphrase-file', 'new'],
      [cli, 'key', 'revoke', 'known', '--passphrase-file', 'new'],
      [cli, 'package', 'sign', 'file', '--key', 'known', '--passphrase-file', 'new'],
    ] as const) {
      const json = (statuses.length + engines.indexOf(engine)) % 2 === 0 ? ['--json'] : [];
      statuses.push((await say(from, ...json, ...args)).status);
    }
    expect(new Set(statuses)).toEqual(new Set([0, 1, 2, 3, 4, 5, 7, 8]));
    said.push(cli.read('events.log').toString(), readAll(cli.home));
    const secrets = [secret, newSecret, seed.toString('hex'), seed.toString('base64'), seed.toString('latin1')];
    for (const text of said) for (const hidden of secrets) expect(text).not.toContain(hidden);
  });
});

test('a password that PostgreSQL refuses is not repeated', async () => {
  const url = new URL(inject('postgresUrl'));
  url.password = secret;
  const cli = await createCli(url.href);
  const { message } = await cli.refusesBoth('unavailable', 'status');
  expect(message).not.toContain(secret);
});

describe('a name that could steer a terminal', () => {
  test.each([
    // Escape, bell, carriage return, C1, right-to-left override, line separator, and a byte-order mark inside.
    '\x1b[31mx\x07\r\u009b31m\u202egpj\u2028\ufeff.wasm',
    'two\nlines',
  ])('is printed harmlessly: %j', async (name) => {
    const cli = await createInitialized();
    cli.write(name, 'x');
    const outputs = await Promise.all([
      cli.run('package', 'verify', name),
      cli.run('package', 'sign', name, '--key', name),
      cli.run('package', 'signatures', name),
      cli.run('package', 'load', name),
      cli.run('key', 'show', name),
      cli.run('org', 'show', name),
      cli.run('status', '--db', `sqlite:${name}`),
      cli.run('package', 'verify', 'missing', '--trust-key', name),
      cli.run(name),
      cli.run('package', name),
      cli.run('status', `--${name}`),
      cli.run('package', 'sign', name, '--key', 'release'),
      cli.run('completion', name),
    ]);
    for (const { stdout, stderr } of outputs) {
      // Of all control and format characters only the newline that ends a line is left.
      expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]|\p{Cf}|\p{Zl}|\p{Zp}/u);
      expect(stdout + stderr).not.toContain('two\nlines');
    }
  });
});

/** What Hanaper wrote under a home folder, the test's own files left out. */
function readAll(home: string): string {
  return readdirSync(join(home, '.local'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'))
    .join('\n');
}
