import { HanaperError } from '../errors.ts';
import { decodeLogEntry } from '../log/entry.ts';
import { standAlone } from '../store/engine/damage.ts';
import type { Transaction } from '../store/engine/transaction.ts';
import { listEveryEntry } from '../store/tables/log.ts';
import { auditRows } from './audit/database/audit-rows.ts';
import { Findings } from './audit/findings.ts';

const entriesAtOnce = 100;

/**
 * Checks every row against the last that the log says of it, and the other way round. The log itself is taken as it stands:
 * an audit checks that. Returns whether there is a log that says of rows; an older database has none before it is unlocked.
 *
 * @throws HanaperError `log_tampered`, details: `findings` and `omitted`
 */
export async function checkRows(transaction: Transaction, database: string): Promise<boolean> {
  const since = await findFirstBound(transaction);
  if (since === undefined) return false;
  const findings = new Findings();
  const check = <Result>(table: string, run: (inner: Transaction) => Promise<Result>) =>
    standAlone(transaction, run, (reason) =>
      findings.add({ kind: 'damage', table, message: `What is there cannot be read to its end: ${reason}.` }),
    );
  await auditRows(check, since, findings);
  const [first] = findings.list;
  if (first === undefined) return true;
  throw new HanaperError(
    'log_tampered',
    `${findings.count} rows of ${database} are not what its log says, the first of them in ${first.table}: ${first.message} Keep a copy as it is, and find out who wrote there.`,
    { findings: findings.list, omitted: findings.count - findings.list.length, remedy: 'verify_log' },
  );
}

/** The index of the first entry that tells which rows it wrote; those of an older version do not. */
async function findFirstBound(transaction: Transaction): Promise<number | undefined> {
  for await (const rows of listEveryEntry(transaction, entriesAtOnce)) {
    const found = rows.find(({ entry }) => decodeLogEntry(entry).version === 2);
    if (found) return found.entryIndex;
  }
  return undefined;
}
