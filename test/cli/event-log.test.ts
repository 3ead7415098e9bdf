import { mkdirSync, statSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Cli, createCli, createInitialized } from '../support/cli.ts';

interface LoggedEvent {
  readonly level: 'info' | 'warn';
  readonly time: string;
  readonly event: string;
  readonly reason?: string;
  readonly details: Readonly<Record<string, unknown>>;
}

function parseEvents(text: string): readonly LoggedEvent[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LoggedEvent);
}

describe('hanaper --log', () => {
  let cli: Cli;
  let count = 0;

  beforeAll(async () => {
    cli = await createInitialized();
    cli.write('file.mjs', 'export {};');
    cli.write('other-key', new Uint8Array(32).fill(9));
  });

  const eventsOf = async (...args: readonly string[]): Promise<readonly LoggedEvent[]> => {
    const log = `log-${count++}`;
    await cli.run('--log', log, ...args);
    const events = parseEvents(cli.read(log).toString());
    for (const { time, level, reason } of events) {
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(level).toBe(reason === undefined ? 'info' : 'warn');
    }
    return events;
  };
  const namesOf = (events: readonly LoggedEvent[]) =>
    events.map(({ event, reason }) => (reason ? [event, reason] : event));

  test('reports signing, verifying and loading', async () => {
    expect(namesOf(await eventsOf('package', 'sign', 'file.mjs', '--key', 'release'))).toEqual([
      'vault.unlocked',
      'package.signed',
      'command.executed',
      'vault.locked',
    ]);
    const [verified] = await eventsOf('package', 'verify', 'file.mjs');
    expect(verified).toMatchObject({
      event: 'verification.success',
      details: { name: 'file.mjs', key: 'release', format: 'dsse' },
    });
    expect(namesOf(await eventsOf('package', 'load', 'file.mjs'))).toEqual([
      'verification.success',
      'package.load.success',
    ]);
  });

  test('reports refusals with their reason', async () => {
    cli.write('unsigned.mjs', 'export {};');
    const refused = ['verification.failure', 'signature_not_found'];
    expect(namesOf(await eventsOf('package', 'verify', 'unsigned.mjs'))).toEqual([refused]);
    expect(namesOf(await eventsOf('package', 'load', 'unsigned.mjs'))).toEqual([
      refused,
      ['package.load.failure', 'signature_not_found'],
    ]);
    expect(namesOf(await eventsOf('package', 'sign', 'file.mjs', '--key', 'nobody'))).toEqual([
      'vault.unlocked',
      ['command.executed', 'not_found'],
      ['package.sign.failure', 'not_found'],
      'vault.locked',
    ]);
    expect(namesOf(await eventsOf('key', 'create', 'release'))).toContainEqual([
      'key.signing.create_failed',
      'already_exists',
    ]);
    expect(namesOf(await eventsOf('key', 'create', 'x', '--raw-key-file', 'other-key'))).toEqual([
      ['vault.unlock_failed', 'wrong_passphrase'],
    ]);
    expect(namesOf(await eventsOf('package', 'verify', 'file.mjs', '--org', 'nobody'))).toEqual([
      ['verification.failure', 'not_found'],
    ]);
    expect(namesOf(await eventsOf('package', 'verify', 'missing.mjs'))).toEqual([
      ['verification.failure', 'package_unreadable'],
    ]);
  });

  test('on a full disk stops what is not done yet, and the disk is named', async () => {
    const { message, details } = await cli.refusesBoth('unavailable', 'key', 'create', 'unseen', '--log', '/dev/full');
    expect(details).toEqual({ path: '/dev/full', reason: 'ENOSPC' });
    expect(message).toContain('/dev/full');
    expect((await cli.run('key', 'list')).stdout).not.toContain('unseen');
  });

  test('reports offline verification', async () => {
    await cli.done('key', 'export', 'release', '--output', 'release.pem');
    const trusted = ['--trust-key', 'release.pem'];
    expect(namesOf(await eventsOf('package', 'verify', 'file.mjs', ...trusted))).toEqual(['verification.success']);
    expect(namesOf(await eventsOf('package', 'verify', 'file.mjs', '--name', 'x', ...trusted))).toEqual([
      ['verification.failure', 'package_name_mismatch'],
    ]);
  });

  test('reports keys, trust and slots', async () => {
    expect(namesOf(await eventsOf('key', 'create', 'second'))).toContain('key.signing.created');
    expect(namesOf(await eventsOf('key', 'export', 'second', '--output', 'second.pem'))).toEqual(['key.exported']);
    expect(namesOf(await eventsOf('key', 'revoke', 'second'))).toEqual([
      'vault.unlocked',
      'key.signing.revoked',
      'key.trusted.revoked',
      'command.executed',
      'vault.locked',
    ]);
    await cli.done('org', 'create', 'globex');
    const acl = ['--parent', 'globex', '--child', 'acme'];
    expect(namesOf(await eventsOf('acl', 'grant', ...acl))).toContain('key.trust_acl.granted');
    expect(namesOf(await eventsOf('acl', 'revoke', ...acl))).toContain('key.trust_acl.revoked');
    expect(namesOf(await eventsOf('trust', 'add', 'release.pem', '--org', 'globex'))).toContain('key.trusted.added');
    const change = ['passphrase', 'change', '--new-raw-key-file', 'other-key'];
    expect(namesOf(await eventsOf(...change))).toEqual(expect.arrayContaining(['slot.added', 'slot.removed']));
    await cli.done('passphrase', 'change', '--raw-key-file', 'other-key', '--new-raw-key-file', 'raw-key');
    const made = ['init', '--slot', 'raw', '--db', 'sqlite:other.db'];
    expect(namesOf(await eventsOf(...made))).toEqual(['slot.added']);
  });

  test('appends to a file of its owner alone', async () => {
    await cli.run('--log', 'appended', 'package', 'verify', 'file.mjs', '--org', 'acme');
    const by = cli.with({ env: { HANAPER_LOG: 'appended' } });
    await by.run('package', 'verify', 'file.mjs', '--org', 'acme');
    expect(parseEvents(cli.read('appended').toString())).toHaveLength(2);
    expect(statSync(cli.path('appended')).mode & 0o777).toBe(0o600);
  });

  test('writes to standard error where it is "-", and standard output stays one document', async () => {
    const { status, stdout, stderr } = await cli.run(
      '--json',
      '--log',
      '-',
      'package',
      'verify',
      'file.mjs',
      '--org',
      'acme',
    );
    expect(status).toBe(0);
    expect(namesOf(parseEvents(stderr))).toEqual(['verification.success']);
    expect(JSON.parse(stdout)).toHaveProperty('package_hash');
  });

  test('does nothing where it cannot be written', async () => {
    const fresh = await createCli('sqlite:made.db');
    mkdirSync(fresh.path('folder'));
    fresh.write('key', new Uint8Array(32).fill(5));
    const made = ['init', '--slot', 'raw', '--raw-key-file', 'key'];
    for (const log of ['no/such/log', 'folder']) await fresh.refuses('bad_config', '--log', log, ...made);
    expect(fresh.has('made.db')).toBe(false);
  });

  test('fails a verification that cannot be recorded', async () => {
    const { status, stdout } = await cli.run('--log', '/dev/full', 'package', 'verify', 'file.mjs', '--org', 'acme');
    expect(status).toBe(1);
    expect(stdout).toBe('');
  });
});
