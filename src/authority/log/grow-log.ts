import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { emptyTree, type GrownTree, growTiles, type TreeEdge } from '../../log/grow-tiles.ts';
import { hashLeaf } from '../../log/merkle.ts';
import { logTampered } from '../../log/tampered.ts';
import { listPartialTiles, type Tile, type TileCoordinates, tileLength } from '../../log/tile.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { listLogEntries } from '../../store/tables/log.ts';
import { findLogTile } from '../../store/tables/log-tiles.ts';

// So many at once keep nobody waiting long.
const entriesAtOnce = 512;

/** Where the tree of the first `size` entries ends, by the tiles that are kept. */
export async function readEdge(transaction: Transaction, size: number): Promise<TreeEdge> {
  const partialTiles: Tile[] = [];
  for (const tile of listPartialTiles(size)) partialTiles.push(await readTile(transaction, tile));
  return size === 0 ? emptyTree : { size, partialTiles };
}

/**
 * Goes on from a tree to that of `size` entries, by hashing those behind it.
 *
 * @throws HanaperError `log_tampered` where one of them is missing
 */
export async function growTo(transaction: Transaction, from: TreeEdge, size: number): Promise<GrownTree> {
  const changed = new Map<string, Tile>();
  let edge = from;
  while (edge.size < size) {
    if (edge !== from) await yieldToOthers();
    const leaves = await hashEntries(transaction, edge.size, Math.min(entriesAtOnce, size - edge.size));
    const grown = growTiles(edge, leaves);
    for (const tile of grown.changed) changed.set(`${tile.level}/${tile.index}`, tile);
    edge = grown.edge;
  }
  return { edge, changed: [...changed.values()] };
}

async function hashEntries(transaction: Transaction, from: number, count: number): Promise<readonly Uint8Array[]> {
  const rows = await listLogEntries(transaction, from, count);
  const gap = Array.from({ length: count }, (_, at) => from + at).find((index, at) => rows[at]?.entryIndex !== index);
  if (gap !== undefined) throw logTampered('entry', 'is missing', { index: gap });
  return rows.map(({ entry }) => hashLeaf(entry));
}

// A tile that has grown since begins with what it was.
async function readTile(transaction: Transaction, { level, index, width }: TileCoordinates): Promise<Tile> {
  const hashes = (await findLogTile(transaction, { level, index })) ?? new Uint8Array(0);
  return { level, index, hashes: hashes.subarray(0, tileLength(width)) };
}
