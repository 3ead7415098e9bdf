import type { TrustSnapshotRow } from '../engine/schema.ts';
import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

const selectLatest = prepare<TrustSnapshotRow>(
  `select id, org_id, version, payload, signature, created_at from trust_snapshots
   where org_id = $1 order by version desc limit 1`,
);
const selectAny = prepare<{ readonly version: number }>('select version from trust_snapshots limit 1');
const selectAnyEffect = prepare<{ readonly position: number }>(
  'select position from log_effects where table_name = $1 limit 1',
);
const selectUnsigned = prepare<{ readonly id: string }>(
  `select id from organizations
   where not exists (select 1 from trust_snapshots where trust_snapshots.org_id = organizations.id) order by id`,
);

/** What an organisation trusts, as it was signed last; nobody has verified it. */
export async function findLatestSnapshot(
  transaction: Transaction,
  orgId: string,
): Promise<TrustSnapshotRow | undefined> {
  const [row] = await selectLatest(transaction, orgId);
  return row;
}

/** Every snapshot of an organisation, from its first version on; nobody has verified them. */
export async function listSnapshots({ kysely }: Transaction, orgId: string): Promise<readonly TrustSnapshotRow[]> {
  return kysely.selectFrom('trustSnapshots').selectAll().where('orgId', '=', orgId).orderBy('version').execute();
}

/** Adds a snapshot. */
export async function insertSnapshot({ kysely, effects }: Transaction, row: TrustSnapshotRow): Promise<void> {
  await kysely.insertInto('trustSnapshots').values(row).execute();
  effects.wrote('trustSnapshots', row);
}

/** Whether trust was ever signed in this database, by its rows or by the log. */
export async function wasTrustSigned(transaction: Transaction): Promise<boolean> {
  if ((await selectAny(transaction)).length > 0) return true;
  return (await selectAnyEffect(transaction, 'trust_snapshots')).length > 0;
}

/** The ids of the organisations whose trust was never signed. */
export async function listUnsignedOrganizations(transaction: Transaction): Promise<readonly string[]> {
  return (await selectUnsigned(transaction)).map(({ id }) => id);
}
