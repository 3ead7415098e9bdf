import { toSeconds } from '../signature/time.ts';
import { Effects } from '../store/effects.ts';
import { listEveryRow } from '../store/every-row.ts';
import { lockLogHead, moveLogHead } from '../store/log.ts';
import type { LogEffectRow, LogHeadRow } from '../store/schema.ts';
import type { Transaction } from '../store/transaction.ts';
import { signInvocation } from '../ucan/invocation.ts';
import { vouchForOwn } from '../ucan/verified.ts';
import type { Vault } from '../vault/vault.ts';
import { type Act, enrol, hashEffect, hashEffects } from './enrol.ts';
import { stateLogKey } from './log-key.ts';
import { rememberPrincipals } from './principals.ts';
import { authoritySigner } from './signers.ts';

/** What the authority does of itself, without being asked by an invocation. */
export interface OwnAct {
  /** `/noun/verb`; no such command passes the door. */
  readonly command: string;
  readonly args: object;
  /** RFC 3339, UTC. */
  readonly now: string;
  /** Where the log ends so far, locked. */
  readonly head: LogHeadRow;
}

/** Writes down what the transaction has done, as an act of the authority by itself. */
export async function enrolOwn(transaction: Transaction, vault: Vault, act: OwnAct): Promise<void> {
  const own = await signOwn(transaction, vault, act);
  const { head } = await enrol(transaction, vault, own, hashEffects(transaction, act.head.size));
  await moveLogHead(transaction, head);
}

/** Has the authority do something of itself, and writes it down if anything came of it. */
export async function actOwn(
  { transaction, now, vault }: { readonly transaction: Transaction; readonly now: string; vault(): Vault },
  command: string,
  act: (transaction: Transaction) => Promise<void>,
): Promise<void> {
  const inner = { ...transaction, effects: new Effects() };
  await act(inner);
  if (inner.effects.list().length === 0) return;
  await enrolOwn(inner, vault(), { command, args: {}, now, head: await lockLogHead(transaction) });
}

/** Makes the log's entry 0, where there is none: its genesis, with its key and every row that stands. */
export async function beginLog(transaction: Transaction, vault: Vault, now: string): Promise<void> {
  const head = await lockLogHead(transaction);
  if (head.size > 0) return;
  await stateLogKey(transaction, vault, now);
  const act = await signOwn(transaction, vault, { command: '/log/begin', args: {}, now, head });
  await moveLogHead(transaction, (await enrol(transaction, vault, act, await hashEveryRow(transaction))).head);
}

async function signOwn(transaction: Transaction, vault: Vault, { command, args, now, head }: OwnAct): Promise<Act> {
  const signer = authoritySigner(vault);
  const issuedAt = toSeconds(now);
  const invocation = await signInvocation(signer, {
    subject: signer.did,
    command,
    args,
    issuedAt,
    expiration: issuedAt,
  });
  const ids = await rememberPrincipals({ transaction, now }, [signer.did], 'authority');
  const id = ids.get(signer.did) ?? 0;
  return { invocation: vouchForOwn(invocation, signer), out: { ok: {} }, now, head, principals: [id, id] };
}

// Only the digests are held: a database can have very many rows by the time its log begins.
async function hashEveryRow(transaction: Transaction): Promise<readonly LogEffectRow[]> {
  const hashed: LogEffectRow[] = [];
  for await (const rows of listEveryRow(transaction)) {
    for (const row of rows) hashed.push(hashEffect(row, 0, hashed.length));
  }
  return hashed;
}
