import { takeLock } from './lock.ts';
import { rewriteRows } from './rewrite.ts';
import type { PackageSignatureRow } from './schema.ts';
import { prepare } from './statement.ts';
import type { Transaction } from './transaction.ts';

// More signers than this for one package are not looked at.
const mostSignatures = 256;

const select = prepare<PackageSignatureRow>(
  'select * from package_signatures where package_hash = $1 and superseded_at is null order by signed_at desc, id desc limit $2',
);

/** The signatures of a package that are not superseded, newest first. */
export async function listSignatures(
  transaction: Transaction,
  packageHash: string,
): Promise<readonly PackageSignatureRow[]> {
  return select(transaction, packageHash, mostSignatures);
}

/** Adds a signature, in place of the same key's earlier one of that format, which is kept as superseded. */
export async function insertSignature(transaction: Transaction, row: PackageSignatureRow, now: string): Promise<void> {
  const { kysely, effects } = transaction;
  await takeLock(transaction, `signature/${row.packageHash}/${row.keyFingerprint}`);
  const former = await kysely
    .selectFrom('packageSignatures')
    .selectAll()
    .where('packageHash', '=', row.packageHash)
    .where('keyFingerprint', '=', row.keyFingerprint)
    .where('format', '=', row.format)
    .where('supersededAt', 'is', null)
    .execute();
  await rewriteRows(transaction, 'packageSignatures', former, { supersededAt: now });
  await kysely.insertInto('packageSignatures').values(row).execute();
  effects.wrote('packageSignatures', row);
}
