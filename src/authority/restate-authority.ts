import type { Transaction } from '../store/engine/transaction.ts';
import { getAuthority, updateAuthority } from '../store/tables/authority.ts';
import { type AuthorityStatement, checkAuthority, type SlotKind } from '../vault/authority-statement.ts';
import { signAuthority } from '../vault/create.ts';
import type { Vault } from '../vault/vault.ts';

type Changes = Partial<Pick<AuthorityStatement, 'version' | 'derivationMethod'>>;

/**
 * Signs the authority row anew where it is to say something else.
 *
 * @throws HanaperError `authority_tampered`, `locked`
 */
export async function restateAuthority(transaction: Transaction, vault: Vault, changes: Changes): Promise<void> {
  const row = await getAuthority(transaction);
  const fields = Object.keys(changes) as (keyof Changes)[];
  if (row === undefined || fields.every((field) => row[field] === changes[field])) return;
  const { version } = await checkAuthority(row);
  const { createdAt } = row;
  const derivationMethod = row.derivationMethod as SlotKind;
  await updateAuthority(transaction, await signAuthority(vault, { version, derivationMethod, createdAt, ...changes }));
}
