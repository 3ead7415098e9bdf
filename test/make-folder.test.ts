import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolderOf } from '../src/make-folder.ts';
import { temporaryFolder } from './support/fixtures.ts';

test('the folder of a file is made, with those above it, for its owner alone', () => {
  const base = temporaryFolder();
  for (let turn = 0; turn < 2; turn++) makeFolderOf(join(base, 'a/b/c.json'));
  for (const made of ['a', 'a/b']) expect(statSync(join(base, made)).mode & 0o777).toBe(0o700);
  expect(existsSync(join(base, 'a/b/c.json'))).toBe(false);
});

test('below what is no folder none is made', () => {
  const base = temporaryFolder();
  writeFileSync(join(base, 'file'), '');
  expect(() => makeFolderOf(join(base, 'file/a/b.json'))).toThrow(/ENOTDIR/);
});

test('where a folder takes no others the attempt ends', () => {
  expect(() => makeFolderOf('/proc/hanaper/a/b.json')).toThrow(/ENOENT/);
});
