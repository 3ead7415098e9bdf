import { requireRefusal } from '../../../attempt.ts';
import { equalBytes } from '../../../bytes.ts';
import { digestEffect, type HashedRow } from '../../../log/effect.ts';
import { decodeLogEntry, type LogEntry } from '../../../log/entry.ts';
import { hashLeaf } from '../../../log/merkle.ts';
import { RunningTree } from '../../../log/running-tree.ts';
import { type LoggedTable, nameInSql } from '../../../store/engine/effects.ts';
import { listRowsByKey } from '../../../store/engine/rows-by-key.ts';
import type { CheckpointRow, LogEffectRow } from '../../../store/engine/schema.ts';
import type { Transaction } from '../../../store/engine/transaction.ts';
import { listLogKeys, listPlacedInvocations } from '../../../store/tables/act-rows.ts';
import { listEveryCheckpoint } from '../../../store/tables/checkpoints.ts';
import { listEveryEntry, readLogHead } from '../../../store/tables/log.ts';
import { formatCid } from '../../../ucan/encoding/cid.ts';
import { type IpldMap, toIpldMap } from '../../../ucan/encoding/ipld.ts';
import { decodeInvocation } from '../../../ucan/token/invocation.ts';
import type { IdentifiedDatabase } from '../../identity/identified-database.ts';
import { findKeptProof } from '../database/audit-entries.ts';
import { EffectCursor } from '../effect-cursor.ts';
import { shownTables } from '../row-rules.ts';
import { type ExportedEffect, type ExportRecord, encodeRecord } from './export-record.ts';

/** Takes the bytes of an export, part by part. */
export type WriteExport = (bytes: Uint8Array) => void;

/** How much was exported. */
export interface ExportedLog {
  readonly size: number;
  /** Number of entries under the last checkpoint; null without a checkpoint. */
  readonly checkpoint: number | null;
}

const tableOf: ReadonlyMap<string, LoggedTable> = new Map(shownTables.map((table) => [nameInSql(table), table]));

const entriesAtOnce = 500;
const effectsAtOnce = 64;
const bytesAtOnce = 262_144;

/**
 * Writes the whole log out: entries, tokens, proofs, effects with those rows that tell no secret, and checkpoints. It is
 * read as it is at one moment, and can be verified with nothing but the authority's DID.
 *
 * @throws HanaperError `unavailable`, `log_tampered` if an entry is invalid, and what `write` throws
 */
export function exportLog(
  { database, identity }: IdentifiedDatabase,
  write: WriteExport,
  onProgress?: (done: number, total: number) => void,
): Promise<ExportedLog> {
  return database.transact('read', async (transaction) => {
    const { size } = await readLogHead(transaction);
    const writer = new LogWriter(transaction, write);
    await writer.begin(identity.did);
    for await (const rows of listEveryEntry(transaction, entriesAtOnce)) {
      await writer.addEntries(rows.map(({ entry }) => entry));
      onProgress?.(writer.size, size);
    }
    return writer.end();
  });
}

class LogWriter {
  readonly #transaction: Transaction;
  readonly #write: WriteExport;
  readonly #effects: EffectCursor;
  readonly #tree = new RunningTree();
  readonly #given = new Set<string>();
  readonly #checkpoints: AsyncGenerator<CheckpointRow>;
  #next: CheckpointRow | undefined;
  #checkpoint: number | null = null;

  constructor(transaction: Transaction, write: WriteExport) {
    this.#transaction = transaction;
    this.#write = write;
    this.#effects = new EffectCursor(transaction);
    this.#checkpoints = listEveryCheckpoint(transaction);
  }

  /** How many entries were written so far. */
  get size(): number {
    return this.#tree.size;
  }

  async begin(authority: string): Promise<void> {
    this.#add({ kind: 'head', authority });
    for (const { statement, signature } of await listLogKeys(this.#transaction)) {
      this.#add({ kind: 'log-key', statement, signature });
    }
    await this.#takeCheckpoint();
  }

  async addEntries(entries: readonly Uint8Array[]): Promise<void> {
    const decoded = entries.map((bytes) => ({ bytes, entry: decodeLogEntry(bytes) }));
    const cids = decoded.flatMap(({ entry }) => [entry.invocation, entry.receipt]);
    const rows = await listPlacedInvocations(this.#transaction, cids);
    const tokens = new Map(rows.map(({ cid, envelope }) => [cid, envelope]));
    for (const { bytes, entry } of decoded) await this.#addEntry(bytes, entry, tokens);
  }

  end(): ExportedLog {
    const { size } = this.#tree;
    this.#add({ kind: 'end', size, root: this.#tree.root() });
    return { size, checkpoint: this.#checkpoint };
  }

  async #addEntry(bytes: Uint8Array, entry: LogEntry, tokens: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const [invocation, receipt] = [entry.invocation, entry.receipt].map((cid) => tokens.get(formatCid(cid)));
    if (invocation) await this.#addProofs(invocation);
    const index = this.#tree.size;
    this.#add({ kind: 'entry', entry: bytes, invocation, receipt });
    this.#tree.append(hashLeaf(bytes));
    await this.#addEffects(index);
    await this.#addCheckpoint();
  }

  // Each once, before the first invocation that names it.
  async #addProofs(invocation: Uint8Array): Promise<void> {
    for (const cid of proofsOf(invocation)) {
      const name = formatCid(cid);
      if (this.#given.has(name)) continue;
      this.#given.add(name);
      const token = await findKeptProof(this.#transaction, cid);
      if (token) this.#add({ kind: 'proof', token });
    }
  }

  async #addEffects(index: number): Promise<void> {
    let page: LogEffectRow[] = [];
    for await (const effect of this.#effects.takeThrough(index)) {
      page.push(effect);
      if (page.length < effectsAtOnce) continue;
      await this.#addShown(page);
      page = [];
    }
    await this.#addShown(page);
  }

  async #addShown(rows: readonly LogEffectRow[]): Promise<void> {
    const standing = await readStanding(this.#transaction, rows);
    let effects: ExportedEffect[] = [];
    let length = 0;
    for (const row of rows) {
      const shown = showRow(row, standing);
      effects.push({ digest: row.digest, table: row.tableName, key: row.rowKey, ...(shown && { shown }) });
      length += shown?.row ? lengthOf(shown.row) : 0;
      if (length < bytesAtOnce) continue;
      this.#add({ kind: 'effects', effects });
      [effects, length] = [[], 0];
    }
    if (effects.length > 0) this.#add({ kind: 'effects', effects });
  }

  async #takeCheckpoint(): Promise<void> {
    const { value, done } = await this.#checkpoints.next();
    this.#next = done ? undefined : value;
  }

  async #addCheckpoint(): Promise<void> {
    const { size } = this.#tree;
    while (this.#next && this.#next.size < size) await this.#takeCheckpoint();
    if (this.#next?.size !== size) return;
    this.#checkpoint = size;
    this.#add({ kind: 'checkpoint', note: this.#next.note });
  }

  #add(record: ExportRecord): void {
    this.#write(encodeRecord(record));
  }
}

function proofsOf(bytes: Uint8Array) {
  try {
    const { issuer, subject, proofs } = decodeInvocation(bytes);
    return issuer === subject ? [] : proofs;
  } catch (error) {
    // A verifier of the export will report it.
    requireRefusal(error);
    return [];
  }
}

/** The rows as they stand, by table and key. */
async function readStanding(
  transaction: Transaction,
  effects: readonly LogEffectRow[],
): Promise<ReadonlyMap<string, HashedRow>> {
  const standing = new Map<string, HashedRow>();
  for (const [name, group] of Map.groupBy(effects, ({ tableName }) => tableName)) {
    const table = tableOf.get(name);
    if (table === undefined) continue;
    const rows = await listRowsByKey(
      transaction,
      table,
      group.map(({ rowKey }) => rowKey),
    );
    for (const { key, row } of rows) standing.set(`${name}/${key}`, row);
  }
  return standing;
}

// A row that was written again since is no longer there to be shown: its last effect shows it.
function showRow(
  { tableName, rowKey, salt, digest }: LogEffectRow,
  standing: ReadonlyMap<string, HashedRow>,
): ExportedEffect['shown'] {
  if (salt === null || !tableOf.has(tableName)) return undefined;
  for (const row of [standing.get(`${tableName}/${rowKey}`) ?? null, null]) {
    if (equalBytes(digestEffect(salt, { table: tableName, key: rowKey, row }), digest)) {
      return { salt, row: row && toIpldMap(row) };
    }
  }
  return undefined;
}

function lengthOf(row: IpldMap): number {
  return Object.values(row).reduce<number>(
    (sum, value) => sum + (typeof value === 'string' || value instanceof Uint8Array ? value.length : 8),
    0,
  );
}
