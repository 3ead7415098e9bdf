import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { proveConsistency, verifyConsistency } from '../../src/log/consistency.ts';
import { emptyTree, growTiles } from '../../src/log/grow-tiles.ts';
import { computeRoot } from '../../src/log/hash-reader.ts';
import { proveInclusion, verifyInclusion } from '../../src/log/inclusion.ts';
import { hashLeaf } from '../../src/log/merkle.ts';
import type { TileCoordinates } from '../../src/log/tile.ts';
import { createTileReader, type ReadTile } from '../../src/log/tile-reader.ts';
import { expectCode, failureOf } from '../support/codes.ts';
import { entryAt, NaiveTree } from '../support/naive-tree.ts';
import { flipBit, toHex } from '../support/vectors.ts';

const most = 70_000;
const naive = new NaiveTree();
const { changed } = growTiles(
  emptyTree,
  Array.from({ length: most }, (_, index) => hashLeaf(entryAt(index))),
);
const tiles = new Map(changed.map(({ level, index, hashes }) => [`${level}/${index}`, hashes]));

function hashesOf({ level, index }: Pick<TileCoordinates, 'level' | 'index'>): Uint8Array {
  return tiles.get(`${level}/${index}`) ?? new Uint8Array(0);
}

// A store that gives as much as was asked for, and one that gives what it has, which is more than an older tree had.
const exactly: ReadTile = async (tile) => hashesOf(tile).subarray(0, tile.width * 32);
const allOfIt: ReadTile = async (tile) => hashesOf(tile);

const sizes = fc.integer({ min: 1, max: most });

test.each([
  ['exactly what is asked for', exactly],
  ['tiles that have grown since', allOfIt],
])('the root and the proofs of any size come out of tiles, of %s', async (_, readTile) => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), fc.nat(), async (size, one, other) => {
      const [index, oldSize] = [one % size, other % (size + 1)];
      const root = await computeRoot(createTileReader(readTile, size), size);
      expect(toHex(root)).toBe(toHex(naive.hash(0, size)));
      const inclusion = await proveInclusion(createTileReader(readTile, size), index, size);
      verifyInclusion({ index, size, root, proof: inclusion, leafHash: hashLeaf(entryAt(index)) });
      const consistency = await proveConsistency(createTileReader(readTile, size), oldSize, size);
      const oldRoot = naive.hash(0, oldSize);
      verifyConsistency({ oldSize, newSize: size, oldRoot, newRoot: root, proof: consistency });
    }),
    { numRuns: 200 },
  );
});

test('for a proof each tile is read once, and no more than two a level', async () => {
  for (const index of [0, 1, 255, 256, 65_535, 65_536, 69_999]) {
    const read: string[] = [];
    const counting: ReadTile = (tile) => {
      read.push(`${tile.level}/${tile.index}`);
      return exactly(tile);
    };
    await proveInclusion(createTileReader(counting, most), index, most);
    expect(new Set(read).size).toBe(read.length);
    expect(read.length).toBeLessThanOrEqual(5);
  }
});

test('a tile is asked for as wide as it is in the tree of that size', async () => {
  const asked: TileCoordinates[] = [];
  const noting: ReadTile = (tile) => {
    asked.push(tile);
    return exactly(tile);
  };
  await computeRoot(createTileReader(noting, 600), 600);
  expect(asked).toEqual([
    { level: 1, index: 0, width: 2 },
    { level: 0, index: 2, width: 88 },
  ]);
});

describe('what comes of tiles that were tampered with is refused:', () => {
  const damages: [string, (bytes: Uint8Array) => Uint8Array][] = [
    ['one bit', (bytes) => flipBit(bytes, 8 * bytes.length - 3)],
    ['two hashes that changed places', (bytes) => swapHashes(bytes)],
    ['one hash twice', (bytes) => repeatHash(bytes)],
  ];
  test.each(damages)('%s', async (_, damage) => {
    const damaged: ReadTile = async (tile) => damage(await exactly(tile));
    const [size, index] = [1000, 700];
    const root = naive.hash(0, size);
    const proof = await proveInclusion(createTileReader(damaged, size), index, size);
    const leafHash = hashLeaf(entryAt(index));
    await expectCode('log_tampered', () => verifyInclusion({ index, size, root, proof, leafHash }));
    expect(toHex(await computeRoot(createTileReader(damaged, size), size))).not.toBe(toHex(root));
  });

  test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['a hash less', (bytes) => bytes.subarray(0, -32)],
    ['a byte less', (bytes) => bytes.subarray(0, -1)],
    ['nothing', () => new Uint8Array(0)],
    ['more than a tile can have', () => new Uint8Array(257 * 32)],
  ])('%s', async (_, damage) => {
    const damaged: ReadTile = async (tile) => damage(await exactly(tile));
    const { details } = await expectCode('log_tampered', () => computeRoot(createTileReader(damaged, 1000), 1000));
    expect(details['what']).toBe('tile');
  });
});

test('what a store fails with is what the reader fails with', async () => {
  const failing: ReadTile = () => Promise.reject(new RangeError('gone'));
  expect(await failureOf(() => computeRoot(createTileReader(failing, 5), 5))).toBeInstanceOf(RangeError);
});

test('a subtree that is not whole in the tree is the mistake of the program', async () => {
  const reader = createTileReader(exactly, 1000);
  for (const node of [
    { level: 0, index: 1000 },
    { level: 3, index: 125 },
    { level: 10, index: 0 },
  ]) {
    expect(await failureOf(() => reader.readHashes([node]))).toBeInstanceOf(TypeError);
  }
});

function swapHashes(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([...bytes.subarray(32, 64), ...bytes.subarray(0, 32), ...bytes.subarray(64)]);
}

function repeatHash(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, 32), ...bytes.subarray(0, bytes.length - 32)]);
}
