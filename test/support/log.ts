/** The log as it lies in the database, and what holds of it whatever has happened. */
import { CID } from 'multiformats/cid';
import { expect } from 'vitest';
import { bindEffect } from '../../src/log/effect.ts';
import { treeHash } from '../../src/log/merkle.ts';
import { decodeDagCbor, formatCid, type IpldValue } from '../../src/ucan/index.ts';
import { query, queryOne, type Row } from './authority.ts';

/** An entry of the log, read. */
export interface StoredEntry {
  readonly index: number;
  /** CID. */
  readonly invocation: string;
  /** CID. */
  readonly receipt: string;
  readonly enrolledAt: string;
  readonly effectCount: number;
  readonly effectsRoot: Uint8Array;
}

// Every entry, in their order.
async function readLog(url: string): Promise<StoredEntry[]> {
  const rows = await query(url, 'select entry_index, entry from log_entries order by entry_index');
  return rows.map((row) => readEntry(Number(row['entry_index']), decodeDagCbor(row['entry'] as Uint8Array)));
}

/**
 * Expects the log to have neither gap nor fork: entries from 0 on, a head that fits them, and each invocation and each
 * receipt that is stored in exactly one entry. Returns the entries.
 */
export async function expectWholeLog(url: string): Promise<StoredEntry[]> {
  const entries = await readLog(url);
  expect(entries.map(({ index }) => index)).toEqual(entries.map((_, index) => index));
  const times = entries.map(({ enrolledAt }) => enrolledAt);
  expect(times).toEqual(times.toSorted());
  await expectHead(url, entries);
  await expectEffects(url, entries);
  await expectTokens(url, entries);
  return entries;
}

async function expectHead(url: string, entries: readonly StoredEntry[]): Promise<void> {
  const head = await queryOne(url, 'select size, generation, enrolled_at from log_head');
  expect(Number(head['size'])).toBe(entries.length);
  expect(Number(head['generation'])).toBe(entries.filter(({ effectCount }) => effectCount > 0).length);
  expect(new Date(head['enrolled_at'] as string | Date).toISOString()).toBe(entries.at(-1)?.enrolledAt);
}

async function expectEffects(url: string, entries: readonly StoredEntry[]): Promise<void> {
  const rows = await query(
    url,
    'select entry_index, position, table_name, row_key, digest from log_effects order by entry_index, position',
  );
  const byEntry = Map.groupBy(rows, (row) => Number(row['entry_index']));
  for (const { index, effectCount, effectsRoot } of entries) {
    const effects = byEntry.get(index) ?? [];
    expect(effects.map((row) => Number(row['position']))).toEqual(Array.from({ length: effectCount }, (_, at) => at));
    const digests = effects.map((row) =>
      bindEffect(new Uint8Array(row['digest'] as Uint8Array), {
        table: String(row['table_name']),
        key: String(row['row_key']),
      }),
    );
    expect(Buffer.from(treeHash(digests)).toString('hex')).toBe(Buffer.from(effectsRoot).toString('hex'));
  }
  expect(rows).toHaveLength(entries.reduce((sum, { effectCount }) => sum + effectCount, 0));
}

async function expectTokens(url: string, entries: readonly StoredEntry[]): Promise<void> {
  const rows = await query(url, 'select cid, result_cid from ucan_invocations');
  const isReceipt = (row: Row) => row['result_cid'] === null;
  const executed = rows.filter((row) => !isReceipt(row)).map((row) => `${row['cid']} ${row['result_cid']}`);
  expect(executed.sort()).toEqual(entries.map(({ invocation, receipt }) => `${invocation} ${receipt}`).sort());
  const receipts = rows.filter(isReceipt).map((row) => String(row['cid']));
  expect(receipts.sort()).toEqual(entries.map(({ receipt }) => receipt).sort());
}

function readEntry(index: number, fields: IpldValue): StoredEntry {
  const [kind, invocation, receipt, enrolledAt, effectCount, effectsRoot] = fields as readonly IpldValue[];
  expect(kind).toBe('hanaper/v2/log-entry');
  expect([invocation instanceof CID, receipt instanceof CID, effectsRoot instanceof Uint8Array]).not.toContain(false);
  return {
    index,
    invocation: formatCid(invocation as CID),
    receipt: formatCid(receipt as CID),
    enrolledAt: String(enrolledAt),
    effectCount: Number(effectCount),
    effectsRoot: effectsRoot as Uint8Array,
  };
}
