import type { AuthorityRow } from '../../vault/authority-statement.ts';
import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

const select = prepare<AuthorityRow>('select * from authority');

/** The authority's row; `undefined` before the database is initialised. */
export async function getAuthority(transaction: Transaction): Promise<AuthorityRow | undefined> {
  return (await select(transaction))[0];
}

/** Writes the authority's row, which there is one of. */
export async function insertAuthority({ kysely, effects }: Transaction, row: AuthorityRow): Promise<void> {
  const kept = { id: 1, ...row } as const;
  await kysely.insertInto('authority').values(kept).execute();
  effects.wrote('authority', kept);
}

/** Replaces the authority's row by one that is signed anew. */
export async function updateAuthority(transaction: Transaction, row: AuthorityRow): Promise<void> {
  const { kysely, effects } = transaction;
  const former = await getAuthority(transaction);
  await kysely.updateTable('authority').set(row).execute();
  if (former) effects.changed('authority', { id: 1, ...former }, { id: 1, ...row });
}
