import { existsSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withFileLock } from '../../src/package/file-lock.ts';
import { expectCode } from '../support/codes.ts';
import { temporaryFolder } from '../support/fixtures.ts';

test('the lock is there while it is held, and gone when what it guards returns or throws', () => {
  const path = join(temporaryFolder(), 'file');
  expect(withFileLock(path, () => existsSync(`${path}.lock`))).toBe(true);
  const fail = () => {
    throw new Error('failed');
  };
  expect(() => withFileLock(path, fail)).toThrow('failed');
  expect(existsSync(`${path}.lock`)).toBe(false);
});

test('a lock that is held is waited for, and then given up', async () => {
  const path = join(temporaryFolder(), 'file');
  await expectCode('unavailable', () => withFileLock(path, () => withFileLock(path, () => 'never')));
});

test('a lock that a killed process left behind holds nobody up', () => {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(`${path}.lock`, '');
  utimesSync(`${path}.lock`, new Date(0), new Date(0));
  expect(withFileLock(path, () => 'done')).toBe('done');
});

test('a folder that is not there is bad input', async () => {
  await expectCode('bad_input', () => withFileLock(join(temporaryFolder(), 'no', 'file'), () => 'never'));
});
