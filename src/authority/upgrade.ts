import type { Transaction } from '../store/engine/transaction.ts';
import { lockLogHead } from '../store/tables/log.ts';
import { type AuthorityIdentity, latestVersion } from '../vault/authority-statement.ts';
import type { Vault } from '../vault/vault.ts';
import { readIdentity } from './identity/read-identity.ts';
import { actOwn, beginLog } from './log/own-entries.ts';
import { requireLog } from './log/require-log.ts';
import { restateAuthority } from './restate-authority.ts';
import { arePrincipalsSettled, settlePrincipals } from './tokens/principals.ts';
import { signEverySnapshot } from './trust/change-trust.ts';

interface Upgrading {
  readonly transaction: Transaction;
  readonly now: string;
  vault(): Vault;
}

/**
 * Whether the authority and its organisations are principals, and the database is of today's version.
 *
 * @throws HanaperError `log_tampered` where the log of such a database has lost its beginning, its key or all checkpoints
 */
export async function isUpgraded(
  transaction: Transaction,
  { did, version }: Pick<AuthorityIdentity, 'did' | 'version'>,
): Promise<boolean> {
  if (version === 1) return false;
  await requireLog(transaction);
  return arePrincipalsSettled(transaction, did);
}

/**
 * Makes what a database lacks: an older one is brought to today's version, once.
 *
 * @throws HanaperError `log_tampered`, `authority_tampered`
 */
export async function upgrade(context: Upgrading): Promise<void> {
  const { transaction } = context;
  // Somebody else may have come first.
  await lockLogHead(transaction);
  const identity = await readIdentity(transaction);
  if (identity === undefined || (await isUpgraded(transaction, identity))) return;
  // Of an organisation whose key is damaged nothing can be made, however often.
  if (identity.version === 1) await bringUpToDate(context);
  else await actOwn(context, '/principal/settle', (inner) => settlePrincipals({ ...context, transaction: inner }));
}

// The version says that all of this was there: from then on its absence is no sign of age.
async function bringUpToDate(context: Upgrading): Promise<void> {
  const { transaction, now } = context;
  const vault = context.vault();
  await settlePrincipals(context);
  await signEverySnapshot(context);
  await restateAuthority(transaction, vault, { version: latestVersion });
  await beginLog(transaction, vault, now);
}
