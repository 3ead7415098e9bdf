import { type EntryListDocument, readLog } from '../../authority/commands/log.ts';
import type { Caller } from '../caller.ts';
import { formatTable, type Outcome } from '../output.ts';
import type { Session } from '../session.ts';
import { watchLog } from '../watch-log.ts';

/** Options of `log show`. */
export interface ShowOptions {
  readonly from?: number;
  readonly limit?: number;
}

const defaultLimit = 20;
const pageLength = 1000;

/** `hanaper log show`: the last entries, or those from an index on. */
export async function show(session: Session, { from, limit = defaultLimit }: ShowOptions): Promise<Outcome> {
  const caller = await session.openCaller('read');
  await watchLog(session, caller);
  const start = from ?? Math.max(0, (await caller.execute(readLog, { limit: 1 })).size - limit);
  const document = await readEntries(caller, start, limit);
  return { document, lines: describe(document) };
}

async function readEntries(caller: Caller, start: number, limit: number): Promise<EntryListDocument> {
  const entries: EntryListDocument['entries'][number][] = [];
  for (let next: number | undefined = start; ; ) {
    const rest = Math.max(1, Math.min(pageLength, limit - entries.length));
    const page: EntryListDocument = await caller.execute(readLog, { from: next, limit: rest });
    entries.push(...page.entries);
    next = page.next;
    if (next === undefined || entries.length >= limit) {
      return { entries, size: page.size, ...(next !== undefined && { next }) };
    }
  }
}

function describe({ entries, size, next }: EntryListDocument): readonly string[] {
  if (entries.length === 0) return [`The log has ${size} entries, and none from there on.`];
  const rows = entries.map(({ index, enrolled_at, command, issuer, outcome, effects, effect_count }) => [
    String(index),
    enrolled_at,
    command ?? '?',
    outcome ?? '?',
    issuer ?? '?',
    effect_count > effects.length ? `${effect_count} rows` : summarise(effects.map(({ table }) => table)),
  ]);
  return [
    ...formatTable(['ENTRY', 'ENROLLED', 'COMMAND', 'OUTCOME', 'BY', 'WROTE'], rows),
    ...(next === undefined ? [] : ['', `Next: hanaper log show --from ${next}`]),
  ];
}

function summarise(tables: readonly string[]): string {
  const counts = Map.groupBy(tables, (table) => table);
  return [...counts].map(([table, { length }]) => (length === 1 ? table : `${table} (${length})`)).join(', ');
}
