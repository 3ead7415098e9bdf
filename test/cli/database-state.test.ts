import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import { query } from '../support/authority.ts';
import { type Cli, createCli, createInitialized } from '../support/cli.ts';
import { engines } from '../support/engines.ts';

const stranger = 'did:key:z6Mkhf4x1kzazmdk3fRW1UyXKH2e1xNF54tfEUF7VmTWQpNW';

describe.each(engines)('$name', (engine) => {
  let url: string;
  let cli: Cli;

  beforeEach(async () => {
    url = await engine.createUrl();
    cli = await createInitialized(url);
  });

  test('a database that is not initialised says so to every command but status', async () => {
    const empty = await createCli(await engine.createUrl());
    empty.write('file', 'x');
    expect(await empty.done('status')).toMatchObject({ initialized: false });
    for (const args of [
      ['validate'],
      ['passphrase', 'change', '--new-passphrase-file', 'pass'],
      ['org', 'list'],
      ['org', 'create', 'acme'],
      ['key', 'list'],
      ['key', 'create', 'release'],
      ['trust', 'list'],
      ['acl', 'list'],
      ['package', 'verify', 'file'],
      ['package', 'sign', 'file', '--key', 'release'],
      ['package', 'signatures', 'file'],
      ['package', 'load', 'file'],
    ]) {
      await empty.refuses('not_initialized', ...args);
    }
  });

  test('a database is initialised once', async () => {
    const before = await cli.done('status');
    await cli.refuses('already_initialized', 'init', '--slot', 'raw');
    await cli.refuses('already_initialized', 'init', '--org', 'other');
    expect(await cli.done('status')).toEqual(before);
  });

  test('a database of a newer version is left alone', async () => {
    await query(url, 'insert into hanaper_migrations select 999, name, applied_at from hanaper_migrations limit 1');
    for (const args of [['status'], ['key', 'list'], ['init', '--slot', 'raw'], ['key', 'create', 'x']]) {
      await cli.refuses('database_newer', ...args);
    }
  });

  test('an altered authority row stops everything', async () => {
    await query(url, "update authority set derivation_method = 'derived'");
    for (const args of [['status'], ['key', 'list'], ['validate'], ['key', 'create', 'x']]) {
      await cli.refuses('authority_tampered', ...args);
    }
  });

  test('an altered key slot stops what needs the key, and no reading', async () => {
    await query(url, 'update key_slots set salt = $1', [new Uint8Array(16)]);
    await cli.refuses('slot_damaged', 'key', 'create', 'x');
    await cli.refuses('slot_damaged', 'validate');
    await cli.done('key', 'list');
  });

  test('an altered signing key signs nothing, and validate finds it', async () => {
    cli.write('file', 'x');
    await query(url, 'update signing_keys set encrypted_private_key = $1', [new Uint8Array(60).fill(1)]);
    await cli.refuses('log_tampered', 'package', 'sign', 'file', '--key', 'release');
    expect(cli.has('file.sig')).toBe(false);
    await cli.refuses('database_corrupt', 'validate');
  });

  test('an exchanged public key is found by validate without any credential', async () => {
    await query(url, 'update trusted_keys set public_key = $1', [
      Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex'),
    ]);
    await cli.with({ env: { HANAPER_RAW_KEY_FILE: '' } }).refuses('database_corrupt', 'validate');
  });

  test('another authority than the known one is refused, until it is named', async () => {
    const { did, database } = await cli.done<{ did: string; database: string }>('status');
    const known = join(cli.home, '.local/state/hanaper/known_authorities');
    expect(readFileSync(known, 'utf8')).toBe(`${JSON.stringify({ database, authority: did })}\n`);
    expect(statSync(known).mode & 0o777).toBe(0o600);
    appendFileSync(known, `${JSON.stringify({ database, authority: stranger })}\n`);
    const { details } = await cli.refuses('authority_changed', 'key', 'list');
    expect(details).toEqual({ database, expected: stranger, actual: did, remedy: 'accept_authority' });
    await cli.refuses('authority_changed', 'status');
    await cli.done('key', 'list', '--authority', did);
    await cli.with({ env: { HANAPER_AUTHORITY: did } }).done('key', 'list');
    await cli.refuses('authority_changed', 'key', 'list', '--authority', stranger);
  });

  test('a known authority is remembered at first use, and a damaged memory is not passed over', async () => {
    const known = join(cli.home, '.local/state/hanaper/known_authorities');
    const remembered = readFileSync(known, 'utf8');
    rmSync(known);
    await cli.done('key', 'list');
    expect(readFileSync(known, 'utf8')).toBe(remembered);
    appendFileSync(known, 'not JSON\n');
    await cli.refuses('bad_config', 'key', 'list');
  });
});

describe('a SQLite path', () => {
  test.each([
    ['text', () => 'not a database, but a letter of some length that could be one\n'.repeat(20)],
    ['a header and nothing behind it', () => `SQLite format 3\0${'\0'.repeat(4096)}`],
    ['random bytes', () => Buffer.alloc(8192, 0x5a)],
  ])('with %s is damaged, and stays as it is', async (_, content) => {
    const cli = await createCli('sqlite:odd.db');
    cli.write('odd.db', content());
    const before = cli.read('odd.db');
    await cli.refuses('database_corrupt', 'status');
    await cli.refuses('database_corrupt', 'init');
    expect(cli.read('odd.db')).toEqual(before);
  });

  test('with a database cut short is damaged', async () => {
    const cli = await createInitialized('sqlite:cut.db');
    truncateSync(cli.path('cut.db'), Math.floor(statSync(cli.path('cut.db')).size / 2));
    await cli.refuses('database_corrupt', 'status');
    await cli.refuses('database_corrupt', 'key', 'create', 'x');
  });

  test("with another program's tables is left alone", async () => {
    const cli = await createCli('sqlite:theirs.db');
    const theirs = new DatabaseSync(cli.path('theirs.db'));
    theirs.exec('create table notes (text)');
    theirs.close();
    await cli.refuses('database_corrupt', 'init');
    await cli.refuses('database_corrupt', 'status');
  });

  test('with the database of another authority is noticed', async () => {
    const [mine, theirs] = [await createInitialized('sqlite:mine.db'), await createInitialized('sqlite:theirs.db')];
    copyFileSync(theirs.path('theirs.db'), mine.path('mine.db'));
    await mine.refuses('authority_changed', 'key', 'list');
  });

  test('of a folder cannot be opened, and one in a folder that is not there is made by init alone', async () => {
    const cli = await createCli();
    mkdirSync(cli.path('folder'));
    await cli.refuses('unavailable', 'key', 'list', '--db', 'sqlite:folder');
    await cli.refuses('not_initialized', 'key', 'list', '--db', 'sqlite:new/deep.db');
    expect(cli.has('new')).toBe(false);
    cli.write('key', new Uint8Array(32).fill(3));
    await cli.done('init', '--slot', 'raw', '--raw-key-file', 'key', '--db', 'sqlite:new/deep.db');
    expect(statSync(cli.path('new')).mode & 0o777).toBe(0o700);
    expect(statSync(cli.path('new/deep.db')).mode & 0o777).toBe(0o600);
  });
});

describe('where nothing can be remembered of authorities', () => {
  test('the configuration is at fault, and init makes no database', async () => {
    const cli = await createCli('sqlite:made.db');
    cli.write('not-a-folder', '');
    const nowhere = cli.with({ env: { XDG_STATE_HOME: cli.path('not-a-folder') } });
    cli.write('key', new Uint8Array(32).fill(3));
    await nowhere.refuses('bad_config', 'init', '--slot', 'raw', '--raw-key-file', 'key');
    expect(cli.has('made.db')).toBe(false);
  });

  test('a place that cannot be written is no fault of ours', async () => {
    const cli = await createInitialized('sqlite:made.db');
    const state = cli.path('state');
    mkdirSync(join(state, 'hanaper'), { recursive: true });
    symlinkSync('/no/such/folder/known', join(state, 'hanaper/known_authorities'));
    await cli.with({ env: { XDG_STATE_HOME: state } }).refuses('bad_config', 'key', 'list');
  });
});
