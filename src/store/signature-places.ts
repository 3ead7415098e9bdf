import type { SignaturePlaceRow } from './schema.ts';
import { prepare } from './statement.ts';
import type { Transaction } from './transaction.ts';

// A signature is the same however often the same is signed in a millisecond: it stands where it stood first.
const insert = prepare(
  'insert into signature_places (signature_digest, entry_index) values ($1, $2) on conflict (signature_digest) do nothing',
);
const select = prepare<Pick<SignaturePlaceRow, 'entryIndex'>>(
  'select entry_index from signature_places where signature_digest = $1',
);

/** Notes by which entry a signature was made; what it proves is proven from the entry. */
export async function insertSignaturePlace(
  transaction: Transaction,
  { signatureDigest, entryIndex }: SignaturePlaceRow,
): Promise<void> {
  await insert(transaction, signatureDigest, entryIndex);
}

/** The index of the entry that is said to have made a signature, by the SHA-256 of its 64 bytes. */
export async function findSignaturePlace(
  transaction: Transaction,
  signatureDigest: Uint8Array,
): Promise<number | undefined> {
  const [row] = await select(transaction, signatureDigest);
  return row?.entryIndex;
}
