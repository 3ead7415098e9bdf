import type { CID } from 'multiformats/cid';
import { encodeHex } from '../bytes.ts';
import { formatCid } from '../ucan/cid.ts';
import { payloadDigestOf } from '../ucan/envelope.ts';
import type { Invocation } from '../ucan/invocation.ts';
import type { Verified } from '../ucan/verified.ts';
import type { InvocationRow } from './schema.ts';
import { prepare } from './statement.ts';
import type { Transaction } from './transaction.ts';

const insert = prepare<{ readonly id: number }>(
  `insert into ucan_invocations
   (did_id, cid, payload_digest, envelope, iss, sub, aud, cmd, prf, exp, iat, executed_at, result_cid, created_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
   on conflict (payload_digest) do update set result_cid = excluded.result_cid, executed_at = excluded.executed_at
   where ucan_invocations.result_cid is null and excluded.result_cid is not null returning id`,
);
const selectByPayload = prepare<InvocationRow>('select * from ucan_invocations where payload_digest = $1');
const selectByCid = prepare<InvocationRow>('select * from ucan_invocations where cid = $1');
const countBySubject = prepare<{ readonly count: number | string }>(
  'select count(*) as count from ucan_invocations where sub = $1 and cmd = $2',
);

/**
 * Adds an invocation that was executed; one with the same payload, however it is signed, stays as it is, but for a receipt
 * where it had none. Returns whether anything was written.
 */
export async function insertInvocation(
  transaction: Transaction,
  invocation: Verified<Invocation>,
  { didId, now, resultCid }: { readonly didId: number; readonly now: string; readonly resultCid?: CID },
): Promise<boolean> {
  const { cid, bytes, issuer, subject, audience, command, proofs, expiration, issuedAt } = invocation;
  const written = await insert(
    transaction,
    didId,
    formatCid(cid),
    encodeHex(payloadDigestOf(invocation.envelope)),
    bytes,
    issuer,
    subject,
    audience ?? null,
    command,
    JSON.stringify(proofs.map(formatCid)),
    expiration,
    issuedAt ?? null,
    now,
    resultCid === undefined ? null : formatCid(resultCid),
    now,
  );
  return written.length > 0;
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

/** How many invocations of a command on a subject there are. */
export async function countInvocationsOn(transaction: Transaction, subject: string, command: string): Promise<number> {
  const [row] = await countBySubject(transaction, subject, command);
  return Number(row?.count ?? 0);
}
