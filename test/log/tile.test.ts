import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTilePath, listPartialTiles, parseTilePath, type TilePath, widthOfTile } from '../../src/log/tile.ts';
import { expectCode, expectOnlyHanaperErrors } from '../support/codes.ts';

describe('a path', () => {
  // C2SP tlog-tiles has the first two; the others follow from its rules.
  test.each<[string, TilePath]>([
    ['tile/0/x001/x234/067', { level: 0, index: 1234067, width: 256 }],
    ['tile/entries/x001/x234/067', { level: 'entries', index: 1234067, width: 256 }],
    ['tile/0/000', { level: 0, index: 0, width: 256 }],
    ['tile/0/273.p/112', { level: 0, index: 273, width: 112 }],
    ['tile/1/001.p/17', { level: 1, index: 1, width: 17 }],
    ['tile/2/000.p/1', { level: 2, index: 0, width: 1 }],
    ['tile/entries/x001/000.p/255', { level: 'entries', index: 1000, width: 255 }],
    ['tile/63/999', { level: 63, index: 999, width: 256 }],
    ['tile/0/x009/x007/x199/x254/x740/991', { level: 0, index: Number.MAX_SAFE_INTEGER, width: 256 }],
  ])('%s is read as it is written', (path, tile) => {
    expect(formatTilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });

  test.each([
    '',
    'tile',
    'tile/0',
    'tile/0/',
    'tile/0/0',
    'tile/0/00',
    'tile/0/0000',
    'tile/0/x000/001',
    'tile/0/x000/x001/234',
    'tile/0/001/234',
    'tile/0/x001',
    'tile/0/x001/x234',
    'tile/0/X001/234',
    'tile/0/x001/23a',
    'tile/00/000',
    'tile/01/000',
    'tile/64/000',
    'tile/100/000',
    'tile/-1/000',
    'tile/+1/000',
    'tile/0x1/000',
    'tile/Entries/000',
    'tile/entries2/000',
    'tile/0/-01',
    'tile/0/000.p',
    'tile/0/000.p/',
    'tile/0/000.p/0',
    'tile/0/000.p/01',
    'tile/0/000.p/256',
    'tile/0/000.p/999',
    'tile/0/000.p/1000',
    'tile/0/000.p/-1',
    'tile/0/000/1',
    'tile/0/000.q/1',
    '/tile/0/000',
    'tile/0/000/',
    'tile/0/000\n',
    'tile/0/000?x',
    'tile//0/000',
    'tile/0/../000',
    'tile/0/x009/x007/x199/x254/x740/992',
    'tile/0/x999/x999/x999/x999/x999/999',
    'tile/0/x001/x000/x000/x000/x000/x000/000',
    'tile/0/٠٠٠',
    `tile/0/${'x001/'.repeat(10_000)}000`,
  ])('%j is not a path', async (path) => {
    await expectCode('bad_input', () => parseTilePath(path));
  });

  test('of any tile is read as what it was', () => {
    const level = fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const));
    const tiles = fc.record({ level, index: fc.maxSafeNat(), width: fc.integer({ min: 1, max: 256 }) });
    fc.assert(
      fc.property(tiles, (tile) => {
        expect(parseTilePath(formatTilePath(tile))).toEqual(tile);
      }),
    );
  });

  test('that is invalid is refused as one, whatever it is', () => {
    const parts = fc.constantFrom('tile', '/', '0', 'x', '001', 'x234', '.p/', 'entries', '255', '\u0000', '%2e');
    const paths = fc.array(parts, { maxLength: 12 }).map((some) => some.join(''));
    fc.assert(fc.property(paths, (path) => expectOnlyHanaperErrors(() => parseTilePath(path))));
  });
});

describe('which tiles a tree has', () => {
  // The example of C2SP tlog-tiles, "Partial Tiles".
  test('of 70,000 leaves: 273 full ones and partial ones on every level', () => {
    expect(listPartialTiles(70_000)).toEqual([
      { level: 0, index: 273, width: 112 },
      { level: 1, index: 1, width: 17 },
      { level: 2, index: 0, width: 1 },
    ]);
    expect(widthOfTile({ level: 0, index: 272 }, 70_000)).toBe(256);
    expect(widthOfTile({ level: 0, index: 273 }, 70_000)).toBe(112);
    expect(widthOfTile({ level: 0, index: 274 }, 70_000)).toBe(0);
    expect(widthOfTile({ level: 1, index: 0 }, 70_000)).toBe(256);
    expect(widthOfTile({ level: 3, index: 0 }, 70_000)).toBe(0);
  });

  test('of 256 leaves: a full one, and one above it of width 1', () => {
    expect(listPartialTiles(256)).toEqual([{ level: 1, index: 0, width: 1 }]);
    expect(widthOfTile({ level: 0, index: 0 }, 256)).toBe(256);
  });

  test('of no leaves: none', () => {
    expect(listPartialTiles(0)).toEqual([]);
    expect(widthOfTile({ level: 0, index: 0 }, 0)).toBe(0);
  });

  test('of any size: on each level of the width that the specification gives', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (size) => {
        const expected = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((level) => {
          const hashes = BigInt(size) >> BigInt(8 * level);
          const width = Number(hashes % 256n);
          return width > 0 ? [{ level, index: Number(hashes / 256n), width }] : [];
        });
        expect(listPartialTiles(size)).toEqual(expected);
        for (const tile of expected) expect(widthOfTile(tile, size)).toBe(tile.width);
      }),
    );
  });
});
