import { required } from '../../required.ts';
import { toSeconds } from '../../signature/time.ts';
import { Effects } from '../../store/engine/effects.ts';
import { listEveryRow } from '../../store/engine/every-row.ts';
import type { LogEffectRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { moveLogHead } from '../../store/tables/log.ts';
import { signInvocation } from '../../ucan/token/invocation.ts';
import { vouchForOwn } from '../../ucan/token/verified.ts';
import type { Vault } from '../../vault/vault.ts';
import { rememberPrincipals } from '../tokens/principals.ts';
import { authoritySigner } from '../tokens/signers.ts';
import { type Act, appendEntry, hashEffect, hashEffects } from './append-entry.ts';
import { type LogEnd, lockLogEnd } from './log-end.ts';
import { stateLogKey } from './log-key.ts';
import { signFirstCheckpoint } from './make-checkpoint.ts';

/** What the authority does of itself, without being asked by an invocation. */
export interface OwnAct {
  /** `/noun/verb`; no such command passes the entry point. */
  readonly command: string;
  readonly args: object;
  /** RFC 3339, UTC. */
  readonly now: string;
  /** Where the log ends so far, locked. */
  readonly head: LogEnd;
}

/** Writes down what the transaction has done, as an act of the authority by itself. */
export async function appendOwnEntry(transaction: Transaction, vault: Vault, act: OwnAct): Promise<void> {
  const own = await signOwn(transaction, vault, act);
  const effects = await hashEffects(transaction, act.head.size);
  const { head } = await appendEntry(transaction, vault, own, effects);
  await moveLogHead(transaction, head);
}

/** Has the authority do something of itself, and logs it if it changed anything. */
export async function actOwn(
  { transaction, now, vault }: { readonly transaction: Transaction; readonly now: string; vault(): Vault },
  command: string,
  act: (transaction: Transaction) => Promise<void>,
): Promise<void> {
  const inner = { ...transaction, effects: new Effects() };
  await act(inner);
  if (inner.effects.list().length === 0) return;
  await appendOwnEntry(inner, vault(), { command, args: {}, now, head: await lockLogEnd(transaction) });
}

/**
 * Makes an entry of every row that stands, with the log's key among them: the genesis of the log, or that of its present
 * version where an older one has begun it. It is never without a checkpoint.
 */
export async function beginLog(transaction: Transaction, vault: Vault, now: string): Promise<void> {
  const head = await lockLogEnd(transaction);
  await stateLogKey(transaction, vault, now);
  const act = await signOwn(transaction, vault, { command: '/log/begin', args: {}, now, head });
  const effects = await hashEveryRow(transaction, head.size);
  await moveLogHead(transaction, (await appendEntry(transaction, vault, act, effects)).head);
  await signFirstCheckpoint(transaction, vault, now);
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
  const id = required(ids.get(signer.did), 'principal of the signer');
  return { invocation: vouchForOwn(invocation, signer), out: { ok: {} }, now, head, principals: [id, id] };
}

// Only the digests are held: a database can have very many rows by the time its log begins.
async function hashEveryRow(transaction: Transaction, entryIndex: number): Promise<readonly LogEffectRow[]> {
  const hashed: LogEffectRow[] = [];
  for await (const rows of listEveryRow(transaction)) {
    for (const row of rows) hashed.push(hashEffect(row, entryIndex, hashed.length));
  }
  return hashed;
}
