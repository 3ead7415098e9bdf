import type { OrganizationRow } from './schema.ts';
import type { Transaction } from './transaction.ts';

/** One organisation by its name, DID or id. */
export async function findOrganization(
  { kysely }: Transaction,
  key: { readonly [Column in 'name' | 'did' | 'id']?: string },
): Promise<OrganizationRow | undefined> {
  return kysely
    .selectFrom('organizations')
    .selectAll()
    .where((row) => row.and(key))
    .executeTakeFirst();
}

/** All organisations, by name. */
export async function listOrganizations({ kysely }: Transaction): Promise<readonly OrganizationRow[]> {
  return kysely.selectFrom('organizations').selectAll().orderBy('name').execute();
}

/** Adds an organisation. */
export async function insertOrganization({ kysely, effects }: Transaction, row: OrganizationRow): Promise<void> {
  await kysely.insertInto('organizations').values(row).execute();
  effects.wrote('organizations', row);
}

/** Sets what an organisation asks of signatures: canonical JSON, or `null`. */
export async function updatePolicy(
  { kysely, effects }: Transaction,
  id: string,
  verificationPolicy: string | null,
): Promise<void> {
  const query = kysely.updateTable('organizations').set({ verificationPolicy }).where('id', '=', id);
  for (const row of await query.returningAll().execute()) effects.wrote('organizations', row);
}

/** Changes what an organisation allows: since when, or `null`. */
export async function updateOrganization(
  { kysely, effects }: Transaction,
  id: string,
  changes: Pick<OrganizationRow, 'hashSignaturesSince' | 'publicVerificationSince'>,
): Promise<void> {
  const rows = await kysely.updateTable('organizations').set(changes).where('id', '=', id).returningAll().execute();
  for (const row of rows) effects.wrote('organizations', row);
}
