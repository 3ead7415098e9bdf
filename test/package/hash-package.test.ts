import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hashPackage, readPackage } from '../../src/package/index.ts';
import { expectCode } from '../support/codes.ts';
import { makePipe, runApart, temporaryFile, temporaryFolder } from '../support/fixtures.ts';

const mebibyte = 1024 * 1024;

describe('a package', () => {
  test.each([1, 63, 64, 65, mebibyte - 1, mebibyte, mebibyte + 1, 9 * mebibyte + 7])(
    'of %i bytes is hashed as Node hashes it, and read whole',
    async (length) => {
      const content = randomBytes(length);
      const path = temporaryFile('package', content);
      expect(await hashPackage(path)).toBe(createHash('sha256').update(content).digest('hex'));
      expect(Buffer.from(readPackage(path)).equals(content)).toBe(true);
    },
  );

  test('is hashed with progress that ends at its size', async () => {
    const path = temporaryFile('package', randomBytes(2 * mebibyte + 5));
    const told: [number, number][] = [];
    await hashPackage(path, (done, total) => told.push([done, total]));
    const total = 2 * mebibyte + 5;
    expect(told).toEqual([
      [mebibyte, total],
      [2 * mebibyte, total],
      [total, total],
    ]);
  });

  test('is found through a symbolic link', async () => {
    const path = temporaryFile('package', 'content');
    symlinkSync(path, `${path}-link`);
    expect(await hashPackage(`${path}-link`)).toBe(await hashPackage(path));
  });
});

describe.each<[string, (path: string) => unknown]>([
  ['hashing', hashPackage],
  ['reading', readPackage],
])('%s refuses', (_, act) => {
  test('an empty file', async () => {
    await expectCode('package_empty', () => act(temporaryFile('empty', '')));
  });

  test('a file that is missing', async () => {
    const path = join(temporaryFolder(), 'missing');
    const { details } = await expectCode('package_unreadable', () => act(path));
    expect(details).toEqual({ path, reason: 'ENOENT' });
  });

  test('a folder', async () => {
    await expectCode('package_unreadable', () => act(temporaryFolder()));
  });

  test('a path through a file', async () => {
    await expectCode('package_unreadable', () => act(join(temporaryFile('file', 'x'), 'below')));
  });

  test('a link to itself', async () => {
    const path = join(temporaryFolder(), 'loop');
    symlinkSync(path, path);
    await expectCode('package_unreadable', () => act(path));
  });

  test('a link to nothing', async () => {
    const path = join(temporaryFolder(), 'dangling');
    symlinkSync(`${path}-target`, path);
    await expectCode('package_unreadable', () => act(path));
  });

  test('a path with a NUL', async () => {
    await expectCode('package_unreadable', () => act('a\0b'));
  });

  test('an empty path', async () => {
    await expectCode('package_unreadable', () => act(''));
  });

  test('a device', async () => {
    await expectCode('package_unreadable', () => act('/dev/null'));
  });

  test('a socket', async () => {
    const path = join(temporaryFolder(), 'socket');
    const server = createServer().listen(path);
    await new Promise((resolve) => server.once('listening', resolve));
    await expectCode('package_unreadable', () => act(path));
    server.close();
  });
});

test('a pipe that nobody writes to is refused, and does not hang', () => {
  const path = join(temporaryFolder(), 'pipe');
  makePipe(path);
  const script = `
    import { hashPackage } from 'src/package/index.ts';
    await hashPackage(process.argv[1]).catch((error) => console.log(error.code));`;
  expect(runApart(script, path)).toBe('package_unreadable');
});

test('a file larger than 512 MiB is too large to be read, and is not', async () => {
  const path = join(temporaryFolder(), 'sparse');
  writeFileSync(path, '');
  truncateSync(path, 512 * mebibyte + 1);
  await expectCode('too_large', () => readPackage(path));
});

test('a folder named like a package is refused', async () => {
  const path = join(temporaryFolder(), 'plugin.wasm');
  mkdirSync(path);
  await expectCode('package_unreadable', () => readPackage(path));
});
