import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Cli, cheap, createCli, createInitialized } from '../support/cli.ts';

function configure(cli: Cli, content: unknown): void {
  const path = join(cli.home, '.config/hanaper/config.json');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(content));
}

describe('the configuration of the executable', () => {
  test('by default has a database that is its owner alone', async () => {
    const cli = await createCli();
    const { database } = await cli.done<{ database: string }>('init', '--org', 'acme', ...cheap);
    const path = join(cli.home, '.local/share/hanaper/hanaper.db');
    expect(database).toBe(`sqlite:${path}`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(statSync(join(cli.home, '.local/state/hanaper')).mode & 0o777).toBe(0o700);
  });

  test('takes the database from a flag, else a variable, else the file', async () => {
    const cli = await createCli();
    for (const name of ['flag', 'variable', 'file']) cli.write(`${name}.db`, '');
    configure(cli, { db: `sqlite:${cli.path('file.db')}` });
    const named = async (by: Cli, ...args: readonly string[]) => (await by.done('status', ...args))['database'];
    expect(await named(cli)).toBe(`sqlite:${cli.path('file.db')}`);
    const byVariable = cli.with({ env: { HANAPER_DB: 'sqlite:variable.db' } });
    expect(await named(byVariable)).toBe(`sqlite:${cli.path('variable.db')}`);
    expect(await named(byVariable, '--db', 'sqlite:flag.db')).toBe(`sqlite:${cli.path('flag.db')}`);
  });

  test('takes the organisation and the authority from the file', async () => {
    const cli = await createInitialized();
    await cli.done('org', 'create', 'globex');
    configure(cli, { security: { verification_org: 'globex' } });
    expect(await cli.done('key', 'list')).toEqual({ keys: [] });
    const stranger = 'did:key:z6Mkhf4x1kzazmdk3fRW1UyXKH2e1xNF54tfEUF7VmTWQpNW';
    configure(cli, { security: { authority: stranger } });
    await cli.refuses('authority_changed', 'org', 'list');
  });

  test('takes how a slot is made from the file', async () => {
    const cli = await createCli();
    configure(cli, {
      crypto: { method: 'derived', custom_params: { memory_kib: 19456, passes: 2, lanes: 1 } },
    });
    expect(await cli.done('init')).toMatchObject({ slot: 'derived' });
  });

  test.each([
    ['an unknown key', { database: 'sqlite:x' }],
    ['a wrong type', { db: 7 }],
    ['a secret', { passphrase: 'orange lantern' }],
    ['a password in a URL', { db: 'postgres://user:orange@localhost/x' }],
  ])('with %s stops every command, and says which file', async (_, content) => {
    const cli = await createCli();
    configure(cli, content);
    const { details, message } = await cli.refuses('bad_config', 'status');
    expect(details).toMatchObject({ path: join(cli.home, '.config/hanaper/config.json') });
    expect(message).not.toContain('orange');
  });

  test.each([
    { HANAPER_SLOT: 'pin' },
    { HANAPER_SECURITY: 'none' },
    { HANAPER_REQUIRE_SIGNATURES: 'maybe' },
    { HANAPER_DB: 'nonsense' },
    { HANAPER_LOG: 'no/such/folder/log' },
    { HANAPER_CONFIG: 'missing.json' },
  ])('refuses the variables %o', async (env) => {
    const cli = await createCli();
    await cli.with({ env }).refuses('bad_config', 'status');
  });
});
