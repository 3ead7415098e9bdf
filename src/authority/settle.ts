import { lockLogHead, readLogHead } from '../store/log.ts';
import type { Transaction } from '../store/transaction.ts';
import type { Vault } from '../vault/vault.ts';
import { isTrustSigned, signEverySnapshot } from './change-trust.ts';
import { isLogKeyStated, stateLogKey } from './log-key.ts';
import { actOwn, beginLog } from './own-acts.ts';
import { arePrincipalsSettled, settlePrincipals } from './principals.ts';

/** Whether the authority and its organisations are principals, the log has begun and a key, and trust is signed: not so in older databases. */
export async function isSettled(transaction: Transaction, authority: string): Promise<boolean> {
  const { size } = await readLogHead(transaction);
  if (size === 0 || !(await isLogKeyStated(transaction)) || !(await isTrustSigned(transaction))) return false;
  return arePrincipalsSettled(transaction, authority);
}

/** Makes what an older database lacks. */
export async function settle(context: {
  readonly transaction: Transaction;
  readonly now: string;
  vault(): Vault;
}): Promise<void> {
  const { transaction, now } = context;
  const vault = context.vault();
  const { size } = await lockLogHead(transaction);
  // Somebody else may have come first.
  if (await isSettled(transaction, vault.did)) return;
  if (size === 0) {
    await settlePrincipals(context);
    await signEverySnapshot(context);
    return beginLog(transaction, vault, now);
  }
  // Of an organisation whose key is damaged nothing can be made, however often.
  await actOwn(context, '/principal/settle', (inner) => settlePrincipals({ ...context, transaction: inner }));
  await actOwn(context, '/log/key', (inner) => stateLogKey(inner, vault, now));
  await actOwn(context, '/trust/sign', (inner) => signEverySnapshot({ ...context, transaction: inner }));
}
