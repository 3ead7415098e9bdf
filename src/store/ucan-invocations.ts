import type { CID } from 'multiformats/cid';
import { encodeHex } from '../bytes.ts';
import { formatCid } from '../ucan/cid.ts';
import { payloadDigestOf } from '../ucan/envelope.ts';
import type { Invocation } from '../ucan/invocation.ts';
import type { Verified } from '../ucan/verified.ts';
import type { InvocationRow } from './schema.ts';
import type { Transaction } from './transaction.ts';

/**
 * Adds an invocation that was executed; one with the same payload, however it is signed, stays as it is, but for a receipt
 * where it had none.
 */
export async function insertInvocation(
  { kysely }: Transaction,
  invocation: Verified<Invocation>,
  { didId, now, resultCid }: { readonly didId: number; readonly now: string; readonly resultCid?: CID },
): Promise<boolean> {
  const { cid, bytes, issuer, subject, audience, command, proofs, expiration, issuedAt } = invocation;
  const result = await kysely
    .insertInto('ucanInvocations')
    .values({
      didId,
      cid: formatCid(cid),
      payloadDigest: encodeHex(payloadDigestOf(invocation.envelope)),
      envelope: bytes,
      iss: issuer,
      sub: subject,
      aud: audience ?? null,
      cmd: command,
      prf: JSON.stringify(proofs.map(formatCid)),
      exp: expiration,
      iat: issuedAt ?? null,
      executedAt: now,
      resultCid: resultCid === undefined ? null : formatCid(resultCid),
      createdAt: now,
    })
    .onConflict((conflict) =>
      conflict
        .column('payloadDigest')
        .doUpdateSet(({ ref }) => ({ resultCid: ref('excluded.resultCid'), executedAt: ref('excluded.executedAt') }))
        .where('ucanInvocations.resultCid', 'is', null),
    )
    .executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0) > 0;
}

/** The invocation with this payload (SHA-256 of what is signed), whatever its signature. */
export async function findInvocationByPayload(
  { kysely }: Transaction,
  payloadDigest: Uint8Array,
): Promise<InvocationRow | undefined> {
  return kysely
    .selectFrom('ucanInvocations')
    .selectAll()
    .where('payloadDigest', '=', encodeHex(payloadDigest))
    .executeTakeFirst();
}

/** One invocation. */
export async function getInvocationByCid({ kysely }: Transaction, cid: CID): Promise<InvocationRow | undefined> {
  return kysely.selectFrom('ucanInvocations').selectAll().where('cid', '=', formatCid(cid)).executeTakeFirst();
}
