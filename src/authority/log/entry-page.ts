import type { LogEffectRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { listEffectsOfEntries } from '../../store/tables/log.ts';
import { describeEntries, type EnrolledActDocument } from './describe-entries.ts';
import { listEntries, type PlacedEntry } from './find-entry.ts';

/** Entries that follow one another, and what each has written. */
export interface LogPage {
  readonly acts: readonly EnrolledActDocument[];
  /** By the index of their entry; at most the first 1,000 of each. */
  readonly effects: ReadonlyMap<number, readonly LogEffectRow[]>;
}

// What one page holds at most: entries, bytes of tokens, and effects of one entry and of all beyond the first.
const maxEntries = 250;
const maxBytes = 131_072;
const maxEffects = 1000;

/** Reads entries from an index on: less than `limit` where they have written many rows, or their tokens are long. */
export async function readLogPage(transaction: Transaction, from: number, limit: number): Promise<LogPage> {
  const placed = takeFirst(await listEntries(transaction, from, Math.min(limit, maxEntries)));
  const acts = await describeEntries(transaction, placed, maxBytes);
  const effects = await listEffectsOfEntries(transaction, from, acts.length, maxEffects);
  return { acts, effects: Map.groupBy(effects, ({ entryIndex }) => entryIndex) };
}

// As many as have so many effects together, and at least one.
function takeFirst(placed: readonly PlacedEntry[]): readonly PlacedEntry[] {
  let effects = 0;
  const end = placed.findIndex(({ entry }, index) => {
    effects += entry.effectCount;
    return index > 0 && effects > maxEffects;
  });
  return end < 0 ? placed : placed.slice(0, end);
}
