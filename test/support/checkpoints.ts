/** The tree over the entries in a database: grown there, and checked against what it must be. Nothing here needs Vitest. */
import type { Authority } from '../../src/authority/index.ts';
import { emptyTree, growTiles } from '../../src/log/grow-tiles.ts';
import {
  type Checkpoint,
  checkLogKey,
  emptyRoot,
  encodeLogEntry,
  hashLeaf,
  openCheckpoint,
  type Tile,
  type VerifierKey,
} from '../../src/log/index.ts';
import { listEveryCheckpoint } from '../../src/store/tables/checkpoints.ts';
import { insertLogEntry, listLogEntries, lockLogHead, moveLogHead } from '../../src/store/tables/log.ts';
import { findLogKey } from '../../src/store/tables/log-keys.ts';
import { listLogTiles } from '../../src/store/tables/log-tiles.ts';
import { computeCid } from '../../src/ucan/index.ts';

const enough = 2 ** 31 - 1;

/** Adds entries to a log, of which nothing matters but that no two are alike. */
export function appendEntries({ database }: Pick<Authority, 'database'>, count: number): Promise<void> {
  return database.transact('write', async (transaction) => {
    const head = await lockLogHead(transaction);
    for (let at = 0; at < count; at++) {
      const entryIndex = head.size + at;
      const { enrolledAt } = head;
      if (enrolledAt === null) throw new TypeError('a log begins with an entry of its authority');
      await insertLogEntry(transaction, { entryIndex, entry: encodeEntryAt(entryIndex, enrolledAt) }, []);
    }
    await moveLogHead(transaction, { ...head, size: head.size + count });
  });
}

/** An entry of nothing, which is another at each index. */
export function encodeEntryAt(index: number, enrolledAt: string): Uint8Array {
  const cid = computeCid(Buffer.from(`entry ${index}`));
  const written = { effectCount: 0, effectsRoot: emptyRoot() };
  return encodeLogEntry({ version: 2, invocation: cid, receipt: cid, enrolledAt, ...written });
}

/** The hashes of all entries. */
export async function readLeaves({ database }: Pick<Authority, 'database'>): Promise<readonly Uint8Array[]> {
  const rows = await database.transact('read', (transaction) => listLogEntries(transaction, 0, enough));
  return rows.map(({ entry }) => hashLeaf(entry));
}

/** The tiles as they lie there, by their paths. */
export async function readTiles({ database }: Pick<Authority, 'database'>): Promise<Record<string, string>> {
  const rows = await database.transact('read', (transaction) => listLogTiles(transaction, undefined, enough));
  return Object.fromEntries(rows.map(({ level, tileIndex, hashes }) => [`${level}/${tileIndex}`, toHex(hashes)]));
}

/** The tiles of leaves that came all at once, by their paths. */
export function tilesOf(leaves: readonly Uint8Array[]): Record<string, string> {
  const { changed } = growTiles(emptyTree, leaves);
  return Object.fromEntries(changed.map(({ level, index, hashes }: Tile) => [`${level}/${index}`, toHex(hashes)]));
}

/** The key of a log, as the authority has stated it. */
export async function readLogVerifier({
  database,
  identity,
}: Pick<Authority, 'database' | 'identity'>): Promise<VerifierKey> {
  const row = await database.transact('read', (transaction) => findLogKey(transaction, 1));
  if (row === undefined) throw new Error('the log has no key');
  const { origin: name, publicKey } = await checkLogKey(row, identity.did);
  return { name, publicKey };
}

/** Every checkpoint, each verified by that key. */
export async function readCheckpoints(
  authority: Pick<Authority, 'database' | 'identity'>,
): Promise<readonly Checkpoint[]> {
  const key = await readLogVerifier(authority);
  const rows = await authority.database.transact('read', (transaction) =>
    Array.fromAsync(listEveryCheckpoint(transaction)),
  );
  return Promise.all(rows.map(({ note }) => openCheckpoint(note, key)));
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
