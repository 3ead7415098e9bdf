import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { type Cli, createCli, createInitialized, openTerminal } from '../support/cli.ts';
import { createTempFolder, engines, keepCopy } from '../support/engines.ts';

interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'note' | 'wrong' | 'skipped';
  readonly message: string;
  readonly type?: string;
  readonly code?: ErrorCode;
}

interface Report {
  readonly ok: boolean;
  readonly checks: readonly Finding[];
}

const names = [
  'versions',
  'node',
  'configuration',
  'permissions',
  'memory',
  'database',
  'settings',
  'authority',
  'slots',
  'log',
  'clock',
];

async function examine(cli: Cli, ...args: readonly string[]): Promise<Report & { readonly status: number | null }> {
  const { status, stdout, stderr } = await cli.run('doctor', '--json', ...args);
  expect(stderr).toBe('');
  const report = JSON.parse(stdout) as Report;
  expect([...new Set(report.checks.map(({ check }) => check))]).toEqual(names);
  expect(report.checks.map(({ code }) => code)).not.toContain('internal');
  return { ...report, status };
}

function stdout({ checks }: Report): string {
  return checks.map(({ check, message }) => `${check}: ${message}`).join('\n');
}

/** Expects one fault, with its exit status, and that each other check has said what it can. */
async function expectFault(cli: Cli, check: string, code: ErrorCode, status: number): Promise<Finding> {
  const report = await examine(cli);
  const faults = report.checks.filter(({ state }) => state === 'wrong');
  expect(
    faults.map((fault) => [fault.check, fault.code]),
    stdout(report),
  ).toEqual([[check, code]]);
  expect(report.ok).toBe(false);
  expect(report.status).toBe(status);
  return faults[0] as Finding;
}

function stateOf({ checks }: Report, name: string): readonly string[] {
  return checks.filter(({ check }) => check === name).map(({ state }) => state);
}

/** Every file below a folder, with what it holds; the compiled code of the command line is not the database's. */
function snapshot(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return files
    .map((file) => join(file.parentPath, file.name))
    .filter((path) => !path.includes('/.cache'))
    .map((path) => `${path} ${statSync(path).mode} ${statSync(path).isFile() ? readFileSync(path, 'hex') : ''}`)
    .toSorted();
}

function makePrivate(url: string): void {
  if (url.startsWith('sqlite:')) chmodSync(url.slice('sqlite:'.length), 0o600);
}

/** Does something to a database behind the back of Hanaper. */
async function tamper(url: string, ...statements: readonly string[]): Promise<void> {
  if (url.startsWith('sqlite:')) {
    using file = new DatabaseSync(url.slice('sqlite:'.length));
    for (const statement of statements) file.exec(statement);
    return makePrivate(url);
  }
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

describe.each(engines)('on $name', (engine) => {
  test('all is right after an initialisation, and nothing is changed by looking', async () => {
    const cli = await createInitialized(await engine.createUrl());
    const before = snapshot(cli.home);
    const report = await examine(cli);
    expect(report.checks.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(report).toMatchObject({ ok: true, status: 0 });
    expect(snapshot(cli.home)).toEqual(before);
    const said = await cli.says('doctor');
    for (const name of names) expect(said).toMatch(new RegExp(`^ok +${name} `, 'm'));
    expect(said).toContain('All is right.');
  });

  test('a database that is not initialised is one fault, and the rest is said all the same', async () => {
    const cli = await createCli(await engine.createUrl());
    const fault = await expectFault(cli, 'database', 'not_initialized', 9);
    expect(fault.type).toBe('hanaper init --org NAME');
    const report = await examine(cli);
    for (const name of ['settings', 'authority', 'slots', 'log', 'clock'])
      expect(stateOf(report, name)).toEqual(['skipped']);
    for (const name of ['versions', 'node', 'configuration', 'permissions', 'memory'])
      expect(stateOf(report, name)).toEqual(['ok']);
  });

  test('an old copy in the place of a database is told by its log', async () => {
    const url = await engine.createUrl();
    const cli = await createInitialized(url);
    const putBack = await keepCopy(url);
    await cli.done('key', 'create', 'second');
    await putBack();
    makePrivate(url);
    await expectFault(cli, 'log', 'log_rolled_back', 3);
  });

  test('another authority in the place of the one that was seen is told, and not remembered', async () => {
    const url = await engine.createUrl();
    const cli = await createInitialized(url);
    const pins = join(cli.home, '.local', 'state', 'hanaper', 'known_authorities');
    const other = 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp';
    writeFileSync(pins, readFileSync(pins, 'utf8').replaceAll(/did:key:\w+/g, other));
    await expectFault(cli, 'authority', 'authority_changed', 9);
    writeFileSync(pins, '');
    expect(stateOf(await examine(cli), 'authority')).toEqual(['note']);
    expect(readFileSync(pins, 'utf8')).toBe('');
  });

  test('tables of another program, and those of a newer version, are told', async () => {
    const url = await engine.createUrl();
    await tamper(url, 'create table others (name text)');
    await expectFault(await createCli(url), 'database', 'database_corrupt', 9);
    const newer = await engine.createUrl();
    const cli = await createInitialized(newer);
    await tamper(newer, "insert into hanaper_migrations values (999, 'later', '2026-01-01T00:00:00.000Z')");
    await expectFault(cli, 'database', 'database_newer', 9);
  });

  test('a slot that somebody has altered is told', async () => {
    const url = await engine.createUrl();
    const cli = await createInitialized(url);
    await tamper(url, "update key_slots set kind = 'derived'");
    await expectFault(cli, 'slots', 'slot_damaged', 9);
  });

  test('a clock that is behind the log is told', async () => {
    const url = await engine.createUrl();
    const cli = await createInitialized(url);
    await tamper(url, "update log_head set enrolled_at = '2999-01-01T00:00:00.000Z'");
    const fault = await expectFault(cli, 'clock', 'bad_config', 2);
    expect(fault.type).toContain('timedatectl');
  });
});

describe('a file of SQLite', () => {
  test('that is no database, or no file, is told', async () => {
    const cli = await createCli();
    cli.write('text.db', 'This is not a database, whatever its name says.');
    mkdirSync(cli.path('folder.db'), { mode: 0o700 });
    await cli.runProgram('mkfifo', '--mode', '644', cli.path('pipe.db'));
    const at = (name: string) => cli.with({ env: { HANAPER_DB: `sqlite:${cli.path(name)}` } });
    await expectFault(at('text.db'), 'database', 'database_corrupt', 9);
    await expectFault(at('folder.db'), 'database', 'bad_config', 2);
    await expectFault(at('pipe.db'), 'database', 'bad_config', 2);
    await expectFault(at('no/such.db'), 'database', 'not_initialized', 9);
  });

  test('that is a device is told, and nobody is asked to change the mode of the device', async () => {
    const cli = await createCli();
    const at = cli.with({ env: { HANAPER_DB: 'sqlite:/dev/zero', HANAPER_PASSPHRASE_FILE: '/dev/full' } });
    expect((await expectFault(at, 'database', 'bad_config', 2)).type).not.toContain('chmod');
  });

  test('that is behind a circle of links is told as one', async () => {
    const cli = await createCli();
    symlinkSync('circle.db', cli.path('circle.db'));
    const report = await examine(cli.with({ env: { HANAPER_DB: `sqlite:${cli.path('circle.db')}` } }));
    const found = report.checks.find(({ check }) => check === 'database');
    expect([found?.state, found?.code]).toEqual(['wrong', 'unavailable']);
    expect(found?.message).toContain('in a circle');
  });

  test('that another process holds for itself is told, and by whom is asked with what is to be typed', async () => {
    const url = `sqlite:${join(await createTempFolder(), 'held.db')}`;
    const cli = await createInitialized(url);
    using holder = new DatabaseSync(url.slice('sqlite:'.length));
    holder.exec('pragma locking_mode = exclusive; begin exclusive; create table held (name text)');
    const fault = await expectFault(cli, 'database', 'unavailable', 1);
    expect(fault.type).toMatch(/^fuser -v .*held\.db$/);
  });

  test('whose pages are damaged is told', async () => {
    const url = `sqlite:${join(await createTempFolder(), 'torn.db')}`;
    const cli = await createInitialized(url);
    const path = url.slice('sqlite:'.length);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xff, 4096 * 8, 4096 * 12));
    const report = await examine(cli);
    expect(stateOf(report, 'database')).toEqual(['wrong']);
    expect(report.status).toBe(9);
  });

  test('in which a reader has kept an old slot is told until validate has erased it', async () => {
    const url = `sqlite:${join(await createTempFolder(), 'kept.db')}`;
    const cli = await createInitialized(url);
    cli.write('next-key', randomBytes(32));
    {
      using reader = new DatabaseSync(url.slice('sqlite:'.length), { readOnly: true });
      reader.exec('begin; select * from key_slots');
      await cli.done('passphrase', 'change', '--new-raw-key-file', 'next-key');
      const fault = await expectFault(cli, 'slots', 'unavailable', 1);
      expect(fault.type).toBe('hanaper validate');
    }
    await expectFault(cli, 'slots', 'unavailable', 1);
    await cli.done('validate', '--raw-key-file', 'next-key');
    expect(await examine(cli)).toMatchObject({ ok: true, status: 0 });
  });
});

describe('a server of PostgreSQL', () => {
  test('that is down is told, without the password', async () => {
    const cli = await createCli('postgres://someone:secret@127.0.0.1:1/none');
    const fault = await expectFault(cli, 'database', 'unavailable', 1);
    expect(fault.type).toBe('pg_isready -d postgres://127.0.0.1:1/none');
    expect(JSON.stringify(await examine(cli))).not.toContain('secret');
  });

  test('that is set so that it passes over references is told', async () => {
    const url = (await engines.find(({ name }) => name === 'postgres')?.createUrl()) ?? '';
    const cli = await createInitialized(url);
    await tamper(url, `alter database ${new URL(url).pathname.slice(1)} set session_replication_role = replica`);
    await expectFault(cli, 'settings', 'bad_config', 2);
  });
});

describe('what lies around a database', () => {
  test('is the business of its user alone', async () => {
    const cli = await createInitialized();
    chmodSync(cli.path('raw-key'), 0o644);
    expect((await expectFault(cli, 'permissions', 'bad_config', 2)).type).toMatch(/^chmod go-rwx .*raw-key$/);
    chmodSync(cli.path('raw-key'), 0o600);
    const data = join(cli.home, '.local', 'share', 'hanaper');
    chmodSync(data, 0o777);
    expect((await expectFault(cli, 'permissions', 'bad_config', 2)).type).toMatch(/^chmod go-w /);
    chmodSync(data, 0o770);
    expect(stateOf(await examine(cli), 'permissions')).toEqual(['note', 'ok']);
    chmodSync(data, 0o700);
    const gone = cli.with({ env: { HANAPER_RAW_KEY_FILE: cli.path('gone') } });
    expect((await expectFault(gone, 'permissions', 'bad_config', 2)).type).toBe('unset HANAPER_RAW_KEY_FILE');
  });

  test('is a configuration that is valid; one that is not hides nothing else', async () => {
    const cli = await createInitialized(`sqlite:${join(await createTempFolder(), 'named.db')}`);
    const folder = join(cli.home, '.config', 'hanaper');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'config.json'), '{"db": 1}');
    const fault = await expectFault(cli, 'configuration', 'bad_config', 2);
    expect(fault.type).toContain('config.json');
    const report = await examine(cli);
    for (const name of ['database', 'slots', 'log', 'clock']) expect(stateOf(report, name)).toEqual(['ok']);
    const variable = cli.with({ env: { HANAPER_SECURITY: 'much', HANAPER_CONFIG: '' } });
    writeFileSync(join(folder, 'config.json'), '{}');
    expect((await expectFault(variable, 'configuration', 'bad_config', 2)).type).toBe('unset HANAPER_SECURITY');
  });

  test('is a memory that can be read; one that cannot hides nothing else', async () => {
    const cli = await createInitialized();
    const state = join(cli.home, '.local', 'state', 'hanaper');
    const pins = join(state, 'known_authorities');
    const good = readFileSync(pins, 'utf8');
    writeFileSync(pins, `${good}nonsense\n`);
    expect((await expectFault(cli, 'memory', 'bad_config', 2)).type).toBe(`sed -i 2d ${pins}`);
    await cli.runProgram('sed', '-i', '2d', pins);
    expect(readFileSync(pins, 'utf8')).toBe(good);
    writeFileSync(join(state, 'log-checkpoints.json'), '{');
    const fault = await expectFault(cli, 'memory', 'bad_config', 2);
    expect(fault.type).toContain('log-checkpoints.json.damaged');
    const homeless = cli.with({ env: { XDG_STATE_HOME: cli.path('raw-key') } });
    const report = await examine(homeless);
    expect(new Set(stateOf(report, 'memory'))).toEqual(new Set(['wrong']));
    expect(report.status).toBe(2);
  });

  test('needs no passphrase, and asks for none on a terminal', async () => {
    const cli = await createInitialized();
    const person = cli.with({ env: { HANAPER_RAW_KEY_FILE: '' } });
    const terminal = openTerminal(person, 'doctor');
    await terminal.sees('All is right.');
    expect((await terminal.finished).status).toBe(0);
  });
});

test('a name of no database is one fault', async () => {
  const cli = await createCli('mysql://somewhere');
  await expectFault(cli, 'database', 'bad_config', 2);
});
