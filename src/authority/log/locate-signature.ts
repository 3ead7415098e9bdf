import { requireRefusal } from '../../attempt.ts';
import { sha256 } from '../../crypto/digest.ts';
import type { ErrorCode } from '../../errors.ts';
import type { PackageSignature } from '../../signature/document.ts';
import type { SignaturePlace } from '../../signature/key-revocation.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { checkPackageProof } from '../../trust/check-proof.ts';
import { TrustedLog } from '../../trust/trusted-log.ts';
import { findSigningEntry } from './find-signing-entry.ts';
import { readLogKey } from './log-key.ts';
import { proveEntry } from './prove-entry.ts';

/**
 * Where a signature stands in the log of this database, proven as anybody else would prove it: by the entry, its receipt,
 * the tree, and the last checkpoint. `undefined` where that cannot be proven, for whatever reason.
 *
 * @throws HanaperError `unavailable`
 */
export async function findPlace(
  transaction: Transaction,
  did: string,
  signature: PackageSignature,
): Promise<SignaturePlace | undefined> {
  try {
    return await provePlace(transaction, did, signature);
  } catch (error) {
    // What was altered is for "log verify" to name: here it is a signature without a place.
    requireRefusal(error, ...unproven);
    return undefined;
  }
}

/**
 * The log of this database, by the key that its authority has stated; `undefined` where that was not done yet.
 *
 * @throws HanaperError `log_tampered`
 */
export async function openTrustedLog(transaction: Transaction, did: string): Promise<TrustedLog | undefined> {
  const key = await readLogKey(transaction, did);
  return key && new TrustedLog(key);
}

const unproven: readonly ErrorCode[] = ['locked', 'log_tampered', 'log_rolled_back', 'database_corrupt'];

async function provePlace(
  transaction: Transaction,
  did: string,
  signature: PackageSignature,
): Promise<SignaturePlace | undefined> {
  const sought = { digest: sha256(signature.signature), signedAt: new Date(signature.signedAt).toISOString() };
  const placed = await findSigningEntry(transaction, did, sought);
  const log = await openTrustedLog(transaction, did);
  if (placed === undefined || log === undefined) return undefined;
  const proof = await proveEntry(transaction, did, placed);
  return checkPackageProof({ ...proof, signature }, log);
}
