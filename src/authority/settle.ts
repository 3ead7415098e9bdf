import { lockLogHead, readLogHead } from '../store/log.ts';
import type { Transaction } from '../store/transaction.ts';
import type { Vault } from '../vault/vault.ts';
import { beginLog, enrolOwn } from './own-acts.ts';
import { arePrincipalsSettled, settlePrincipals } from './principals.ts';

/** Whether the authority and its organisations are principals, and the log has begun: not so in older databases. */
export async function isSettled(transaction: Transaction, authority: string): Promise<boolean> {
  const { size } = await readLogHead(transaction);
  return size > 0 && (await arePrincipalsSettled(transaction, authority));
}

/** Makes what an older database lacks. */
export async function settle(context: {
  readonly transaction: Transaction;
  readonly now: string;
  vault(): Vault;
}): Promise<void> {
  const { transaction, now } = context;
  const head = await lockLogHead(transaction);
  // Somebody else may have come first.
  if (await isSettled(transaction, context.vault().did)) return;
  await settlePrincipals(context);
  if (head.size === 0) return beginLog(transaction, context.vault(), now);
  // Of an organisation whose key is damaged nothing can be made, however often.
  if (transaction.effects.list().length === 0) return;
  await enrolOwn(transaction, context.vault(), { command: '/principal/settle', args: {}, now, head });
}
