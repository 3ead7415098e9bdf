import { HanaperError } from '../../errors.ts';
import { toSeconds } from '../../signature/time.ts';
import type { Change } from '../../store/engine/effects.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import type { Invocation } from '../../ucan/token/invocation.ts';
import { drawAllowance, freeInvocationBytes, freeWrittenBytes, maxChainBytes, requireAllowance } from './allowances.ts';
import type { Authorized } from './authorize.ts';
import type { Host } from './host.ts';

/**
 * Requires that there is room for what an act leaves behind beside its rows: its invocation, and what of its chain is not
 * kept yet. Returns how many bytes of it count.
 *
 * @throws HanaperError `too_large`
 */
export async function requireRoomForAct(
  host: Pick<Host, 'proofs'>,
  transaction: Transaction,
  invocation: Invocation,
  { path, powerRoot }: Authorized,
  now: string,
): Promise<number> {
  if (powerRoot === undefined) return 0;
  const chain = await host.proofs.measure(transaction, path);
  if (chain > maxChainBytes) throw tooLong(chain);
  const amount = chain + Math.max(0, invocation.bytes.length - freeInvocationBytes);
  await requireAllowance(transaction, { root: powerRoot, kind: 'act_bytes', amount }, toSeconds(now));
  return amount;
}

/** Counts what an act has left behind. */
export function countAct(
  transaction: Transaction,
  { powerRoot: root }: Authorized,
  amount: number,
  now: string,
): Promise<void> {
  const seconds = toSeconds(now);
  return drawAllowance(transaction, { root, kind: 'act_bytes', amount }, seconds, seconds);
}

/**
 * Counts what a handler has written, and what its receipt will tell: an act can write much more than its invocation says,
 * such as all that an organisation trusts.
 *
 * @throws HanaperError `too_large`
 */
export async function countWritten(
  transaction: Transaction,
  { powerRoot: root }: Authorized,
  result: unknown,
  now: string,
): Promise<void> {
  if (root === undefined) return;
  const rows = transaction.effects.list().reduce((sum, change) => sum + bytesAdded(change), 0);
  const amount = Math.max(0, rows + JSON.stringify(result).length - freeWrittenBytes);
  const seconds = toSeconds(now);
  await drawAllowance(transaction, { root, kind: 'written_bytes', amount }, seconds, seconds);
}

// Allowances of their own count these.
const countedElsewhere = ['did_documents', 'ucan_delegations', 'ucan_legacy_tokens'];
// Of an effect in the log: digest, salt and the name of its row.
const effectBytes = 256;

function bytesAdded({ table, former, row }: Change): number {
  if (countedElsewhere.includes(table)) return 0;
  return effectBytes + Math.max(0, sizeOf(row) - sizeOf(former));
}

function sizeOf(row: Change['former'] | Change['row']): number {
  return Object.values(row ?? {}).reduce<number>(
    (sum, value) => sum + (typeof value === 'number' ? 8 : value.length),
    0,
  );
}

function tooLong(bytes: number): HanaperError {
  return new HanaperError(
    'too_large',
    `The delegations of this chain that are not kept yet have ${bytes} bytes; one act adds ${maxChainBytes} at most. Leave out what they do not need, such as large "meta".`,
    { reason: 'chain', most: maxChainBytes },
  );
}
