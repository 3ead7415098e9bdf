import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

const insert = prepare(
  `insert into signature_places (signature_digest, entry_index) values ($1, $2)
   on conflict (signature_digest) do update set entry_index = excluded.entry_index`,
);
const select = prepare<{ readonly entryIndex: number }>(
  'select entry_index from signature_places where signature_digest = $1',
);

/**
 * Notes by which entry of the log a package signature was made or attached, where the entry has another time than the
 * signature. It takes the place of an earlier hint.
 */
export async function insertSignaturePlace(
  transaction: Transaction,
  signatureDigest: Uint8Array,
  entryIndex: number,
): Promise<void> {
  await insert(transaction, signatureDigest, entryIndex);
}

/** By which entry a signature was made, if that was noted: a hint, that proves nothing. `signatureDigest` is SHA-256. */
export async function findSignaturePlace(
  transaction: Transaction,
  signatureDigest: Uint8Array,
): Promise<number | undefined> {
  const [row] = await select(transaction, signatureDigest);
  return row?.entryIndex;
}
