import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { takeFileLock, withFileLock } from '../../src/package/file-lock.ts';
import { formatHolder, nameHolder } from '../../src/package/lock-holder.ts';
import { Child, raceChildren } from '../store/children/child.ts';
import { expectCode } from '../support/codes.ts';
import { temporaryFolder } from '../support/fixtures.ts';

const script = new URL('./children/hold-lock.ts', import.meta.url);
const token = '0123456789abcdef0123456789abcdef';
const impatient = { patience: 50 };

function place(): string {
  return join(temporaryFolder(), 'file');
}

function namesBeside(path: string): readonly string[] {
  return readdirSync(dirname(path));
}

test('the lock is there while it is held, and nothing of it when what it guards returns or throws', async () => {
  const path = place();
  expect(withFileLock(path, () => existsSync(`${path}.lock`))).toBe(true);
  const fail = () => {
    throw new Error('failed');
  };
  expect(() => withFileLock(path, fail)).toThrow('failed');
  {
    using lock = await takeFileLock(path);
    expect(namesBeside(path)).toEqual(['file.lock']);
    expect(lock.path).toBe(`${path}.lock`);
  }
  expect(namesBeside(path)).toEqual([]);
});

test('a lock that is held is waited for, and then given up, whose it is being said', async () => {
  const path = place();
  using _held = await takeFileLock(path);
  const { details } = await expectCode('unavailable', () => withFileLock(path, () => 'never', impatient));
  expect(details).toMatchObject({ lock: `${path}.lock`, pid: process.pid });
  await expectCode('unavailable', () => takeFileLock(path, impatient));
});

describe('a lock is not taken away from a process that runs', () => {
  test.each([
    ['however old it is', new Date(0)],
    ['however far ahead it is dated', new Date('2100-01-01')],
  ])('%s', async (_, time) => {
    const path = place();
    using _held = await takeFileLock(path);
    utimesSync(`${path}.lock`, time, time);
    await expectCode('unavailable', () => withFileLock(path, () => 'never', impatient));
  });

  test('and is stopped for the moment', async () => {
    const path = place();
    const holder = new Child(script, [path]);
    await holder.hear();
    holder.signal('SIGSTOP');
    const { details } = await expectCode('unavailable', () => withFileLock(path, () => 'never', impatient));
    expect(details['pid']).toBe(holder.pid);
    expect(existsSync(`${path}.lock`)).toBe(true);
  });

  test('nor from one whose machine or container cannot be seen into, and it is said what to remove', async () => {
    const path = place();
    for (const change of [{ machine: 'another' }, { namespace: 'pid:[1]' }]) {
      writeFileSync(`${path}.lock`, formatHolder({ ...nameHolder(token), pid: 2 ** 30, ...change }));
      const { message } = await expectCode('unavailable', () => withFileLock(path, () => 'never', impatient));
      expect(message).toContain(`remove ${path}.lock`);
    }
  });
});

describe('a lock holds nobody up', () => {
  test('whose process was killed', async () => {
    const path = place();
    const holder = new Child(script, [path]);
    await holder.hear();
    await holder.kill();
    expect(existsSync(`${path}.lock`)).toBe(true);
    expect(withFileLock(path, () => namesBeside(path), impatient)).toEqual(['file.lock']);
    expect(namesBeside(path)).toEqual([]);
  });

  test.each([
    ['whose process has another start than the one of that number now', { start: '1' }],
    ['that was there before the machine was started anew', { boot: 'another' }],
    ['of a process that is not there', { pid: 2 ** 30 }],
  ])('%s', (_, change) => {
    const path = place();
    writeFileSync(`${path}.lock`, formatHolder({ ...nameHolder(token), ...change }));
    expect(withFileLock(path, () => 'done', impatient)).toBe('done');
  });

  test.each([new Date(0), new Date('2100-01-01')])('that names nobody and stays as it is, dated %s', (time) => {
    const path = place();
    writeFileSync(`${path}.lock`, '');
    utimesSync(`${path}.lock`, time, time);
    expect(withFileLock(path, () => 'done')).toBe('done');
    expect(namesBeside(path)).toEqual([]);
  });

  test('that is too large to name anybody, and is not read', async () => {
    const path = place();
    writeFileSync(`${path}.lock`, '');
    // Without a single block on the disk; to read it would take more memory than there is.
    truncateSync(`${path}.lock`, 2 ** 42);
    expect(withFileLock(path, () => 'mine')).toBe('mine');
  });

  test('whose remover was killed in turn', () => {
    const path = place();
    const gone = { ...nameHolder(token), pid: 2 ** 30 };
    writeFileSync(`${path}.lock`, formatHolder(gone));
    const claim = `.${createHash('sha256').update(token).digest('hex').slice(0, 32)}.lock`;
    writeFileSync(join(dirname(path), claim), formatHolder({ ...gone, token: token.replaceAll('0', 'f') }));
    expect(withFileLock(path, () => 'done', impatient)).toBe('done');
    expect(namesBeside(path)).toEqual([]);
  });
});

test('what was put there by somebody else meanwhile is not removed with the own lock', () => {
  const path = place();
  const foreign = formatHolder(nameHolder(token));
  withFileLock(path, () => {
    rmSync(`${path}.lock`);
    writeFileSync(`${path}.lock`, foreign);
  });
  expect(readFileSync(`${path}.lock`, 'utf8')).toBe(foreign);
});

test('of several processes that find an abandoned lock each has its turn, and none loses what another wrote', async () => {
  const path = place();
  writeFileSync(path, '0');
  for (let round = 0; round < 3; round++) {
    writeFileSync(`${path}.lock`, formatHolder({ ...nameHolder(token), pid: 2 ** 30 }));
    await raceChildren(
      script,
      Array.from({ length: 4 }, () => [path, '25']),
    );
    expect(readFileSync(path, 'utf8')).toBe(String((round + 1) * 100));
  }
  expect(namesBeside(path)).toEqual(['file']);
});

test('a file whose name is as long as a name can be has a lock', () => {
  const path = join(temporaryFolder(), 'n'.repeat(255));
  const [lock = ''] = withFileLock(path, () => namesBeside(path));
  expect(lock).toMatch(/^\..*\.lock$/);
  expect(namesBeside(path)).toEqual([]);
});

test('a folder that is not there is bad input, and so is one that stands in the place of the lock', async () => {
  await expectCode('bad_input', () => withFileLock(join(temporaryFolder(), 'no', 'file'), () => 'never'));
  const path = place();
  mkdirSync(`${path}.lock`);
  const { details } = await expectCode('bad_input', () => withFileLock(path, () => 'never'));
  expect(details).toEqual({ path: `${path}.lock`, reason: 'not a regular file' });
  expect(namesBeside(path)).toEqual(['file.lock']);
});
