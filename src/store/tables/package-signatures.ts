import { takeLock } from '../engine/lock.ts';
import { rewriteRows } from '../engine/rewrite.ts';
import type { PackageSignatureRow } from '../engine/schema.ts';
import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

// More signatures than this for one package are not looked at.
const maxSignatures = 256;

// Those under the expected name first, and those that are valid longest: nobody crowds them out with others.
const select = prepare<PackageSignatureRow>(
  `select * from (
     select * from package_signatures where package_hash = $1 and superseded_at is null
     order by case when package_name is null or package_name = $2 then 0 else 1 end,
       (expires_at is null) desc, expires_at desc, signed_at desc, id desc limit $3) as chosen
   order by signed_at desc, id desc`,
);
const selectActive = prepare<PackageSignatureRow>(
  `select * from package_signatures
   where package_hash = $1 and key_fingerprint = $2 and format = $3 and superseded_at is null order by id`,
);

/** Which stored signatures are meant: those of one package, by one key, in one format. */
export type SignatureKey = Pick<PackageSignatureRow, 'packageHash' | 'keyFingerprint' | 'format'>;

/**
 * The signatures of a package that are not superseded, newest first. Where there are very many, those that were made under
 * `name` go before others.
 */
export async function listSignatures(
  transaction: Transaction,
  packageHash: string,
  name?: string,
): Promise<readonly PackageSignatureRow[]> {
  return select(transaction, packageHash, toPackageName(name), maxSignatures);
}

/** The signatures of a package by one key that are not superseded, held until the transaction ends. */
export async function lockSignatures(
  transaction: Transaction,
  { packageHash, keyFingerprint, format }: SignatureKey,
): Promise<readonly PackageSignatureRow[]> {
  await takeLock(transaction, `signature/${packageHash}/${keyFingerprint}`);
  return selectActive(transaction, packageHash, keyFingerprint, format);
}

/** Marks signatures as superseded; their rows are kept. */
export async function supersedeSignatures(
  transaction: Transaction,
  rows: readonly PackageSignatureRow[],
  supersededAt: string,
): Promise<void> {
  await rewriteRows(transaction, 'packageSignatures', rows, { supersededAt });
}

/** A file name as the column holds it; `null` for none, and for one with U+0000, which PostgreSQL keeps in no text. */
export function toPackageName(name: string | undefined): string | null {
  return name === undefined || name.includes('\0') ? null : name;
}

/** Adds a signature. */
export async function insertSignature({ kysely, effects }: Transaction, row: PackageSignatureRow): Promise<void> {
  await kysely.insertInto('packageSignatures').values(row).execute();
  effects.wrote('packageSignatures', row);
}
