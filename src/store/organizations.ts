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
export async function insertOrganization({ kysely }: Transaction, row: OrganizationRow): Promise<void> {
  await kysely.insertInto('organizations').values(row).execute();
}

/** Turns hash signatures on (since when) or off (`null`). */
export async function setHashSignatures({ kysely }: Transaction, id: string, since: string | null): Promise<void> {
  await kysely.updateTable('organizations').set({ hashSignaturesSince: since }).where('id', '=', id).execute();
}
