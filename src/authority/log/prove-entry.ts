import { encodeBase64 } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { proveConsistency } from '../../log/consistency.ts';
import { proveInclusion, verifyInclusion } from '../../log/inclusion.ts';
import type { SignedLogKey } from '../../log/log-key.ts';
import { hashLeaf } from '../../log/merkle.ts';
import { logTampered } from '../../log/tampered.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findLastCheckpoint } from '../../store/tables/checkpoints.ts';
import { getInvocationByCid } from '../../store/tables/ucan-invocations.ts';
import { computeCid, formatCid } from '../../ucan/encoding/cid.ts';
import { corruptRow } from './corrupt-row.ts';
import type { PlacedEntry } from './find-entry.ts';
import { findStatedLogKey } from './log-key.ts';
import { readTree } from './read-tree.ts';
import { type SignedHead, verifyHead } from './verify-head.ts';

/** That an entry stands in the log. */
export interface EntryProof {
  readonly index: number;
  readonly entry: Uint8Array;
  /** The token of the receipt that the entry names. */
  readonly receipt: Uint8Array;
  /** 32 bytes each, nearest first. */
  readonly inclusion: readonly Uint8Array[];
  /** The text of a signed note. */
  readonly checkpoint: string;
  readonly logKey: SignedLogKey;
}

/**
 * The last checkpoint, verified, and when it was made; `undefined` before the first.
 *
 * @throws HanaperError `log_tampered`
 */
export async function readSignedHead(
  transaction: Transaction,
  did: string,
): Promise<(SignedHead & { readonly createdAt: string }) | undefined> {
  const logKey = await findStatedLogKey(transaction);
  const row = await findLastCheckpoint(transaction);
  if (logKey === undefined || row === undefined) return undefined;
  const head = await verifyHead(did, logKey, row.note);
  if (head.checkpoint.size === row.size) return { ...head, createdAt: row.createdAt };
  throw logTampered('checkpoint', 'stands in the place of another', { size: row.size });
}

/**
 * Proves that an entry stands under the last checkpoint. What is handed out was verified.
 *
 * @throws HanaperError `locked` where it is under none yet, `log_tampered`, `database_corrupt`
 */
export async function proveEntry(
  transaction: Transaction,
  did: string,
  { index, bytes, entry }: PlacedEntry,
): Promise<EntryProof> {
  const head = await readSignedHead(transaction, did);
  if (head === undefined || head.checkpoint.size <= index) throw notYet(index, head?.checkpoint.size ?? 0);
  const { size, root } = head.checkpoint;
  const inclusion = await proveInclusion(readTree(transaction, size), index, size);
  verifyInclusion({ index, size, root, proof: inclusion, leafHash: hashLeaf(bytes) });
  const receipt = await getInvocationByCid(transaction, entry.receipt);
  if (receipt === undefined || !computeCid(receipt.envelope).equals(entry.receipt)) {
    throw corruptRow(`receipt ${formatCid(entry.receipt)}`);
  }
  const { note: checkpoint, logKey } = head;
  return { index, entry: bytes, receipt: receipt.envelope, inclusion, checkpoint, logKey };
}

/**
 * Proves that the log continues what it was at an earlier size: hashes in base64, none where it was not shorter.
 *
 * @throws HanaperError `log_tampered`
 */
export async function proveGrowth(transaction: Transaction, since: number, size: number): Promise<readonly string[]> {
  if (since >= size) return [];
  return (await proveConsistency(readTree(transaction, size), since, size)).map(encodeBase64);
}

function notYet(index: number, size: number): HanaperError {
  return new HanaperError(
    'locked',
    `The entry ${index} is under no checkpoint yet, and one is signed only while the vault is open. Unlock it first.`,
    { index, size },
  );
}
