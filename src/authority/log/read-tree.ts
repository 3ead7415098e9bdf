import type { HashReader } from '../../log/hash-reader.ts';
import { createTileReader } from '../../log/tile-reader.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findLogTile } from '../../store/tables/log-tiles.ts';

/** The tiles of the database, as hashes of the tree of `size` entries. One reader for each proof. */
export function readTree(transaction: Transaction, size: number): HashReader {
  return createTileReader(async (tile) => (await findLogTile(transaction, tile)) ?? new Uint8Array(0), size);
}
