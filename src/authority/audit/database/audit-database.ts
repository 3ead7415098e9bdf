import { requireRefusal } from '../../../attempt.ts';
import { emptyRoot } from '../../../log/merkle.ts';
import { requireKnownOptions } from '../../../options.ts';
import { findDamage, standAlone } from '../../../store/engine/damage.ts';
import { loggedTables } from '../../../store/engine/effects.ts';
import type { LogHeadRow } from '../../../store/engine/schema.ts';
import { type Transaction, withSavepoint } from '../../../store/engine/transaction.ts';
import { readLogHead } from '../../../store/tables/log.ts';
import type { IdentifiedDatabase } from '../../identity/identified-database.ts';
import { Findings } from '../findings.ts';
import { type GoodCheckpoint, openSeen } from '../tree-checker.ts';
import { type AuditedActs, auditActs } from './audit-entries.ts';
import { auditSignaturePlaces } from './audit-indexes.ts';
import { auditLogKeys } from './audit-log-keys.ts';
import { auditRows } from './audit-rows.ts';
import { auditTree } from './audit-tree.ts';

/** What is being gone through. */
export type AuditPhase = 'file' | 'tree' | 'acts' | 'tables';

/** Is told how far an audit has come. */
export type AuditProgress = (phase: AuditPhase, done: number, total: number) => void;

/** How a database is audited. */
export interface AuditOptions {
  /** Checkpoints that were seen before, as notes: the log must continue them. */
  readonly seen?: readonly Uint8Array[] | undefined;
  /** Checkpoints that were seen of other copies of the log: as far as both go, they must be the same. */
  readonly seenElsewhere?: readonly Uint8Array[] | undefined;
  readonly onProgress?: AuditProgress | undefined;
}

/** The result of an audit. */
export interface Audited {
  readonly findings: Findings;
  /** How many entries there are. */
  readonly size: number;
  /** The root of them all: 32 bytes. */
  readonly root: Uint8Array;
  /** The checkpoint of the most entries that holds; those behind it are not signed for as a tree. */
  readonly checkpoint: GoodCheckpoint | undefined;
  /** How many entries are of the older version, and do not tell which rows they wrote. */
  readonly unbound: number;
}

/**
 * Goes through a whole database by its log: recomputes the tree, and checks checkpoints, tiles, every act with its
 * tokens and its chain, and every row of every table against it. It tells all that it finds, and throws nothing for
 * it. The database is read as it is at one moment. What is held in memory grows by 16 bytes an entry, and by 8 for
 * each proof that its invocation names.
 *
 * @throws HanaperError `unavailable`, `database_corrupt` where it cannot be read
 */
export function auditDatabase(authority: IdentifiedDatabase, options: AuditOptions = {}): Promise<Audited> {
  requireKnownOptions('auditDatabase', options, { seen: true, seenElsewhere: true, onProgress: true });
  return authority.database.transact('read', (transaction) => auditIn(transaction, authority.identity.did, options));
}

/** The same inside of a transaction that is open. */
async function auditIn(
  transaction: Transaction,
  authority: string,
  { seen: here = [], seenElsewhere: elsewhere = [], onProgress }: AuditOptions,
): Promise<Audited> {
  const findings = new Findings();
  const head = await findHead(transaction, findings);
  const tell =
    (phase: AuditPhase, total = head?.size ?? 0) =>
    (done: number) =>
      onProgress?.(phase, done, total);
  tell('file', 1)(0);
  // Each check stands alone: what one of them cannot read is a finding, and hides no other.
  const check = <Result>(table: string, run: (inner: Transaction) => Promise<Result>) =>
    standAlone(transaction, run, (reason) =>
      findings.add({ kind: 'damage', table, message: `What is there cannot be read to its end: ${reason}.` }),
    );
  for (const damage of (await check('sqlite_schema', findDamage)) ?? []) {
    findings.add({ kind: 'damage', table: 'sqlite_schema', message: `SQLite finds its file damaged: ${damage}.` });
  }
  tell('file', 1)(1);
  const key = await check('log_keys', (inner) => auditLogKeys(inner, authority, findings));
  const seen = await openSeen({ here, elsewhere }, key, findings);
  const tree = await check('log_entries', (inner) => auditTree(inner, { key, seen, findings }, tell('tree')));
  const acts = await check('log_effects', (inner) => auditActs(inner, authority, findings, tell('acts')));
  if (head && acts) auditHead(head, acts, findings);
  await check('signature_places', (inner) => auditSignaturePlaces(inner, authority, findings));
  await auditRows(check, acts?.base ?? 0, findings, tell('tables', loggedTables.length));
  return {
    findings,
    size: tree?.size ?? 0,
    root: tree?.root() ?? emptyRoot(),
    checkpoint: tree?.last,
    unbound: acts?.unbound ?? 0,
  };
}

async function findHead(transaction: Transaction, findings: Findings): Promise<LogHeadRow | undefined> {
  try {
    return await withSavepoint(transaction, readLogHead);
  } catch (error) {
    const { message } = requireRefusal(error, 'database_corrupt');
    findings.add({ kind: 'head', table: 'log_head', message });
    return undefined;
  }
}

const headColumns = { size: 'size', generation: 'generation', enrolledAt: 'enrolled_at' } as const;

function auditHead(head: LogHeadRow, acts: AuditedActs, findings: Findings): void {
  for (const column of ['size', 'generation', 'enrolledAt'] as const) {
    if (head[column] === acts[column]) continue;
    const key = headColumns[column];
    const message = `The head of the log has the ${key} ${head[column]}, and the entries result in ${acts[column]}.`;
    findings.add({ kind: 'head', table: 'log_head', key, message });
  }
}
