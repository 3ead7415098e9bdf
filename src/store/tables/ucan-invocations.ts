import type { CID } from 'multiformats/cid';
import { encodeHex } from '../../bytes.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { payloadDigestOf } from '../../ucan/token/envelope.ts';
import type { Invocation } from '../../ucan/token/invocation.ts';
import type { Verified } from '../../ucan/token/verified.ts';
import type { InvocationRow } from '../engine/schema.ts';
import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

const cidsAtOnce = 500;

const insert = prepare<{ readonly id: number }>(
  `insert into ucan_invocations
   (did_id, cid, payload_digest, envelope, iss, sub, aud, cmd, prf, exp, iat, executed_at, result_cid, created_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
   on conflict (payload_digest) do update set result_cid = excluded.result_cid, executed_at = excluded.executed_at
   where ucan_invocations.result_cid is null and excluded.result_cid is not null returning id`,
);
const selectByPayload = prepare<InvocationRow>('select * from ucan_invocations where payload_digest = $1');
const selectByCid = prepare<InvocationRow>('select * from ucan_invocations where cid = $1');

/**
 * Adds an invocation that was executed; one with the same payload, however it is signed, stays as it is, but for a receipt
 * where it had none. Returns whether anything was written.
 */
export async function insertInvocation(
  transaction: Transaction,
  invocation: Verified<Invocation>,
  { didId, now, resultCid }: { readonly didId: number; readonly now: string; readonly resultCid?: CID },
): Promise<boolean> {
  const { cid, payloadDigest, envelope, iss, sub, aud, cmd, prf, exp, iat } = columnsOf(invocation);
  const written = await insert(
    transaction,
    didId,
    cid,
    payloadDigest,
    envelope,
    iss,
    sub,
    aud,
    cmd,
    prf,
    exp,
    iat,
    now,
    resultCid === undefined ? null : formatCid(resultCid),
    now,
  );
  return written.length > 0;
}

/** The columns that only say what the envelope says. */
export function columnsOf(
  invocation: Invocation,
): Omit<InvocationRow, 'id' | 'didId' | 'executedAt' | 'resultCid' | 'createdAt'> {
  const { cid, bytes, envelope, issuer, subject, audience, command, proofs, expiration, issuedAt } = invocation;
  return {
    cid: formatCid(cid),
    payloadDigest: encodeHex(payloadDigestOf(envelope)),
    envelope: bytes,
    iss: issuer,
    sub: subject,
    aud: audience ?? null,
    cmd: command,
    prf: JSON.stringify(proofs.map(formatCid)),
    exp: expiration,
    iat: issuedAt ?? null,
  };
}

/** The invocation with this payload (SHA-256 of what is signed), whatever its signature. */
export async function findInvocationByPayload(
  transaction: Transaction,
  payloadDigest: Uint8Array,
): Promise<InvocationRow | undefined> {
  const [row] = await selectByPayload(transaction, encodeHex(payloadDigest));
  return row;
}

/** One invocation. */
export async function getInvocationByCid(transaction: Transaction, cid: CID): Promise<InvocationRow | undefined> {
  const [row] = await selectByCid(transaction, formatCid(cid));
  return row;
}

/** Those that there are of some invocations, by their CIDs (base58btc), in no order. */
export async function listInvocationsByCid(
  { kysely }: Transaction,
  cids: readonly string[],
): Promise<readonly InvocationRow[]> {
  const rows: InvocationRow[] = [];
  for (let start = 0; start < cids.length; start += cidsAtOnce) {
    const some = cids.slice(start, start + cidsAtOnce);
    rows.push(...(await kysely.selectFrom('ucanInvocations').selectAll().where('cid', 'in', some).execute()));
  }
  return rows;
}

/** What is asked of an invocation before its token is read. */
export type InvocationHead = Pick<InvocationRow, 'cid' | 'cmd' | 'sub'>;

/** The same, by their columns alone: without their tokens. */
export async function listInvocationHeads(
  { kysely }: Transaction,
  cids: readonly string[],
): Promise<readonly InvocationHead[]> {
  if (cids.length === 0) return [];
  return kysely.selectFrom('ucanInvocations').select(['cid', 'cmd', 'sub']).where('cid', 'in', cids).execute();
}
