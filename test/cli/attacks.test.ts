import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { createInitialized } from '../support/cli.ts';

// What a fresh pair of eyes tried, each once.
describe('signers at the same time', () => {
  test('each add their signature to the one file', async () => {
    const cli = await createInitialized();
    const names = ['one', 'two', 'three', 'four'];
    for (const name of names) await cli.done('key', 'create', name);
    cli.write('file.bin', 'x');
    await Promise.all(names.map((name) => cli.done('package', 'sign', 'file.bin', '--key', name)));
    const { signatures } = await cli.done<{ signatures: unknown[] }>('package', 'signatures', 'file.bin');
    expect(signatures).toHaveLength(names.length);
    expect(readdirSync(cli.folder).filter((name) => name.endsWith('.lock') || name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('a public key in raw bytes', () => {
  test('is not taken for a private one', async () => {
    const cli = await createInitialized();
    await cli.done('key', 'export', 'release', '--format', 'raw', '--output', 'release.raw');
    await cli.refuses('bad_input', 'key', 'import', 'oops', 'release.raw');
  });

  test('nor are 32 equal bytes', async () => {
    const cli = await createInitialized();
    cli.write('zeros', new Uint8Array(32));
    await cli.refuses('weak_key', 'key', 'import', 'oops', 'zeros');
  });
});

describe('the cache of compiled code', () => {
  test('is not looked for in the folder a command is run in', async () => {
    const cli = await createInitialized();
    const before = readdirSync(cli.folder);
    for (const env of [{ XDG_CACHE_HOME: 'relative' }, { XDG_CACHE_HOME: '', HOME: 'relative' }]) {
      expect((await cli.with({ env }).run('--version')).status).toBe(0);
    }
    expect(readdirSync(cli.folder)).toEqual(before);
  });

  test('is not used where others may write', async () => {
    const cli = await createInitialized();
    const cache = join(cli.folder, 'cache', 'hanaper', 'compile-cache');
    mkdirSync(cache, { recursive: true });
    chmodSync(cache, 0o777);
    await cli.with({ env: { XDG_CACHE_HOME: join(cli.folder, 'cache') } }).run('--version');
    expect(readdirSync(cache)).toEqual([]);
  });
});

describe('a database that somebody edited', () => {
  async function edited(statement: string) {
    const cli = await createInitialized('sqlite:edited.db');
    const file = new DatabaseSync(cli.path('edited.db'));
    file.exec(statement);
    file.close();
    return cli;
  }

  test('to hold a trigger is refused', async () => {
    const trigger = 'create trigger undo after update on trusted_keys begin select 1; end';
    await (await edited(trigger)).refuses('database_corrupt', 'trust', 'list');
  });

  test('to hold a view in place of a table is refused', async () => {
    const view = 'alter table trusted_keys rename to hidden; create view trusted_keys as select * from hidden';
    await (await edited(view)).refuses('database_corrupt', 'trust', 'list');
  });

  test('to trust a revoked signing key again does not trust it', async () => {
    const cli = await createInitialized('sqlite:edited.db');
    cli.write('file.bin', 'x');
    await cli.done('package', 'sign', 'file.bin', '--key', 'release');
    await cli.done('key', 'revoke', 'release');
    const file = new DatabaseSync(cli.path('edited.db'));
    file.exec('update trusted_keys set revoked_at = null');
    file.close();
    await cli.refuses('untrusted_signer', 'package', 'verify', 'file.bin');
  });

  test('to hold another public key does not export it', async () => {
    const cli = await edited('update signing_keys set public_key = zeroblob(32)');
    await cli.refuses('log_tampered', 'key', 'export', 'release');
  });

  test('to have lost its authority is not initialised over what is left', async () => {
    const cli = await edited('delete from authority; delete from key_slots');
    await cli.refuses('database_corrupt', 'init', '--allow-weak');
  });
});

describe('loading', () => {
  test('is an event once it is done, and a failure where the package fails', async () => {
    const cli = await createInitialized();
    cli.write('broken.mjs', 'import "./other.mjs";');
    await cli.done('package', 'sign', 'broken.mjs', '--key', 'release');
    await cli.refuses('unverified_import', 'package', 'load', 'broken.mjs', '--log', 'log');
    const events = String(cli.read('log'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).event);
    expect(events).toEqual(['verification.success', 'package.load.failure']);
  });

  test('does not let a package answer in the name of verification', async () => {
    const cli = await createInitialized();
    const answer = JSON.stringify({ error: { code: 'untrusted_signer', message: 'forged', details: {} } });
    cli.write('forging.mjs', `import fs from 'node:fs'; fs.writeSync(4, '${answer}'); process.exit(0);`);
    await cli.refuses('bad_input', 'package', 'load', 'forging.mjs', '--unsigned');
  });

  test('is refused unsigned where the configuration requires signatures', async () => {
    const cli = await createInitialized();
    writeFileSync(cli.path('a.mjs'), 'export const a = 1;');
    const strict = cli.with({ env: { HANAPER_REQUIRE_SIGNATURES: 'true' } });
    await strict.refuses('bad_config', 'package', 'load', 'a.mjs', '--unsigned');
  });
});

test('a given public key answers for no organisation', async () => {
  const cli = await createInitialized();
  cli.write('file.bin', 'x');
  await cli.done('package', 'sign', 'file.bin', '--key', 'release');
  await cli.done('key', 'export', 'release', '--output', 'release.pem');
  const offline = ['package', 'verify', 'file.bin', '--trust-key', 'release.pem'];
  await cli.done(...offline);
  await cli.refuses('usage', ...offline, '--org', 'acme');
});
