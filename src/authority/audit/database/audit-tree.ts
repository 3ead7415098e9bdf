import { equalBytes } from '../../../bytes.ts';
import { hashLength } from '../../../log/merkle.ts';
import { type Tile, tileWidth, widthOfTile } from '../../../log/tile.ts';
import { isTime } from '../../../log/time.ts';
import { readPages } from '../../../store/engine/pages.ts';
import type { CheckpointRow, LogEntryRow, LogTileRow } from '../../../store/engine/schema.ts';
import type { Transaction } from '../../../store/engine/transaction.ts';
import { findLastCheckpoint, listEveryCheckpoint } from '../../../store/tables/checkpoints.ts';
import { listEveryEntry } from '../../../store/tables/log.ts';
import { findLogTile, listLogTiles } from '../../../store/tables/log-tiles.ts';
import type { Findings } from '../findings.ts';
import { TreeChecker, type TreeCircumstances } from '../tree-checker.ts';

const entriesAtOnce = 2000;
const tilesAtOnce = 500;

/**
 * Recomputes the tree over all entries of a database, and checks every checkpoint and every tile against it.
 * Whatever the number of entries, a few thousand are in memory.
 */
export async function auditTree(
  transaction: Transaction,
  circumstances: Omit<TreeCircumstances, 'tellTile'>,
  onProgress?: (done: number) => void,
): Promise<TreeChecker> {
  const walk = new TreeWalk(transaction, circumstances, (await findLastCheckpoint(transaction))?.size ?? 0);
  await walk.begin();
  for await (const rows of listEveryEntry(transaction, entriesAtOnce)) {
    await walk.append(rows);
    onProgress?.(walk.tree.size);
  }
  await walk.end();
  return walk.tree;
}

class TreeWalk {
  readonly tree: TreeChecker;
  readonly #transaction: Transaction;
  readonly #findings: Findings;
  readonly #checkpoints: AsyncGenerator<CheckpointRow>;
  /** Of how many entries the tiles are: those of the last checkpoint. */
  readonly #tiledSize: number;
  #full: Tile[] = [];
  #next: CheckpointRow | undefined;
  #isCheckpointMissing = false;

  constructor(transaction: Transaction, circumstances: Omit<TreeCircumstances, 'tellTile'>, tiledSize: number) {
    this.#transaction = transaction;
    this.#findings = circumstances.findings;
    this.#checkpoints = listEveryCheckpoint(transaction);
    this.#tiledSize = tiledSize;
    this.tree = new TreeChecker({ ...circumstances, tellTile: (tile) => this.#full.push(tile) });
  }

  async begin(): Promise<void> {
    await this.#takeCheckpoint();
    while (this.#next && this.#next.size <= 0) await this.#passCheckpoint();
  }

  async append(rows: readonly LogEntryRow[]): Promise<void> {
    for (const { entry } of rows) {
      this.tree.append(entry);
      if (this.tree.size === this.#next?.size) await this.#passCheckpoint();
      if (this.tree.size === this.#tiledSize) await this.#checkTiles(this.tree.partialTiles());
    }
    // Those behind the last checkpoint are not written yet.
    await this.#checkTiles(this.#full.filter((tile) => widthOfTile(tile, this.#tiledSize) === tileWidth));
    this.#full = [];
  }

  async end(): Promise<void> {
    while (this.#next) await this.#passCheckpoint();
    this.tree.end();
    await this.#checkPlaces();
  }

  async #takeCheckpoint(): Promise<void> {
    const { value, done } = await this.#checkpoints.next();
    this.#next = done ? undefined : value;
  }

  async #passCheckpoint(): Promise<void> {
    if (this.#next) await this.#checkCheckpoint(this.#next);
    await this.#takeCheckpoint();
  }

  async #checkCheckpoint(row: CheckpointRow): Promise<void> {
    await this.tree.check(row);
    if (isTime(row.createdAt)) return;
    const message = `The time beside the checkpoint of ${row.size} entries is not a valid time.`;
    this.#findings.add({ kind: 'checkpoint', table: 'checkpoints', key: String(row.size), message });
  }

  async #checkTiles(tiles: readonly Tile[]): Promise<void> {
    for (const tile of tiles) {
      const stored = await findLogTile(this.#transaction, tile);
      if (stored === undefined) this.#tellTile(tile, 'is missing');
      else if (!equalBytes(stored, tile.hashes)) this.#tellDifference(tile, stored);
    }
  }

  #tellDifference(tile: Tile, stored: Uint8Array): void {
    const width = tile.hashes.length / hashLength;
    if (stored.length > tile.hashes.length && equalBytes(stored.subarray(0, tile.hashes.length), tile.hashes)) {
      this.#tellTile(tile, `has more than the ${width} hashes that there are at the last checkpoint`);
      this.#tellMissingCheckpoint();
      return;
    }
    const first = firstDifference(tile.hashes, stored);
    const which = `the hash ${first} of the ${width} in it is not that of the entries`;
    this.#tellTile(tile, which, tile.level === 0 ? tile.index * tileWidth + first : undefined);
  }

  /** Tiles that the tree of the last checkpoint has not. */
  async #checkPlaces(): Promise<void> {
    for await (const { level, tileIndex: index } of listEveryTile(this.#transaction)) {
      if (level >= 0 && index >= 0 && widthOfTile({ level, index }, this.#tiledSize) > 0) continue;
      this.#tellTile({ level, index }, `is in no tree of ${this.#tiledSize} entries, as the last checkpoint has it`);
      this.#tellMissingCheckpoint();
    }
  }

  #tellMissingCheckpoint(): void {
    if (this.#isCheckpointMissing) return;
    this.#isCheckpointMissing = true;
    const message = `There are tiles of more entries than the ${this.#tiledSize} of the last checkpoint: one behind it is missing.`;
    this.#findings.add({ kind: 'checkpoint', table: 'checkpoints', key: String(this.#tiledSize), message });
  }

  #tellTile({ level, index: at }: Pick<Tile, 'level' | 'index'>, reason: string, index?: number): void {
    const message = `The tile ${level}/${at} does not hold: ${reason}.`;
    const key = `${level}/${at}`;
    this.#findings.add({ kind: 'tile', table: 'log_tiles', key, message, ...(index !== undefined && { index }) });
  }
}

function firstDifference(hashes: Uint8Array, stored: Uint8Array): number {
  const at = hashes.findIndex((byte, index) => byte !== stored[index]);
  return Math.floor((at < 0 ? stored.length : at) / hashLength);
}

async function* listEveryTile(transaction: Transaction): AsyncGenerator<LogTileRow> {
  const pages = readPages<LogTileRow>(tilesAtOnce, (last) => listLogTiles(transaction, last, tilesAtOnce));
  for await (const rows of pages) yield* rows;
}
