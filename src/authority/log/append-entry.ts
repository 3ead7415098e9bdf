import { HanaperError } from '../../errors.ts';
import { bindEffect, createSalt, digestEffect } from '../../log/effect.ts';
import { encodeLogEntry } from '../../log/entry.ts';
import { hashLeaf, treeHash } from '../../log/merkle.ts';
import { toSeconds } from '../../signature/time.ts';
import type { Effect } from '../../store/engine/effects.ts';
import type { LogEffectRow, LogHeadRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { insertLogEntry } from '../../store/tables/log.ts';
import { insertInvocation } from '../../store/tables/ucan-invocations.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import type { Invocation } from '../../ucan/token/invocation.ts';
import { type Receipt, type ReceiptClaims, readReceipt, signReceipt } from '../../ucan/token/receipt.ts';
import { type Verified, vouchForOwn } from '../../ucan/token/verified.ts';
import type { Vault } from '../../vault/vault.ts';
import { authoritySigner } from '../tokens/signers.ts';
import { requireFormer, requireFound, requireMeant } from './check-rows.ts';
import { encodeBinding } from './entry-binding.ts';
import type { LogEnd } from './log-end.ts';

/** What is logged: an invocation that was executed, and its result. */
export interface Act {
  readonly invocation: Verified<Invocation>;
  readonly out: ReceiptClaims['out'];
  /** RFC 3339, UTC. */
  readonly now: string;
  /** Where the log ends so far, locked. */
  readonly head: LogEnd;
  /** The rows' ids of the invoker and of the authority. */
  readonly principals: readonly number[];
}

/** What was written down, and where the log ends now. */
export interface AppendedEntry {
  readonly receipt: Receipt;
  readonly head: LogEnd;
}

/**
 * Writes down an act: its invocation, its receipt, and the entry of both with the rows that it has written.
 *
 * @throws HanaperError `locked`
 */
export async function appendEntry(
  transaction: Transaction,
  vault: Vault,
  act: Act,
  effects: readonly LogEffectRow[],
): Promise<AppendedEntry> {
  const { invocation, out, now, head, principals } = act;
  const signer = authoritySigner(vault);
  const enrolledAt = timeOfEntry(head, now);
  const effectsRoot = treeHash(effects.map(bindRow));
  const meta = encodeBinding({ index: head.size, before: head.leaf, enrolledAt, effectsRoot });
  const claims = { ran: invocation.cid, out, issuedAt: toSeconds(now), meta };
  const receipt = vouchForOwn(await signReceipt(signer, claims), signer);
  const [invoker = 0, executor = 0] = principals;
  const isFirst = await insertInvocation(transaction, invocation, { didId: invoker, now, resultCid: receipt.cid });
  if (!isFirst) throw executedBefore(invocation);
  await insertInvocation(transaction, receipt, { didId: executor, now });
  const entry = encodeLogEntry({
    version: 2,
    invocation: invocation.cid,
    receipt: receipt.cid,
    enrolledAt,
    effectCount: effects.length,
    effectsRoot,
  });
  await insertLogEntry(transaction, { entryIndex: head.size, entry }, effects);
  const generation = head.generation + (effects.length > 0 ? 1 : 0);
  const end = { size: head.size + 1, generation, enrolledAt, leaf: hashLeaf(entry) };
  return { receipt: readReceipt(receipt), head: end };
}

function bindRow({ digest, tableName: table, rowKey: key }: LogEffectRow): Uint8Array {
  return bindEffect(digest, { table, key });
}

// Unreachable: every holder of the log's head has checked this. It is a fault, so that nothing is done twice.
function executedBefore({ cid }: Invocation): HanaperError {
  return new HanaperError(
    'internal',
    `The invocation ${formatCid(cid)} was executed before. Ask again for its receipt.`,
  );
}

/**
 * When an entry behind this head is enrolled, now being `now` (RFC 3339, UTC). Order is told by the log: a clock that was
 * put back does not put it back.
 */
export function timeOfEntry({ enrolledAt }: Pick<LogHeadRow, 'enrolledAt'>, now: string): string {
  return enrolledAt !== null && enrolledAt > now ? enrolledAt : now;
}

/**
 * What a transaction has written so far, hashed for an entry.
 *
 * @throws HanaperError `log_tampered` where it has changed a row that somebody had altered, or found one that somebody had put
 *   in the place of its own, or where the database
 *   has made another row of what was written
 */
export async function hashEffects(transaction: Transaction, entryIndex: number): Promise<readonly LogEffectRow[]> {
  const changes = transaction.effects.list();
  await requireFormer(transaction, changes);
  if (entryIndex > 0) await requireFound(transaction);
  const hashed = changes.map((change, position) => hashEffect(change, entryIndex, position));
  await requireMeant(transaction, hashed);
  return hashed;
}

/** One row that was written, hashed for its place in an entry. */
export function hashEffect({ table, key, row }: Effect, entryIndex: number, position: number): LogEffectRow {
  const salt = createSalt();
  const digest = digestEffect(salt, { table, key, row });
  return { entryIndex, position, tableName: table, rowKey: key, salt, digest };
}
