import { noteFound } from '../engine/note-found.ts';
import type { DidDocumentRow } from '../engine/schema.ts';
import type { Transaction } from '../engine/transaction.ts';

/** Adds the principals that are not known yet; those that are stay as they are, and are noted as found. */
export async function insertDidDocuments(transaction: Transaction, rows: readonly DidDocumentRow[]): Promise<void> {
  if (rows.length === 0) return;
  const { kysely, effects } = transaction;
  const inserted = await kysely
    .insertInto('didDocuments')
    .values([...rows])
    .onConflict((conflict) => conflict.column('did').doNothing())
    .returning('did')
    .execute();
  const added = new Set(inserted.map(({ did }) => did));
  for (const row of rows) if (added.has(row.did)) effects.wrote('didDocuments', row);
  await noteFound(
    transaction,
    'didDocuments',
    rows.map(({ did }) => did).filter((did) => !added.has(did)),
  );
}

/** The rows' ids, by DID. */
export async function listDidIds(
  { kysely }: Transaction,
  dids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (dids.length === 0) return new Map();
  const rows = await kysely.selectFrom('didDocuments').select(['id', 'did']).where('did', 'in', dids).execute();
  return new Map(rows.map(({ id, did }) => [did, id]));
}

/** The principal of a DID. */
export async function findDidDocument({ kysely }: Transaction, did: string): Promise<DidDocumentRow | undefined> {
  return kysely
    .selectFrom('didDocuments')
    .select(['did', 'document', 'kind', 'createdAt'])
    .where('did', '=', did)
    .executeTakeFirst();
}
