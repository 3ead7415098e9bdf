import { createHash, randomFillSync } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeLogEntry } from '../../src/log/index.ts';
import { computeCid } from '../../src/ucan/index.ts';
import { type Cli, createInitialized, executable, finish, Terminal } from '../support/cli.ts';
import { createTempFolder } from '../support/engines.ts';
import { eventually } from '../support/eventually.ts';

/** As many as take some seconds to go through. */
const entryCount = 150_000;
/** Work of a process, in clock ticks, after which it is in the midst of them. */
const ticksWithin = 10;

const signals = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

let file: string;
let cli: Cli;
let did: string;

beforeAll(async () => {
  file = join(await createTempFolder(), 'hanaper.db');
  cli = await createInitialized(`sqlite:${file}`);
  ({ did } = await cli.done<{ did: string }>('status'));
  fill(file);
});

describe.each(signals)('%s', (signal, status) => {
  test('ends an audit of a large database', async () => {
    const before = digest(file);
    expect(await interrupt(signal, file, 'log', 'verify')).toEqual({ status, stdout: '', stderr: '' });
    expect(digest(file)).toBe(before);
    await cli.done('key', 'create', signal.toLowerCase());
  });

  test('ends an export of a large log, and leaves nothing of it', async () => {
    const path = cli.path('large.log');
    expect(await interrupt(signal, path, 'log', 'export', 'large.log')).toEqual({ status, stdout: '', stderr: '' });
    expect(cli.has('large.log')).toBe(false);
  });
});

test('log show has as many entries as are asked for', async () => {
  const { entries } = await cli.done<{ entries: readonly object[] }>('log', 'show', '--limit', '2500');
  expect(entries).toHaveLength(2500);
});

test('an export for which there is no room is unavailable, and leaves nothing', async () => {
  const script = `ulimit -f 1000; exec '${process.execPath}' '${executable}' --json log export full.log`;
  const { status, stdout } = await cli.runProgram('bash', '-c', script);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'unavailable', details: { reason: 'EFBIG' } } });
  expect(status).toBe(1);
  expect(cli.has('full.log')).toBe(false);
});

test('what was drawn of an export that fails is gone before it is said why', async () => {
  const command = `ulimit -f 20000; '${process.execPath}' '${executable}' log export full.log`;
  const terminal = new Terminal(cli, command);
  await terminal.finished;
  expect(terminal.screen).toMatch(/entries +\[#*\.*\] \d+% of 150,\d+\r +\r\S*error:/);
});

test('a signal ends an audit of a large export', async () => {
  await cli.done('log', 'export', 'whole.log');
  const path = cli.path('whole.log');
  const ended = await interrupt('SIGINT', path, 'log', 'verify', 'whole.log', '--authority', did);
  expect(ended).toEqual({ status: 130, stdout: '', stderr: '' });
  expect(cli.has('whole.log')).toBe(true);
});

/**
 * Runs a command, sends it a signal in the midst of its work on a file, and sees how it ends: by the signal, with nothing
 * said, or as it would have ended without.
 */
async function interrupt(signal: NodeJS.Signals, opened: string, ...args: readonly string[]) {
  const child = cli.start(...args);
  const finished = finish(child);
  const pid = child.pid ?? 0;
  await eventually(() => filesOf(pid).includes(opened), 5);
  const begun = ticksOf(pid);
  await eventually(() => ticksOf(pid) > begun + ticksWithin, 5);
  child.kill(signal);
  const { status, stdout, stderr } = await finished;
  return { status, stdout, stderr };
}

/** What a process has worked so far, in the clock ticks of Linux. */
function ticksOf(pid: number): number {
  const [, , , , , , , , , , , user, system] =
    readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return Number(user) + Number(system);
}

function filesOf(pid: number): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(join(folder, name))];
    } catch {
      return [];
    }
  });
}

function digest(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Entries like those of real acts, about tokens that nobody made. */
function fill(path: string): void {
  using database = new DatabaseSync(path);
  const { size } = database.prepare('select size from log_head').get() as { readonly size: number };
  const insert = database.prepare('insert into log_entries (entry_index, entry) values (?, ?)');
  const [invocation, receipt] = [computeCid(Uint8Array.of(1)), computeCid(Uint8Array.of(2))];
  const effectsRoot = new Uint8Array(32);
  const enrolledAt = '2030-01-01T00:00:00.000Z';
  database.exec('PRAGMA synchronous = OFF; begin');
  for (let index = size; index < size + entryCount; index++) {
    randomFillSync(effectsRoot);
    insert.run(index, encodeLogEntry({ version: 2, invocation, receipt, enrolledAt, effectCount: 1, effectsRoot }));
  }
  database.prepare('update log_head set size = ?, enrolled_at = ?').run(size + entryCount, enrolledAt);
  database.exec('commit; PRAGMA wal_checkpoint(TRUNCATE)');
}
