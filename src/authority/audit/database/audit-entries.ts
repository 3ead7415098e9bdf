import type { CID } from 'multiformats/cid';
import { attempt, requireRefusal } from '../../../attempt.ts';
import { decodeLogEntry, type LogEntry } from '../../../log/entry.ts';
import { isTime } from '../../../log/time.ts';
import { toSeconds } from '../../../signature/time.ts';
import type { LogEntryRow } from '../../../store/engine/schema.ts';
import type { Transaction } from '../../../store/engine/transaction.ts';
import {
  listInvocationCids,
  listPlacedInvocations,
  listRevocationInvocations,
  type PlacedInvocation,
  wasWritten,
} from '../../../store/tables/act-rows.ts';
import { getAuthority } from '../../../store/tables/authority.ts';
import { listEveryEntry } from '../../../store/tables/log.ts';
import { getDelegationByCid } from '../../../store/tables/ucan-delegations.ts';
import { columnsOf } from '../../../store/tables/ucan-invocations.ts';
import { findProof } from '../../../store/tables/ucan-proofs.ts';
import { formatCid, parseCid } from '../../../ucan/encoding/cid.ts';
import { DelegationCache } from '../../../ucan/token/delegation-cache.ts';
import { decodeInvocation, type Invocation } from '../../../ucan/token/invocation.ts';
import { EffectCursor } from '../effect-cursor.ts';
import { EffectsChecker } from '../effects-checker.ts';
import { EntryChecker, type EntryCircumstances } from '../entry-checker.ts';
import type { Findings } from '../findings.ts';
import { auditKeptProofs } from './audit-indexes.ts';
import { CidSet } from './cid-set.ts';
import { listRequiredRows, type RequiredRows } from './required-rows.ts';

/** The result of auditing the acts of a database. */
export interface AuditedActs {
  /** How many entries there are. */
  readonly size: number;
  /** When the last was enrolled; null without entries. */
  readonly enrolledAt: string | null;
  /** How many entries have effects. */
  readonly generation: number;
  /** How many entries are of the older version. */
  readonly unbound: number;
  /** The first entry from which effects name their rows; if no entry begins that, the first of all. */
  readonly base: number;
}

const entriesAtOnce = 500;
const cidsAtOnce = 1000;
const tokenTable = 'ucan_invocations';

/** Checks every act of a database: entry, tokens, chain and effects, and that no token is there that no entry names. */
export async function auditActs(
  transaction: Transaction,
  authority: string,
  findings: Findings,
  onProgress?: (done: number) => void,
): Promise<AuditedActs> {
  const createdAt = (await getAuthority(transaction))?.createdAt ?? '';
  const walk = new ActWalk(transaction, { did: authority, createdAt }, findings);
  for await (const rows of listEveryEntry(transaction, entriesAtOnce)) {
    await walk.checkPage(rows);
    onProgress?.(walk.size);
  }
  return walk.end();
}

class ActWalk {
  readonly #transaction: Transaction;
  readonly #findings: Findings;
  readonly #effects: EffectCursor;
  readonly #acts: EntryChecker;
  readonly #named = new CidSet();
  readonly #proofs = new CidSet();
  #size = 0;
  #generation = 0;
  /** When the authority was made, and when its log begins: what was taken in meanwhile is older than its entry. */
  readonly #madeAt: string;
  #begunAt: string | undefined;

  constructor(
    transaction: Transaction,
    { did: authority, createdAt }: { readonly did: string; readonly createdAt: string },
    findings: Findings,
  ) {
    this.#transaction = transaction;
    this.#findings = findings;
    this.#effects = new EffectCursor(transaction);
    this.#madeAt = createdAt;
    this.#acts = new EntryChecker({ authority, findings, ...proofsOf(transaction) });
  }

  /** How many entries there are so far. */
  get size(): number {
    return this.#size;
  }

  async checkPage(rows: readonly LogEntryRow[]): Promise<void> {
    const decoded = rows.map((row) => ({ row, entry: this.#decode(row) }));
    const cids = decoded.flatMap(({ entry }) => (entry ? [entry.invocation, entry.receipt] : []));
    const stored = await listPlacedInvocations(this.#transaction, cids);
    const byCid = new Map(stored.map((token) => [token.cid, token]));
    for (const { row, entry } of decoded) {
      if (row.entryIndex !== this.#size) this.#tellGap(row.entryIndex);
      this.#size = row.entryIndex + 1;
      if (entry) await this.#checkEntry(row, entry, byCid);
      else this.#acts.pass(row.entry);
    }
  }

  async end(): Promise<AuditedActs> {
    for await (const { entryIndex, position } of this.#effects.takeThrough(Number.MAX_SAFE_INTEGER)) {
      this.#tellStray(entryIndex, position);
    }
    await this.#checkNamed();
    await auditKeptProofs(this.#transaction, this.#proofs, this.#findings);
    const { enrolledAt, unbound, base = 0 } = this.#acts;
    const [size, generation] = [this.#size, this.#generation];
    return { size, enrolledAt: enrolledAt === '' ? null : enrolledAt, generation, unbound, base };
  }

  #decode({ entryIndex, entry }: LogEntryRow): LogEntry | undefined {
    try {
      return decodeLogEntry(entry);
    } catch (error) {
      const refusal = requireRefusal(error);
      this.#findings.add({ kind: 'entry', table: 'log_entries', index: entryIndex, message: refusal.message });
      return undefined;
    }
  }

  async #checkEntry(
    { entryIndex: index, entry: bytes }: LogEntryRow,
    entry: LogEntry,
    stored: ReadonlyMap<string, PlacedInvocation>,
  ): Promise<void> {
    const before = this.#acts.enrolledAt;
    this.#begunAt ??= entry.enrolledAt;
    const rows = [entry.invocation, entry.receipt].map((cid) => stored.get(formatCid(cid)));
    const [invocationRow, receiptRow] = rows;
    const { invocation, receipt } = await this.#acts.check({
      index,
      bytes,
      entry,
      invocation: invocationRow?.envelope,
      receipt: receiptRow?.envelope,
    });
    this.#named.add(entry.invocation);
    this.#named.add(entry.receipt);
    for (const cid of invocation?.proofs ?? []) this.#proofs.add(cid);
    const now = receipt?.invocation.issuedAt;
    const isTimely = (time: string | null) => time !== null && isTimeOf(time, entry.enrolledAt, before, now);
    if (invocation && invocationRow) {
      this.#checkRow(index, invocationRow, invocation, formatCid(entry.receipt), isTimely);
    }
    if (receipt && receiptRow) this.#checkRow(index, receiptRow, receipt.invocation, null, isTimely);
    const required = invocation && receipt ? listRequiredRows(invocation, receipt) : { rows: [] };
    await this.#checkEffects(index, entry, required);
  }

  /** Checks the columns beside a token against it, and against its entry. */
  #checkRow(
    index: number,
    row: PlacedInvocation,
    token: Invocation,
    resultCid: string | null,
    isTimely: (time: string | null) => boolean,
  ): void {
    const { createdAt, executedAt } = row;
    const isMadeInTime = createdAt === executedAt || this.#isBeforeLog(createdAt);
    const column =
      findWrongColumn(row, token) ??
      (row.resultCid === resultCid ? undefined : 'result_cid') ??
      (isTimely(executedAt) ? undefined : 'executed_at') ??
      (isMadeInTime ? undefined : 'created_at') ??
      (row.did === token.issuer ? undefined : 'did_id');
    if (column === undefined) return;
    const message = `The row of ${row.cid} says in ${column} something else than the token, or the entry ${index}.`;
    this.#findings.add({ kind: 'token', table: tokenTable, key: row.cid, index, message });
  }

  // What a version without a log has taken in, and the entry point has executed since.
  #isBeforeLog(createdAt: string): boolean {
    return isTime(createdAt) && createdAt >= this.#madeAt && createdAt < (this.#begunAt ?? '');
  }

  async #checkEffects(index: number, entry: LogEntry, required: RequiredRows): Promise<void> {
    const effects = new EffectsChecker(entry);
    const missing = new Map(required.rows.map((row) => [`${row.table} ${row.key}`, row]));
    let lacksTable = required.table !== undefined;
    for await (const effect of this.#effects.takeThrough(index)) {
      const isOwn = effect.entryIndex === index && effect.position === effects.count;
      if (!isOwn) this.#tellStray(effect.entryIndex, effect.position);
      if (effect.entryIndex !== index) continue;
      effects.append({ digest: effect.digest, table: effect.tableName, key: effect.rowKey });
      if (effect.tableName === required.table) lacksTable = false;
      missing.delete(`${effect.tableName} ${effect.rowKey}`);
      if (effect.tableName === 'ucan_revocations') this.#acts.noteRevocation(effect.rowKey);
    }
    effects.check(index, this.#findings);
    if (entry.effectCount > 0) this.#generation++;
    // What an entry of the first version wrote is not bound to it.
    if (!effects.areBound) return;
    if (lacksTable) this.#tellUnwritten(index, required.table ?? '');
    for (const { table, key } of missing.values()) {
      if (!(await wasWritten(this.#transaction, table, key, index))) this.#tellUnwritten(index, table, key);
    }
  }

  // The act found another row in the place of its own, and took it for the one that it was to write.
  #tellUnwritten(index: number, table: string, key?: string): void {
    const what =
      key === undefined
        ? 'does not record a row that the act must have written'
        : 'does not record the row that the act must have written, and no earlier entry does';
    const message = `Entry ${index} ${what}. Another row was already in that place when the act was executed.`;
    this.#findings.add({ kind: 'row', table, ...(key !== undefined && { key }), index, message });
  }

  /** Invocations that no entry names were slipped in, unless an older version has made a revocation of them. */
  async #checkNamed(): Promise<void> {
    const repeated = this.#named.countRepeated();
    if (repeated > 0) {
      const message = `Entries name ${repeated} invocations or receipts that others have named before.`;
      this.#findings.add({ kind: 'entry', table: 'log_entries', message });
    }
    for await (const cids of listInvocationCids(this.#transaction, cidsAtOnce)) {
      await this.#checkUnnamed(cids.filter((cid) => !this.#isNamed(cid)));
    }
  }

  #isNamed(cid: string): boolean {
    const parsed = attempt(() => parseCid(cid));
    return parsed !== undefined && formatCid(parsed) === cid && this.#named.has(parsed);
  }

  async #checkUnnamed(cids: readonly string[]): Promise<void> {
    const older = await listOlderRevocations(this.#transaction, cids);
    for (const key of cids.filter((cid) => !older.has(cid))) {
      const message = `No entry of the log names ${key}.`;
      this.#findings.add({ kind: 'token', table: tokenTable, key, message });
    }
  }

  #tellGap(index: number): void {
    const message = `The entry ${index} comes behind ${this.#size} others: some are missing, or moved.`;
    this.#findings.add({ kind: 'entry', table: 'log_entries', index, message });
  }

  #tellStray(index: number, position: number): void {
    const message = `The effect ${position} of the entry ${index} is not where it belongs.`;
    this.#findings.add({ kind: 'effect', table: 'log_effects', index, message });
  }
}

/** A delegation that an act rests on: kept beside the acts, or by an earlier version only where it was stored. */
export async function findKeptProof(transaction: Transaction, cid: CID): Promise<Uint8Array | undefined> {
  return (await findProof(transaction, cid)) ?? (await getDelegationByCid(transaction, cid))?.envelope;
}

function proofsOf(transaction: Transaction): Pick<EntryCircumstances, 'resolveProof' | 'keep'> {
  const cache = new DelegationCache();
  return {
    keep: (path) => cache.keep(path),
    resolveProof: async (cid) => {
      const token = await findKeptProof(transaction, cid);
      // One that was altered is named where its row is checked against the log.
      return token && attempt(() => cache.decode(token));
    },
  };
}

// The entry point executes at the time at which it enrols; where the clock was put back, the log's time stands still meanwhile.
function isTimeOf(time: string, enrolledAt: string, before: string, now: number | undefined): boolean {
  if (time === enrolledAt) return true;
  return enrolledAt === before && time < enrolledAt && toSeconds(time) === now;
}

/** Versions before the log have stored the invocations of revocations, and no receipts. */
async function listOlderRevocations(transaction: Transaction, cids: readonly string[]): Promise<ReadonlySet<string>> {
  const known = await listRevocationInvocations(transaction, cids);
  const rows = await listPlacedInvocations(
    transaction,
    known.flatMap((cid) => attempt(() => parseCid(cid)) ?? []),
  );
  return new Set(rows.filter(isWhole).map(({ cid }) => cid));
}

function isWhole(row: PlacedInvocation): boolean {
  const token = attempt(() => decodeInvocation(row.envelope));
  return (
    token !== undefined &&
    row.resultCid === null &&
    row.did === token.issuer &&
    findWrongColumn(row, token) === undefined
  );
}

function findWrongColumn(row: PlacedInvocation, token: Invocation): string | undefined {
  const { envelope: _, ...columns } = columnsOf(token);
  return Object.entries(columns).find(([column, value]) => row[column as keyof typeof columns] !== value)?.[0];
}
