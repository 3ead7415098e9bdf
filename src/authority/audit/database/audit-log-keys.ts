import { requireRefusal } from '../../../attempt.ts';
import { encodeHex, equalBytes } from '../../../bytes.ts';
import { checkLogKey, type LogKey, verifierKeyOf } from '../../../log/log-key.ts';
import type { VerifierKey } from '../../../log/verifier-key.ts';
import type { LogKeyRow } from '../../../store/engine/schema.ts';
import type { Transaction } from '../../../store/engine/transaction.ts';
import { listLogKeys } from '../../../store/tables/act-rows.ts';
import { firstEpoch } from '../../log/log-key.ts';
import type { Findings } from '../findings.ts';

/** Checks the statement about each key of the log, and gives that of the first epoch, which signs the checkpoints. */
export async function auditLogKeys(
  transaction: Transaction,
  authority: string,
  findings: Findings,
): Promise<VerifierKey | undefined> {
  let found: VerifierKey | undefined;
  for (const row of await listLogKeys(transaction)) {
    const key = await checkRow(row, authority, findings);
    if (key?.epoch === firstEpoch) found = verifierKeyOf(key);
  }
  return found;
}

async function checkRow(row: LogKeyRow, authority: string, findings: Findings): Promise<LogKey | undefined> {
  const tell = (reason: string) =>
    findings.add({ kind: 'log_key', table: 'log_keys', key: String(row.epoch), message: reason });
  try {
    const key = await checkLogKey(row, authority);
    const { epoch, publicKey, createdAt } = key;
    if (epoch === row.epoch && createdAt === row.createdAt && equalBytes(publicKey, row.publicKey)) return key;
    tell(`The row says something else than the statement about the key ${encodeHex(publicKey)}.`);
  } catch (error) {
    const refusal = requireRefusal(error);
    tell(refusal.message);
  }
  return undefined;
}
