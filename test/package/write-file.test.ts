import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeFileBeside } from '../../src/package/write-file.ts';
import { expectCode } from '../support/codes.ts';
import { temporaryFolder } from '../support/fixtures.ts';

test('a file is written whole, with its mode, and nothing is left beside it', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'file');
  writeFileBeside(path, 'first', 0o600);
  writeFileBeside(path, new Uint8Array([0x68, 0x69]), 0o600);
  expect(readFileSync(path, 'utf8')).toBe('hi');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['file']);
});

test('a file that cannot be put in its place is bad input, and nothing is left beside it', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'taken');
  mkdirSync(path);
  const { details } = await expectCode('bad_input', () => writeFileBeside(path, 'content', 0o644));
  expect(details).toMatchObject({ path });
  expect(readdirSync(folder)).toEqual(['taken']);
});

test('a link in its place is refused, and what it leads to stays', async () => {
  const folder = temporaryFolder();
  const [path, target] = [join(folder, 'link'), join(folder, 'target')];
  writeFileSync(target, 'kept');
  symlinkSync(target, path);
  await expectCode('bad_input', () => writeFileBeside(path, 'new', 0o644));
  expect(readFileSync(path, 'utf8')).toBe('kept');
  expect(readdirSync(folder).toSorted()).toEqual(['link', 'target']);
});
