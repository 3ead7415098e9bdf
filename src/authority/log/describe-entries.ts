import type { InvocationRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { listOrganizationsByDid } from '../../store/tables/organizations.ts';
import { listInvocationsByCid } from '../../store/tables/ucan-invocations.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { decodeInvocation } from '../../ucan/token/invocation.ts';
import { type ReceiptOutcome, readReceipt } from '../../ucan/token/receipt.ts';
import { type AboutDocument, describeAct } from './describe-act.ts';
import type { PlacedEntry } from './find-entry.ts';

/** What was done, by whom, and with which result; absent as far as the database has lost it. */
interface ActDocument extends AboutDocument {
  readonly command?: string;
  /** DID of the invoker. */
  readonly issuer?: string;
  /** DID of whose power it was. */
  readonly subject?: string;
  /** Name of the organisation whose power it was. */
  readonly organisation?: string;
  /** `ok`, or the code of the refusal. */
  readonly outcome?: string;
}

/** An entry as a document, without the rows that it wrote. */
export interface EnrolledActDocument extends ActDocument {
  readonly index: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly enrolled_at: string;
  /** CID, in base58btc. */
  readonly invocation: string;
  readonly receipt: string;
  readonly effect_count: number;
}

// Their tokens are fetched together.
const entriesAtOnce = 8;

/**
 * Describes entries by what their tokens say: the first ones, until their tokens have `maxBytes`, and at least one. Nothing
 * is verified; a token is read from its envelope, found by its CID.
 */
export async function describeEntries(
  transaction: Transaction,
  placed: readonly PlacedEntry[],
  maxBytes: number,
): Promise<readonly EnrolledActDocument[]> {
  const acts: EnrolledActDocument[] = [];
  let bytes = 0;
  for (let start = 0; start < placed.length && bytes < maxBytes; start += entriesAtOnce) {
    const some = placed.slice(start, start + entriesAtOnce);
    const rows = await readTokenRows(transaction, some);
    for (const each of some) {
      if (bytes >= maxBytes) break;
      const invocation = rows.get(formatCid(each.entry.invocation));
      const receipt = rows.get(formatCid(each.entry.receipt));
      bytes += (invocation?.envelope.length ?? 0) + (receipt?.envelope.length ?? 0);
      acts.push(describeEntry(each, invocation, receipt));
    }
  }
  return nameOrganisations(transaction, acts);
}

async function nameOrganisations(
  transaction: Transaction,
  acts: readonly EnrolledActDocument[],
): Promise<readonly EnrolledActDocument[]> {
  const names = await readOrganisationNames(
    transaction,
    acts.flatMap(({ subject }) => subject ?? []),
  );
  return acts.map((act) => {
    const organisation = names.get(act.subject ?? '');
    return organisation === undefined ? act : { ...act, organisation };
  });
}

/** The names of those principals that are organisations of this database, by their DIDs. */
export async function readOrganisationNames(
  transaction: Transaction,
  dids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await listOrganizationsByDid(transaction, [...new Set(dids)]);
  return new Map(rows.map(({ did, name }) => [did, name]));
}

/** The rows of the invocations and receipts that entries name, by their CIDs. */
export async function readTokenRows(
  transaction: Transaction,
  placed: readonly PlacedEntry[],
): Promise<ReadonlyMap<string, InvocationRow>> {
  const cids = placed.flatMap(({ entry }) => [formatCid(entry.invocation), formatCid(entry.receipt)]);
  return new Map((await listInvocationsByCid(transaction, cids)).map((row) => [row.cid, row]));
}

function describeEntry(
  { index, entry }: PlacedEntry,
  invocation: InvocationRow | undefined,
  receipt: InvocationRow | undefined,
): EnrolledActDocument {
  const out = receipt && readReceipt(decodeInvocation(receipt.envelope)).out;
  return {
    index,
    enrolled_at: entry.enrolledAt,
    invocation: formatCid(entry.invocation),
    receipt: formatCid(entry.receipt),
    ...describeInvocation(invocation, out),
    ...(out && { outcome: 'ok' in out ? 'ok' : out.error.code }),
    effect_count: entry.effectCount,
  };
}

function describeInvocation(row: InvocationRow | undefined, out: ReceiptOutcome | undefined): ActDocument {
  if (row === undefined) return {};
  const invocation = decodeInvocation(row.envelope);
  const { command, issuer, subject } = invocation;
  return { command, issuer, subject, ...describeAct(invocation, out) };
}
