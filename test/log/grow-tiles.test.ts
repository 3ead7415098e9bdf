import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyTree, growTiles, rootOfEdge, type TreeEdge } from '../../src/log/grow-tiles.ts';
import { hashLeaf } from '../../src/log/merkle.ts';
import { listPartialTiles, type Tile } from '../../src/log/tile.ts';
import { expectCode } from '../support/codes.ts';
import { entryAt, NaiveTree } from '../support/naive-tree.ts';
import { countUp, flipBit, toHex } from '../support/vectors.ts';

const naive = new NaiveTree();
const leaves = Array.from({ length: 70_000 }, (_, index) => hashLeaf(entryAt(index)));

// What a store would hold after some batches: the last form of each tile.
function growBy(counts: readonly number[]): { edge: TreeEdge; tiles: ReadonlyMap<string, Tile> } {
  const tiles = new Map<string, Tile>();
  let edge = emptyTree;
  for (const count of counts) {
    const grown = growTiles(edge, leaves.slice(edge.size, edge.size + count));
    for (const tile of grown.changed) tiles.set(`${tile.level}/${tile.index}`, tile);
    edge = grown.edge;
  }
  return { edge, tiles };
}

function describeTiles(tiles: Iterable<Tile>): readonly unknown[] {
  return [...tiles].map(({ level, index, hashes }) => ({ level, index, width: hashes.length / 32 }));
}

test('the root of a tree that grew leaf by leaf is that of its definition, at every size', () => {
  let edge = emptyTree;
  for (let size = 0; size <= 1100; size++) {
    expect(edge.size).toBe(size);
    expect(toHex(rootOfEdge(edge)), `${size} leaves`).toBe(toHex(naive.hash(0, size)));
    edge = growTiles(edge, leaves.slice(size, size + 1)).edge;
  }
});

test('a tree of 70,000 leaves has the tiles that the specification counts', () => {
  const { edge, tiles } = growBy([70_000]);
  expect([...tiles.values()].filter(({ hashes }) => hashes.length === 8192)).toHaveLength(273 + 1);
  expect(describeTiles(edge.partialTiles)).toEqual(listPartialTiles(70_000));
  expect(tiles.size).toBe(273 + 1 + 3);
  expect(toHex(rootOfEdge(edge))).toBe(toHex(naive.hash(0, 70_000)));
});

test('each hash of each tile is that of the subtree that the specification names', () => {
  for (const { level, index, hashes } of growBy([70_000]).tiles.values()) {
    const span = 256 ** level;
    for (let i = 0; i < hashes.length / 32; i++) {
      const at = index * 256 + i;
      expect(toHex(hashes.subarray(i * 32, (i + 1) * 32))).toBe(toHex(naive.hash(at * span, (at + 1) * span)));
    }
  }
});

test('in which batches a tree grew makes no difference', () => {
  const batches = fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 200, max: 3000 })), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(batches, (counts) => {
      const total = counts.reduce((sum, count) => sum + count, 0);
      const [grown, whole] = [growBy(counts), growBy([total])];
      expect(new Map(grown.tiles)).toEqual(new Map([...grown.tiles.keys()].map((key) => [key, whole.tiles.get(key)])));
      expect(grown.tiles.size).toBe(whole.tiles.size);
      expect(toHex(rootOfEdge(grown.edge))).toBe(toHex(naive.hash(0, total)));
    }),
    { numRuns: 40 },
  );
});

test('what changes are the tiles that are new or wider, and no others', () => {
  const { edge } = growBy([255]);
  expect(describeTiles(growTiles(edge, leaves.slice(255, 256)).changed)).toEqual([
    { level: 0, index: 0, width: 256 },
    { level: 1, index: 0, width: 1 },
  ]);
  expect(describeTiles(growTiles(edge, leaves.slice(255, 258)).changed)).toEqual([
    { level: 0, index: 0, width: 256 },
    { level: 0, index: 1, width: 2 },
    { level: 1, index: 0, width: 1 },
  ]);
  expect(growTiles(edge, [])).toEqual({ edge, changed: [] });
});

test('the order in which the partial tiles are given makes no difference', () => {
  const { edge } = growBy([70_000]);
  const turned = { ...edge, partialTiles: edge.partialTiles.toReversed() };
  expect(toHex(rootOfEdge(turned))).toBe(toHex(rootOfEdge(edge)));
});

test('another root comes of partial tiles in which a bit is turned', () => {
  const { edge } = growBy([70_000]);
  for (const at of edge.partialTiles.keys()) {
    const partialTiles = edge.partialTiles.map((tile, i) =>
      i === at ? { ...tile, hashes: flipBit(tile.hashes, 77) } : tile,
    );
    expect(toHex(rootOfEdge({ ...edge, partialTiles }))).not.toBe(toHex(rootOfEdge(edge)));
  }
});

describe('partial tiles that are not those of their size are refused:', () => {
  const { edge } = growBy([70_000]);
  const [first, ...others] = edge.partialTiles as [Tile, ...Tile[]];
  test.each<[string, TreeEdge]>([
    ['one that is missing', { ...edge, partialTiles: others }],
    ['one that is there twice', { ...edge, partialTiles: [first, ...edge.partialTiles] }],
    ['one in place of another', { ...edge, partialTiles: [first, first, ...others.slice(1)] }],
    ['one that is cut', withFirst({ hashes: first.hashes.subarray(32) })],
    ['one that is cut within a hash', withFirst({ hashes: first.hashes.subarray(1) })],
    ['one that is wider', withFirst({ hashes: countUp(113 * 32) })],
    ['one of another index', withFirst({ index: 272 })],
    ['one of another level', withFirst({ level: 3 })],
    ['those of another size', { ...edge, size: 70_001 }],
    ['any, where there are no leaves', { size: 0, partialTiles: [first] }],
  ])('%s', async (_, forged) => {
    const { details } = await expectCode('log_tampered', () => rootOfEdge(forged));
    expect(details['what']).toBe('tile');
    await expectCode('log_tampered', () => growTiles(forged, leaves.slice(0, 1)));
  });

  function withFirst(change: Partial<Tile>): TreeEdge {
    return { ...edge, partialTiles: [{ ...first, ...change }, ...others] };
  }
});

test('an invalid hash of a leaf is the mistake of the program', () => {
  expect(() => growTiles(emptyTree, [new Uint8Array(31)])).toThrow(TypeError);
});
