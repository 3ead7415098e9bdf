import { equalBytes } from '../../bytes.ts';
import { publicKeyOf } from '../../crypto/ed25519.ts';
import { checkSeen } from '../../log/check-seen.ts';
import { type Checkpoint, openCheckpoint, signCheckpoint } from '../../log/checkpoint.ts';
import { proveConsistency } from '../../log/consistency.ts';
import { emptyTree, type GrownTree, rootOfEdge, type TreeEdge } from '../../log/grow-tiles.ts';
import { type LogKey, verifierKeyOf } from '../../log/log-key.ts';
import { emptyRoot } from '../../log/merkle.ts';
import { logTampered } from '../../log/tampered.ts';
import type { Tile } from '../../log/tile.ts';
import type { Database } from '../../store/engine/database.ts';
import { takeLock } from '../../store/engine/lock.ts';
import type { CheckpointRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { requireOwnSchema } from '../../store/migrations/own-schema.ts';
import { findLastCheckpoint, insertCheckpoint } from '../../store/tables/checkpoints.ts';
import { readLogHead } from '../../store/tables/log.ts';
import { writeLogTile } from '../../store/tables/log-tiles.ts';
import type { Vault } from '../../vault/vault.ts';
import { readIdentity } from '../identity/read-identity.ts';
import type { FollowedLog } from './followed-log.ts';
import { growTo, readEdge } from './grow-log.ts';
import { readLogKey } from './log-key.ts';
import { readTree } from './read-tree.ts';
import { removed } from './require-log.ts';

/** Of which log a checkpoint is made, and by whom. */
export interface CheckpointContext {
  readonly database: Database;
  readonly followed: FollowedLog;
  readonly vault: Vault;
  /** What this process saw last: the log must continue it. */
  readonly seen?: Checkpoint | undefined;
  /** The one time of a transaction: RFC 3339, UTC, milliseconds. */
  readNow(transaction: Transaction): Promise<string>;
}

/** The last checkpoint of a log, with its signed note. */
export interface LastCheckpoint extends Checkpoint {
  /** Absent before the first. */
  readonly note?: Uint8Array;
}

// So many need little memory.
const entriesUnderOne = 65_536;

/**
 * Hashes the entries that are under no checkpoint yet, keeps the tiles that grew, and signs the new head of the tree;
 * of very many entries, several heads one after the other. Entries are read and hashed beside the writers, and only
 * the result is written in a transaction of its own. Returns the last checkpoint.
 *
 * @throws HanaperError `log_tampered` where the tiles are not those that were signed last, or entries are missing;
 * `log_rolled_back` where the log does not continue what was seen; `database_corrupt` where somebody has altered the
 * tables since they were opened; `locked`, `unavailable`
 */
export async function makeCheckpoint(context: CheckpointContext): Promise<LastCheckpoint> {
  await requireOwnSchema(context.database);
  for (let { seen } = context; ; ) {
    const growth = await grow({ ...context, seen });
    seen = growth.signed;
    if (growth.changed.length === 0) return growth.signed;
    await signGrowth(context, growth);
  }
}

/** Signs for every entry of a log that has no checkpoint yet, in the transaction that has written the last of them. */
export async function signFirstCheckpoint(transaction: Transaction, vault: Vault, now: string): Promise<void> {
  await takeLock(transaction, 'checkpoint');
  if (await findLastCheckpoint(transaction)) return;
  const key = await requireOwnKey(transaction, vault);
  const { size } = await readLogHead(transaction);
  const { edge, changed } = await growTo(transaction, emptyTree, size);
  await writeSigned(transaction, changed, await signEdge(vault, key, edge, 0), now);
}

interface Growth extends GrownTree {
  readonly key: LogKey;
  /** The last checkpoint; of no entries before the first. */
  readonly signed: LastCheckpoint;
}

function grow({ followed, vault, seen }: CheckpointContext): Promise<Growth> {
  return followed.read(async (transaction, { size }) => {
    const key = await requireOwnKey(transaction, vault);
    const signed = await readSigned(transaction, key, size);
    if (seen) checkSeen(seen, signed, await proveSince(transaction, seen.size, signed.size));
    const from = await readEdge(transaction, signed.size);
    if (!equalBytes(rootOfEdge(from), signed.root)) {
      throw logTampered('tile', 'is another than when the last checkpoint was signed', { size: signed.size });
    }
    if (size < from.size) throw logTampered('entry', 'is missing', { size: from.size, entries: size });
    const grown = await growTo(transaction, from, Math.min(size, from.size + entriesUnderOne));
    return { key, signed, ...grown };
  });
}

async function readSigned(transaction: Transaction, key: LogKey, entries: number): Promise<LastCheckpoint> {
  const row = await findLastCheckpoint(transaction);
  if (row === undefined) {
    const isOlder = (await readIdentity(transaction))?.version === 1;
    if (isOlder) return { origin: key.origin, size: 0, root: emptyRoot() };
    throw removed('checkpoint', entries);
  }
  const checkpoint = await openCheckpoint(row.note, verifierKeyOf(key));
  if (checkpoint.size === row.size) return { ...checkpoint, note: row.note };
  throw logTampered('checkpoint', 'stands in the place of another', { size: row.size });
}

async function proveSince(transaction: Transaction, since: number, size: number) {
  return since < size ? proveConsistency(readTree(transaction, size), since, size) : [];
}

// Nothing is signed by a key that nobody could hold to be the log's.
async function requireOwnKey(transaction: Transaction, vault: Vault): Promise<LogKey> {
  const found = await readLogKey(transaction, vault.did);
  const publicKey = await vault.withLogKey(publicKeyOf);
  if (found && equalBytes(found.publicKey, publicKey)) return found;
  throw logTampered('log key', found ? 'is another than that of this authority' : 'is missing', { did: vault.did });
}

async function signGrowth(context: CheckpointContext, { key, signed, edge, changed }: Growth): Promise<void> {
  const { followed, vault } = context;
  const head = await signEdge(vault, key, edge, signed.size);
  await followed.writeBeside(async (transaction) => {
    await takeLock(transaction, 'checkpoint');
    const last = await findLastCheckpoint(transaction);
    // Somebody else was faster, and what was hashed here is theirs by now.
    if ((last?.size ?? 0) !== signed.size) return;
    await writeSigned(transaction, changed, head, await context.readNow(transaction));
  });
}

// Each names the one before it, so that none of them can be taken away unnoticed.
async function signEdge(
  vault: Vault,
  { origin }: LogKey,
  edge: TreeEdge,
  before: number,
): Promise<Omit<CheckpointRow, 'createdAt'>> {
  const { size } = edge;
  const checkpoint = { origin, size, root: rootOfEdge(edge), before };
  return { size, note: await vault.withLogKey((seed) => signCheckpoint(checkpoint, seed)) };
}

async function writeSigned(
  transaction: Transaction,
  changed: readonly Tile[],
  head: Omit<CheckpointRow, 'createdAt'>,
  createdAt: string,
): Promise<void> {
  for (const tile of changed) await writeLogTile(transaction, tile);
  await insertCheckpoint(transaction, { ...head, createdAt });
}
