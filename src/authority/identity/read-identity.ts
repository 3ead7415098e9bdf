import type { Transaction } from '../../store/engine/transaction.ts';
import { getAuthority } from '../../store/tables/authority.ts';
import { type AuthorityIdentity, checkAuthority } from '../../vault/authority-statement.ts';

/**
 * The authority of a database, as its own row says; `undefined` before the database is initialised.
 *
 * @throws HanaperError `authority_tampered`
 */
export async function readIdentity(transaction: Transaction): Promise<AuthorityIdentity | undefined> {
  const row = await getAuthority(transaction);
  return row && checkAuthority(row);
}
