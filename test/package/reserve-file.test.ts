import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ReservedFile } from '../../src/package/reserve-file.ts';
import { expectCode } from '../support/codes.ts';
import { temporaryFolder } from '../support/fixtures.ts';

const mode = 0o640;

describe('a place that is reserved', () => {
  test('holds room on the disk, and becomes the file, whole and with its mode', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'file');
    {
      using place = ReservedFile.reserve(path, { mode, room: 5000 });
      const [beside = ''] = readdirSync(folder);
      expect(statSync(join(folder, beside)).size).toBe(5000);
      expect(existsSync(path)).toBe(false);
      place.write('short');
    }
    expect(readdirSync(folder)).toEqual(['file']);
    expect(readFileSync(path, 'utf8')).toBe('short');
    expect(statSync(path).mode & 0o777).toBe(mode);
  });

  test('leaves nothing where it is given up, and what stood there as it was', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), 'kept');
    ReservedFile.reserve(join(folder, 'file'), { mode })[Symbol.dispose]();
    expect(readdirSync(folder)).toEqual(['file']);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('kept');
  });

  test('can be under another name in the end, in its folder', () => {
    const folder = temporaryFolder();
    using place = ReservedFile.reserve(join(folder, 'perhaps'), { mode });
    place.write('content', join(folder, 'after-all'));
    expect(readdirSync(folder)).toEqual(['after-all']);
  });

  test('replaces nothing that came there meanwhile, where it is to be new', async () => {
    const path = join(temporaryFolder(), 'file');
    using place = ReservedFile.reserve(path, { mode, isNew: true });
    writeFileSync(path, 'faster');
    await expectCode('already_exists', () => place.write('slower'));
    expect(readFileSync(path, 'utf8')).toBe('faster');
    await expectCode('already_exists', () => ReservedFile.reserve(path, { mode, isNew: true }));
  });
});

describe('a place is refused at once', () => {
  test.each([
    ['under a name that is too long', 'n'.repeat(256)],
    ['in a folder that is not there', 'none/file'],
    ['below a file', 'file/below'],
    ['that is a folder', 'folder'],
    ['that is a link', 'link'],
    ['that names a folder', 'none/'],
    ['that is a device', '../../../../../../../dev/full'],
  ])('%s', async (_, name) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'folder'));
    symlinkSync('elsewhere', join(folder, 'link'));
    await expectCode('bad_input', () => ReservedFile.reserve(`${folder}/${name}`, { mode }));
    expect(readdirSync(folder).toSorted()).toEqual(['file', 'folder', 'link']);
  });
});
