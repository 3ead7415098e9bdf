import { setTimeout } from 'node:timers/promises';
import { type EntryDocument, type EntryListDocument, readLog } from '../../authority/commands/log.ts';
import { escapeUnprintable, printable } from '../../printable.ts';
import type { Caller } from '../caller.ts';
import { formatTable, type Outcome, type Output } from '../output.ts';
import type { Session } from '../session.ts';
import { watchLog } from '../watch-log.ts';

/** Options of `log show`. */
export interface ShowOptions {
  readonly from?: number;
  readonly limit?: number;
  readonly watch?: boolean;
}

const defaultLimit = 20;
const pageLength = 1000;
// How long a reader of new entries waits before it asks for more.
const watchMilliseconds = 1000;
const headings = ['ENTRY', 'ENROLLED', 'COMMAND', 'OUTCOME', 'ORGANISATION', 'NAME', 'KEY', 'HASH', 'BY', 'WROTE'];

/** `hanaper log show`: the last entries, or those from an index on; with `--watch` each that follows, without an end. */
export async function show(session: Session, options: ShowOptions): Promise<Outcome> {
  const { from, limit = defaultLimit } = options;
  const caller = await session.openCaller('read');
  await watchLog(session, caller);
  const start = from ?? Math.max(0, (await caller.execute(readLog, { limit: 1 })).size - limit);
  const document = await readEntries(caller, start, limit);
  if (options.watch) return await watch(session, caller, document, start);
  return { document, lines: describe(document) };
}

// A line for each entry, in JSON as well: there is no last one to close a document behind.
async function watch(session: Session, caller: Caller, shown: EntryListDocument, start: number): Promise<never> {
  const { output } = session;
  let next = start;
  for (let page = shown; ; page = await readEntries(caller, next, pageLength)) {
    const lines = output.json ? page.entries.map((entry) => JSON.stringify(entry)) : tabulate(page.entries);
    // The headings stand above the first entries alone.
    for (const line of page === shown || output.json ? lines : lines.slice(1)) writeLine(output, line);
    next += page.entries.length;
    if (next >= page.size) await setTimeout(watchMilliseconds);
  }
}

function writeLine(output: Output, line: string): void {
  output.out(`${output.json ? escapeUnprintable(line) : printable(line)}\n`);
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
  return [...tabulate(entries), ...(next === undefined ? [] : ['', `Next: hanaper log show --from ${next}`])];
}

function tabulate(entries: readonly EntryDocument[]): readonly string[] {
  return formatTable(headings, entries.map(toRow));
}

function toRow(entry: EntryDocument): readonly string[] {
  const { index, enrolled_at, command, outcome, organisation, name, key, key_fingerprint, hash, issuer } = entry;
  const { effects, effect_count } = entry;
  return [
    String(index),
    enrolled_at,
    command ?? '?',
    outcome ?? '?',
    organisation ?? '-',
    name ?? '-',
    key ?? key_fingerprint ?? '-',
    hash ?? '-',
    issuer ?? '?',
    effect_count > effects.length ? `${effect_count} rows` : summarise(effects.map(({ table }) => table)),
  ];
}

function summarise(tables: readonly string[]): string {
  const counts = Map.groupBy(tables, (table) => table);
  return [...counts].map(([table, { length }]) => (length === 1 ? table : `${table} (${length})`)).join(', ');
}
