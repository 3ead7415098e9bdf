import { rewriteFound } from '../engine/rewrite.ts';
import type { OrganizationRow } from '../engine/schema.ts';
import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

type KeyColumn = 'name' | 'did' | 'id';

const selectBy = {
  name: prepare<OrganizationRow>('select * from organizations where name = $1'),
  did: prepare<OrganizationRow>('select * from organizations where did = $1'),
  id: prepare<OrganizationRow>('select * from organizations where id = $1'),
};
const selectAll = prepare<OrganizationRow>('select * from organizations order by name');

/** One organisation by its name, DID or id. */
export async function findOrganization(
  transaction: Transaction,
  key: { readonly [Column in KeyColumn]: Readonly<Record<Column, string>> }[KeyColumn],
): Promise<OrganizationRow | undefined> {
  const [[column, value] = []] = Object.entries(key) as [KeyColumn, string][];
  return column && (await selectBy[column](transaction, value))[0];
}

/** All organisations, by name. */
export async function listOrganizations(transaction: Transaction): Promise<readonly OrganizationRow[]> {
  return selectAll(transaction);
}

/** The organisations among some principals, by their DIDs, in no order. */
export async function listOrganizationsByDid(
  { kysely }: Transaction,
  dids: readonly string[],
): Promise<readonly OrganizationRow[]> {
  if (dids.length === 0) return [];
  return kysely.selectFrom('organizations').selectAll().where('did', 'in', dids).execute();
}

/** Adds an organisation. */
export async function insertOrganization({ kysely, effects }: Transaction, row: OrganizationRow): Promise<void> {
  await kysely.insertInto('organizations').values(row).execute();
  effects.wrote('organizations', row);
}

/** Sets what an organisation asks of signatures: canonical JSON, or `null`. */
export async function updatePolicy(
  transaction: Transaction,
  id: string,
  verificationPolicy: string | null,
): Promise<void> {
  const found = await selectBy.id(transaction, id);
  await rewriteFound(transaction, 'organizations', id, found, { verificationPolicy });
}

/** Changes what an organisation allows: since when, or `null`. */
export async function updateOrganization(
  transaction: Transaction,
  id: string,
  changes: Pick<OrganizationRow, 'hashSignaturesSince' | 'publicVerificationSince'>,
): Promise<void> {
  await rewriteFound(transaction, 'organizations', id, await selectBy.id(transaction, id), changes);
}
