import { HanaperError } from '../errors.ts';
import { hashLength } from './merkle.ts';

/** How many hashes a full tile has in its row: it stands for a subtree of height 8 (C2SP tlog-tiles). */
export const tileWidth = 256;

/** Where a tile lies, and how much of it there is. */
export interface TileCoordinates {
  /** 0 has the hashes of leaves; each further level those of the full tiles below it. */
  readonly level: number;
  /** From 0, within the level. */
  readonly index: number;
  /** How many hashes: 1 to 256. */
  readonly width: number;
}

/** A tile: {@link TileCoordinates} without the width, which its hashes tell. */
export interface Tile {
  readonly level: number;
  readonly index: number;
  /** 1 to 256 hashes of 32 bytes, one after the other. */
  readonly hashes: Uint8Array;
}

/** What a path names: a tile of hashes, or, with `entries` for its level, a bundle of entries. */
export type TilePath = Omit<TileCoordinates, 'level'> & { readonly level: number | 'entries' };

const maxLevel = 63;
const pathPattern = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/;

/** How wide the tile is in the tree of `size` leaves: 0, where the tree has no such tile, to 256. */
export function widthOfTile({ level, index }: Pick<TileCoordinates, 'level' | 'index'>, size: number): number {
  const hashes = Math.floor(size / tileWidth ** level) - index * tileWidth;
  return Math.min(tileWidth, Math.max(0, hashes));
}

/** The tiles of a tree that are not full, one a level at most: what is needed to go on with it. */
export function listPartialTiles(size: number): readonly TileCoordinates[] {
  const tiles: TileCoordinates[] = [];
  for (let level = 0, hashes = size; hashes > 0; level++) {
    const width = hashes % tileWidth;
    const index = Math.floor(hashes / tileWidth);
    if (width > 0) tiles.push({ level, index, width });
    hashes = index;
  }
  return tiles;
}

/** The path of a tile or a bundle under the prefix of the log: `tile/0/x001/234.p/56` (C2SP tlog-tiles). */
export function formatTilePath({ level, index, width }: TilePath): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? [];
  const number = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${number}${width < tileWidth ? `.p/${width}` : ''}`;
}

/**
 * Reads what {@link formatTilePath} writes, and no other spelling of it.
 *
 * @throws HanaperError `bad_input`
 */
export function parseTilePath(path: string): TilePath {
  const [, level = '', number = '', width = String(tileWidth)] = path.length > 64 ? [] : (pathPattern.exec(path) ?? []);
  const parsed: TilePath = {
    level: level === 'entries' ? level : Number(level),
    index: Number(number.replaceAll(/[x/]/g, '')),
    width: Number(width),
  };
  if (number === '' || !isWithinBounds(parsed) || formatTilePath(parsed) !== path) throw notTilePath();
  return parsed;
}

/** The bytes of as many hashes as a tile of this width has. */
export function tileLength(width: number): number {
  return width * hashLength;
}

function isWithinBounds({ level, index, width }: TilePath): boolean {
  if (level !== 'entries' && level > maxLevel) return false;
  return Number.isSafeInteger(index) && width >= 1 && width <= tileWidth;
}

function notTilePath(): HanaperError {
  return new HanaperError(
    'bad_input',
    'This is no path of a tile; one looks like tile/0/x001/234, tile/1/005.p/17 or tile/entries/x001/234.',
    { expected: 'tile/<level>/<index>[.p/<width>]' },
  );
}
