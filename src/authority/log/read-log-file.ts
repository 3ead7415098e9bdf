import { encodeUtf8 } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { encodeEntryBundle } from '../../log/entry-bundle.ts';
import { parseTilePath, type TilePath, tileLength, tileWidth } from '../../log/tile.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findLastCheckpoint } from '../../store/tables/checkpoints.ts';
import { listLogEntries } from '../../store/tables/log.ts';
import { findLogTile } from '../../store/tables/log-tiles.ts';
import type { AuthorityIdentity } from '../../vault/authority-statement.ts';
import { describeLogKey } from './describe-log-key.ts';
import type { FollowedLog } from './followed-log.ts';

/** The log of an authority, as it is read while it grows. */
export interface ServedLog {
  readonly followed: FollowedLog;
  readonly identity: AuthorityIdentity;
}

/** A file of the log as it is served (C2SP tlog-tiles). */
export interface LogFile {
  readonly kind: 'checkpoint' | 'key' | 'tile' | 'entries';
  readonly bytes: Uint8Array;
}

/**
 * Reads the file of the log at a path: `checkpoint`, `key`, `tile/<level>/<index>[.p/<width>]` or
 * `tile/entries/<index>[.p/<width>]`. There are no tiles of what is under no checkpoint yet.
 *
 * @throws HanaperError `bad_input`, `not_found`
 */
export function readLogFile({ followed, identity }: ServedLog, path: string): Promise<LogFile> {
  if (path === 'checkpoint') return followed.read(readCheckpoint);
  if (path === 'key') return followed.read((transaction) => readKey(transaction, identity.did));
  const tile = parseTilePath(path);
  return followed.read(async (transaction) =>
    tile.level === 'entries'
      ? { kind: 'entries', bytes: await readBundle(transaction, tile) }
      : { kind: 'tile', bytes: await readTile(transaction, tile) },
  );
}

async function readCheckpoint(transaction: Transaction): Promise<LogFile> {
  const row = await findLastCheckpoint(transaction);
  if (row === undefined) throw notThere('checkpoint');
  return { kind: 'checkpoint', bytes: row.note };
}

async function readKey(transaction: Transaction, did: string): Promise<LogFile> {
  const document = await describeLogKey(transaction, did);
  return { kind: 'key', bytes: encodeUtf8(`${JSON.stringify(document, null, 2)}\n`) };
}

// What is narrower than what there is by now is served still: a tile begins with what it was.
async function readTile(transaction: Transaction, { level, index, width }: TilePath): Promise<Uint8Array> {
  const hashes = await findLogTile(transaction, { level: Number(level), index });
  if (hashes === undefined || hashes.length < tileLength(width)) throw notThere('tile');
  return hashes.subarray(0, tileLength(width));
}

async function readBundle(transaction: Transaction, tile: TilePath): Promise<Uint8Array> {
  await readTile(transaction, { ...tile, level: 0 });
  const rows = await listLogEntries(transaction, tile.index * tileWidth, tile.width);
  return encodeEntryBundle(rows.map(({ entry }) => entry));
}

function notThere(kind: 'checkpoint' | 'tile'): HanaperError {
  return new HanaperError('not_found', `The log has no such ${kind}.`, { kind });
}
