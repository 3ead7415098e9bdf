import { equalBytes } from '../../bytes.ts';
import { sha256 } from '../../crypto/digest.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { readLogHead } from '../../store/tables/log.ts';
import { findSignaturePlace } from '../../store/tables/signature-places.ts';
import { listInvocationsByCid } from '../../store/tables/ucan-invocations.ts';
import { readReceiptSignature } from '../../trust/receipt-signature.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { findIndexAt, listEntries, type PlacedEntry } from './find-entry.ts';

// Far more than one process can sign in a millisecond.
const maxAtOneTime = 200;

/** By what a package signature is searched in the log. */
export interface SoughtSignature {
  /** SHA-256 of the signature's 64 bytes. */
  readonly digest: Uint8Array;
  /** When it says that it was made: RFC 3339, UTC, milliseconds. */
  readonly signedAt: string;
}

/**
 * The entry by which a package signature seems to have been made, or attached, here; `undefined` where there seems to be
 * none. It is a place to look at, and proves nothing. An entry has the time of the signature that it made, or is noted.
 *
 * @throws HanaperError `log_tampered`, `unavailable`
 */
export async function findSigningEntry(
  transaction: Transaction,
  did: string,
  { digest, signedAt }: SoughtSignature,
): Promise<PlacedEntry | undefined> {
  // A signature that was made here may have been attached later, and that is what is noted.
  const entries = [...(await listEntriesOf(transaction, signedAt)), ...(await listNoted(transaction, digest))];
  return findHolding(transaction, did, digest, entries);
}

/** Whether the entry that is noted for a signature, by the SHA-256 of its bytes, has it in its receipt. */
export async function isPlaceNoted(transaction: Transaction, did: string, digest: Uint8Array): Promise<boolean> {
  return (await findHolding(transaction, did, digest, await listNoted(transaction, digest))) !== undefined;
}

async function findHolding(
  transaction: Transaction,
  did: string,
  digest: Uint8Array,
  entries: readonly PlacedEntry[],
): Promise<PlacedEntry | undefined> {
  const receiptOf = ({ entry }: PlacedEntry) => formatCid(entry.receipt);
  const receipts = await listInvocationsByCid(transaction, entries.map(receiptOf));
  const holding = receipts.filter(({ envelope }) => isReceiptOf(envelope, did, digest)).map(({ cid }) => cid);
  return entries.find((placed) => holding.includes(receiptOf(placed)));
}

async function listNoted(transaction: Transaction, digest: Uint8Array): Promise<readonly PlacedEntry[]> {
  const index = await findSignaturePlace(transaction, digest);
  return index === undefined ? [] : listEntries(transaction, index, 1);
}

async function listEntriesOf(transaction: Transaction, time: string): Promise<readonly PlacedEntry[]> {
  const { size } = await readLogHead(transaction);
  const entries = await listEntries(transaction, await findIndexAt(transaction, time, size), maxAtOneTime);
  return entries.filter(({ entry }) => entry.enrolledAt === time);
}

function isReceiptOf(receipt: Uint8Array, did: string, digest: Uint8Array): boolean {
  const signature = readReceiptSignature(receipt, did);
  return signature !== undefined && equalBytes(sha256(signature), digest);
}
