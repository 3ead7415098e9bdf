import { concatBytes } from '../bytes.ts';
import { foldSubtrees, hashLength, hashRow } from './merkle.ts';
import { subtreesOf } from './ranges.ts';
import { logTampered } from './tampered.ts';
import { listPartialTiles, type Tile, tileLength, tileWidth } from './tile.ts';

/** A tree that can go on: how many leaves it has, and its partial tiles, one a level at most. */
export interface TreeEdge {
  readonly size: number;
  /** The tiles of `listPartialTiles(size)`, in any order. */
  readonly partialTiles: readonly Tile[];
}

/** What has become of a tree. */
export interface GrownTree {
  readonly edge: TreeEdge;
  /** The tiles that are new or wider, each with all its hashes so far. */
  readonly changed: readonly Tile[];
}

/** A tree without leaves. */
export const emptyTree: TreeEdge = { size: 0, partialTiles: [] };

/**
 * Appends leaves, by their hashes of 32 bytes, to a tree. It takes time in proportion to their number alone.
 *
 * @throws HanaperError `log_tampered` where the partial tiles are not those of such a tree
 */
export function growTiles(edge: TreeEdge, leafHashes: readonly Uint8Array[]): GrownTree {
  if (leafHashes.some(({ length }) => length !== hashLength)) throw new TypeError('a leaf hash has 32 bytes');
  const partial = readPartialTiles(edge);
  const changed: Tile[] = [];
  let added: readonly Uint8Array[] = leafHashes;
  for (let level = 0, hashes = edge.size; added.length > 0; level++, hashes = Math.floor(hashes / tileWidth)) {
    const grown = growLevel(partial.get(level), level, Math.floor(hashes / tileWidth), added);
    for (const tile of grown) changed.push(tile);
    added = grown.filter(isFull).map((tile) => hashRow(tile.hashes));
  }
  return { edge: moveEdge(edge, partial, changed, edge.size + leafHashes.length), changed };
}

/**
 * The root of a tree, by its partial tiles alone: 32 bytes.
 *
 * @throws HanaperError `log_tampered` where the partial tiles are not those of such a tree
 */
export function rootOfEdge(edge: TreeEdge): Uint8Array<ArrayBuffer> {
  const rows = [...readPartialTiles(edge)].sort(([left], [right]) => right - left);
  return foldSubtrees(rows.flatMap(([, { hashes }]) => hashSubtrees(hashes)));
}

function hashSubtrees(row: Uint8Array): readonly Uint8Array[] {
  return subtreesOf({ start: 0, end: row.length / hashLength }).map(({ level, index }) => {
    const length = tileLength(2 ** level);
    return hashRow(row.subarray(index * length, (index + 1) * length));
  });
}

function growLevel(
  partial: Tile | undefined,
  level: number,
  firstIndex: number,
  added: readonly Uint8Array[],
): readonly Tile[] {
  const tiles: Tile[] = [];
  let held = partial?.hashes ?? new Uint8Array(0);
  for (let next = 0; next < added.length; ) {
    const room = tileWidth - held.length / hashLength;
    const taken = added.slice(next, next + room);
    tiles.push({ level, index: firstIndex + tiles.length, hashes: concatBytes(held, ...taken) });
    held = new Uint8Array(0);
    next += taken.length;
  }
  return tiles;
}

function moveEdge(
  edge: TreeEdge,
  partial: ReadonlyMap<number, Tile>,
  changed: readonly Tile[],
  size: number,
): TreeEdge {
  const held = new Map(partial);
  for (const tile of changed) held.set(tile.level, tile);
  return { ...edge, size, partialTiles: [...held.values()].filter((tile) => !isFull(tile)) };
}

function isFull({ hashes }: Tile): boolean {
  return hashes.length === tileLength(tileWidth);
}

function readPartialTiles({ size, partialTiles }: TreeEdge): ReadonlyMap<number, Tile> {
  const expected = listPartialTiles(size);
  const given = expected.map(({ level, index, width }) =>
    partialTiles.find(
      (tile) => tile.level === level && tile.index === index && tile.hashes.length === tileLength(width),
    ),
  );
  if (partialTiles.length !== expected.length || given.includes(undefined)) {
    throw logTampered('tile', `is not one of those with which a tree of ${size} leaves ends`, { size });
  }
  return new Map(partialTiles.map((tile) => [tile.level, tile]));
}
