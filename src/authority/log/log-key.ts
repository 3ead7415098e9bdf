import { equalBytes } from '../../bytes.ts';
import { publicKeyOf } from '../../crypto/ed25519.ts';
import { checkLogKey, type LogKey, type SignedLogKey, signLogKey } from '../../log/log-key.ts';
import { logTampered } from '../../log/tampered.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findLogKey, insertLogKey } from '../../store/tables/log-keys.ts';
import type { Vault } from '../../vault/vault.ts';

/** The epoch of the log whose key signs its checkpoints: there is no other so far. */
export const firstEpoch = 1;

/** Whether the log's key was stated: not so in a database of an earlier version. */
export async function isLogKeyStated(transaction: Transaction): Promise<boolean> {
  return (await findLogKey(transaction, firstEpoch)) !== undefined;
}

/** States the log's key, where that was not done yet. */
export async function stateLogKey(transaction: Transaction, vault: Vault, now: string): Promise<void> {
  if (await isLogKeyStated(transaction)) return;
  const publicKey = await vault.withLogKey(publicKeyOf);
  const { statement, signature } = await signLogKey(vault, { epoch: firstEpoch, publicKey, createdAt: now });
  await insertLogKey(transaction, { epoch: firstEpoch, publicKey, statement, signature, createdAt: now });
}

/** What the authority has signed about the log's key, as it is kept; `undefined` where it was not stated yet. */
export async function findStatedLogKey(transaction: Transaction): Promise<SignedLogKey | undefined> {
  const row = await findLogKey(transaction, firstEpoch);
  return row && { statement: row.statement, signature: row.signature };
}

/**
 * The key of the log, once its statement was verified; `undefined` where it was not stated yet.
 *
 * @throws HanaperError `log_tampered`
 */
export async function readLogKey(transaction: Transaction, did: string): Promise<LogKey | undefined> {
  const row = await findLogKey(transaction, firstEpoch);
  if (row === undefined) return undefined;
  const key = await checkLogKey(row, did);
  if (key.epoch === firstEpoch && equalBytes(key.publicKey, row.publicKey)) return key;
  throw logTampered('log key', 'is another than its statement says', { did });
}
