import type { HashReader } from './hash-reader.ts';
import { hashLength, hashRow } from './merkle.ts';
import type { NodeCoordinates } from './ranges.ts';
import { logTampered } from './tampered.ts';
import { type TileCoordinates, tileLength, tileWidth, widthOfTile } from './tile.ts';

/**
 * Gives the hashes of a tile, 32 bytes each: as many as its width says, or more, since a tile that has grown begins with
 * what it was.
 */
export type ReadTile = (tile: TileCoordinates) => Promise<Uint8Array>;

const tileHeight = 8;

/**
 * Reads the hashes of a tree of `size` leaves out of its tiles, and computes those that lie within one. Each tile is
 * read once and kept as long as the reader is: make one for each proof. The result is as good as the tiles; verify it
 * against a root that you trust. `readHashes` of a subtree that is not complete is a `TypeError`.
 *
 * @throws HanaperError `log_tampered`, by `readHashes`, where a tile is too short.
 */
export function createTileReader(readTile: ReadTile, size: number): HashReader {
  const tiles = new Map<string, Promise<Uint8Array>>();
  const readOnce = (tile: TileCoordinates) => {
    const key = `${tile.level}/${tile.index}`;
    const reading = tiles.get(key) ?? readTile(tile).then((hashes) => requireHashes(hashes, tile));
    tiles.set(key, reading);
    return reading;
  };
  const readHash = async (node: NodeCoordinates) => {
    const { tile, start, count } = placeOf(node, size);
    return hashRow((await readOnce(tile)).subarray(start * hashLength, (start + count) * hashLength));
  };
  return { readHashes: (nodes) => Promise.all(nodes.map(readHash)) };
}

function placeOf(
  { level, index }: NodeCoordinates,
  size: number,
): { tile: TileCoordinates; start: number; count: number } {
  const count = 2 ** (level % tileHeight);
  const first = index * count;
  const tile = { level: Math.floor(level / tileHeight), index: Math.floor(first / tileWidth) };
  const [start, width] = [first % tileWidth, widthOfTile(tile, size)];
  if (start + count > width) throw new TypeError(`a tree of ${size} leaves has no whole subtree ${level}/${index}`);
  return { tile: { ...tile, width }, start, count };
}

function requireHashes(hashes: Uint8Array, { level, index, width }: TileCoordinates): Uint8Array {
  if (hashes.length >= tileLength(width) && hashes.length <= tileLength(tileWidth)) return hashes;
  throw logTampered('tile', `has not the ${width} hashes that a tree of this size has there`, { level, index, width });
}
