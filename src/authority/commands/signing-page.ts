import type { Budget } from '../../budget.ts';
import type { InvocationRow } from '../../store/engine/schema.ts';
import { listInvocationHeads } from '../../store/tables/ucan-invocations.ts';
import { matchesNamePattern } from '../../trust/name-pattern.ts';
import { computeCid, formatCid } from '../../ucan/encoding/cid.ts';
import { isIpldMap } from '../../ucan/encoding/ipld.ts';
import { decodeInvocation, type Invocation } from '../../ucan/token/invocation.ts';
import { readReceipt } from '../../ucan/token/receipt.ts';
import { type AboutDocument, describeAct, textOf } from '../log/describe-act.ts';
import { readTokenRows } from '../log/describe-entries.ts';
import { listEntries, type PlacedEntry } from '../log/find-entry.ts';
import type { CommandContext } from '../schemas/command.ts';
import type { AlteredDocument } from '../trust/find-altered-rows.ts';

/** Which signatures are looked for, and where in the log. */
export interface SigningFilter {
  /** DID of the organisation. */
  readonly subject?: string | undefined;
  /** Name or fingerprint. */
  readonly key?: string | undefined;
  readonly pattern?: string | undefined;
  /** The index of the first entry that is looked at. */
  readonly from: number;
  readonly limit: number;
}

/** A signature that was made or attached here. */
export interface FoundSignature {
  readonly placed: PlacedEntry;
  readonly invocation: Invocation;
  readonly about: AboutDocument;
  readonly signedAt: string | undefined;
}

/** One page; `next` is the index at which the search goes on. */
export interface SigningPage {
  readonly found: readonly FoundSignature[];
  readonly altered: readonly AlteredDocument[];
  readonly next?: number;
}

type Reader = Pick<CommandContext, 'transaction' | 'budget'>;

/** The commands that leave a signature in their receipt. */
export const signingCommands: readonly string[] = ['/package/sign', '/package/sign-hash', '/package/attach'];

const entriesAtOnce = 100;
// Their tokens are fetched together.
const actsAtOnce = 8;
const maxBytes = 1_048_576;
// One page names no more.
const maxAltered = 100;
// What looking at so many entries may take: a page ends where less is left.
const rowsKept = 1000;
// A name against a pattern takes the product of their lengths: this many comparisons are one step.
const comparisonsOfStep = 100;

/**
 * Reads the signatures that the `size` entries of the log record, in their order: less than the limit if one request may cost no
 * more. An act is chosen by the columns of its row; its tokens are then checked against the CIDs that the entry
 * names.
 */
export async function readSigningPage(reader: Reader, size: number, filter: SigningFilter): Promise<SigningPage> {
  const search = new Search(reader, filter);
  for (let from = filter.from; from < size; from += entriesAtOnce) {
    const next = from > filter.from && isSpent(reader.budget) ? from : await search.look(from);
    if (next !== undefined) return { ...search.page, ...(next < size && { next }) };
  }
  return search.page;
}

function isSpent(budget: Budget): boolean {
  return budget.left('rows_read') < rowsKept;
}

class Search {
  readonly #reader: Reader;
  readonly #filter: SigningFilter;
  readonly #found: FoundSignature[] = [];
  readonly #altered: AlteredDocument[] = [];
  #bytes = 0;

  constructor(reader: Reader, filter: SigningFilter) {
    this.#reader = reader;
    this.#filter = filter;
  }

  get page(): SigningPage {
    return { found: this.#found, altered: this.#altered };
  }

  /** Looks at entries from an index on; gives the index to go on at, once the page is full. */
  async look(from: number): Promise<number | undefined> {
    const acts = await this.#chooseActs(from);
    for (let start = 0; start < acts.length; start += actsAtOnce) {
      const some = acts.slice(start, start + actsAtOnce);
      const rows = await this.#readTokens(some);
      for (const placed of some) {
        if (this.#isFull()) return placed.index;
        this.#take(placed, rows);
      }
    }
    return undefined;
  }

  #isFull(): boolean {
    const { limit } = this.#filter;
    return this.#found.length >= limit || (this.#found.length > 0 && this.#bytes > maxBytes);
  }

  async #chooseActs(from: number): Promise<readonly PlacedEntry[]> {
    const { transaction, budget } = this.#reader;
    budget.spend('queries', 2);
    budget.spend('rows_read', 2 * entriesAtOnce);
    const entries = await listEntries(transaction, from, entriesAtOnce);
    const heads = await listInvocationHeads(
      transaction,
      entries.map(({ entry }) => formatCid(entry.invocation)),
    );
    const byCid = new Map(heads.map((head) => [head.cid, head]));
    return entries.filter(({ entry }) => {
      const cid = formatCid(entry.invocation);
      const head = byCid.get(cid);
      if (head === undefined) this.#note(describeLoss(cid));
      return head && signingCommands.includes(head.cmd) && head.sub === (this.#filter.subject ?? head.sub);
    });
  }

  async #readTokens(placed: readonly PlacedEntry[]): Promise<ReadonlyMap<string, InvocationRow>> {
    const { transaction, budget } = this.#reader;
    // An invocation and a receipt for each.
    budget.spend('queries');
    budget.spend('rows_read', 2 * placed.length);
    budget.spend('tokens', 2 * placed.length);
    return readTokenRows(transaction, placed);
  }

  #take(placed: PlacedEntry, rows: ReadonlyMap<string, InvocationRow>): void {
    const invocation = this.#decode(rows, formatCid(placed.entry.invocation));
    const receipt = this.#decode(rows, formatCid(placed.entry.receipt));
    if (invocation === undefined || receipt === undefined) return;
    const { out } = readReceipt(receipt);
    if (!('ok' in out)) return;
    const about = describeAct(invocation, out);
    if (!this.#isWanted(about)) return;
    const signedAt = isIpldMap(out.ok) ? textOf(out.ok, 'signed_at') : undefined;
    this.#found.push({ placed, invocation, about, signedAt });
  }

  #decode(rows: ReadonlyMap<string, InvocationRow>, cid: string): Invocation | undefined {
    const envelope = rows.get(cid)?.envelope;
    if (envelope && formatCid(computeCid(envelope)) === cid) {
      this.#bytes += envelope.length;
      return decodeInvocation(envelope);
    }
    this.#note(envelope ? describeChange(cid) : describeLoss(cid));
    return undefined;
  }

  #note(altered: AlteredDocument): void {
    if (this.#altered.length < maxAltered) this.#altered.push(altered);
  }

  #isWanted({ key, key_fingerprint: fingerprint, name }: AboutDocument): boolean {
    const { key: wanted, pattern } = this.#filter;
    if (wanted !== undefined && wanted !== key && wanted !== fingerprint) return false;
    if (pattern === undefined) return true;
    if (name === undefined) return false;
    this.#reader.budget.spend('policy_steps', Math.ceil((pattern.length * name.length) / comparisonsOfStep));
    return matchesNamePattern(pattern, name);
  }
}

function describeLoss(key: string): AlteredDocument {
  return describe(key, 'The row is missing, and the log has an entry of it.');
}

function describeChange(key: string): AlteredDocument {
  return describe(key, 'The token is not the one that the log names: somebody has altered it.');
}

function describe(key: string, message: string): AlteredDocument {
  return { code: 'log_tampered', table: 'ucan_invocations', key, message };
}
