import { takeLock } from './lock.ts';
import type { PackageSignatureRow } from './schema.ts';
import type { Transaction } from './transaction.ts';

// More signers than this for one package are not looked at.
const mostSignatures = 256;

/** The signatures of a package that are not superseded, newest first. */
export async function listSignatures(
  { kysely }: Transaction,
  packageHash: string,
): Promise<readonly PackageSignatureRow[]> {
  return kysely
    .selectFrom('packageSignatures')
    .selectAll()
    .where('packageHash', '=', packageHash)
    .where('supersededAt', 'is', null)
    .orderBy('signedAt', 'desc')
    .orderBy('id', 'desc')
    .limit(mostSignatures)
    .execute();
}

/** Adds a signature, in place of the same key's earlier one of that format, which is kept as superseded. */
export async function insertSignature(transaction: Transaction, row: PackageSignatureRow, now: string): Promise<void> {
  const { kysely, effects } = transaction;
  await takeLock(transaction, `signature/${row.packageHash}/${row.keyFingerprint}`);
  const superseded = await kysely
    .updateTable('packageSignatures')
    .set({ supersededAt: now })
    .where('packageHash', '=', row.packageHash)
    .where('keyFingerprint', '=', row.keyFingerprint)
    .where('format', '=', row.format)
    .where('supersededAt', 'is', null)
    .returningAll()
    .execute();
  for (const former of superseded) effects.wrote('packageSignatures', former);
  await kysely.insertInto('packageSignatures').values(row).execute();
  effects.wrote('packageSignatures', row);
}
