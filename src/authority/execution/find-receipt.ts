import { attempt } from '../../attempt.ts';
import { equalBytes } from '../../bytes.ts';
import type { InvocationRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findInvocationByPayload, getInvocationByCid } from '../../store/tables/ucan-invocations.ts';
import { formatCid, parseCid } from '../../ucan/encoding/cid.ts';
import { payloadDigestOf } from '../../ucan/token/envelope.ts';
import { decodeInvocation, type Invocation } from '../../ucan/token/invocation.ts';
import { type Receipt, readReceipt } from '../../ucan/token/receipt.ts';
import { cidsOf } from '../../ucan/token/revocation.ts';
import { isSignatureValid } from '../../ucan/token/verified.ts';
import { corruptRow } from '../log/corrupt-row.ts';

/** An invocation that was executed, now or before, with its result. */
export interface FoundReceipt {
  readonly receipt: Receipt;
  /** Where its entry stands in the log, if it was executed now. */
  readonly index?: number;
  /** Whether it had been executed before. */
  readonly isReplay: boolean;
}

/**
 * The receipt of an invocation that was executed before: found by its payload, since an ECDSA signature has a twin.
 *
 * @throws HanaperError `database_corrupt`
 */
export async function findReceipt(
  transaction: Transaction,
  invocation: Invocation,
  authority: string,
): Promise<FoundReceipt | undefined> {
  const row = await findInvocationByPayload(transaction, payloadDigestOf(invocation.envelope));
  // One of an earlier version was written down without a receipt.
  if (row?.resultCid == null) {
    if (row) requireSamePayload(row, invocation);
    return undefined;
  }
  const what = `receipt of ${row.cid}`;
  const stored = await getInvocationByCid(transaction, parseCid(row.resultCid));
  if (stored === undefined) throw corruptRow(what);
  const receipt = readReceipt(decodeInvocation(stored.envelope));
  // Where the row is of an earlier version, it can be that of the twin.
  const ran = cidsOf(decodeInvocation(row.envelope)).some((cid) => cid.equals(receipt.ran));
  if (receipt.executor !== authority || !ran) throw corruptRow(what);
  if (!(await isSignatureValid(receipt.invocation))) throw corruptRow(what);
  return { receipt, isReplay: true };
}

// It is completed by the receipt that is made now, so it must be the invocation that it stands for.
function requireSamePayload({ cid, envelope }: InvocationRow, invocation: Invocation): void {
  const stored = attempt(() => decodeInvocation(envelope));
  const isSame = stored && equalBytes(payloadDigestOf(stored.envelope), payloadDigestOf(invocation.envelope));
  if (!isSame || formatCid(stored.cid) !== cid) throw corruptRow(`invocation ${cid}`);
}
