import type { LogTileRow } from '../engine/schema.ts';
import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

const select = prepare<Pick<LogTileRow, 'hashes'>>('select hashes from log_tiles where level = $1 and tile_index = $2');
const upsert = prepare(
  `insert into log_tiles (level, tile_index, hashes) values ($1, $2, $3)
   on conflict (level, tile_index) do update set hashes = excluded.hashes`,
);

/** All the hashes of a tile that there are so far, 32 bytes each; `undefined` where it has none. */
export async function findLogTile(
  transaction: Transaction,
  { level, index }: { readonly level: number; readonly index: number },
): Promise<Uint8Array | undefined> {
  const [row] = await select(transaction, level, index);
  return row?.hashes;
}

/** Writes a tile, or what it has grown to. */
export async function writeLogTile(
  transaction: Transaction,
  { level, index, hashes }: { readonly level: number; readonly index: number; readonly hashes: Uint8Array },
): Promise<void> {
  await upsert(transaction, level, index, hashes);
}

/** Tiles in the order of their levels and indices, behind the one that is named: at most so many. */
export async function listLogTiles(
  { kysely }: Transaction,
  behind: { readonly level: number; readonly tileIndex: number } | undefined,
  limit: number,
): Promise<readonly LogTileRow[]> {
  let query = kysely.selectFrom('logTiles').selectAll().orderBy('level').orderBy('tileIndex').limit(limit);
  if (behind) {
    const { level, tileIndex } = behind;
    query = query.where((row) =>
      row.or([row('level', '>', level), row.and([row('level', '=', level), row('tileIndex', '>', tileIndex)])]),
    );
  }
  return query.execute();
}
