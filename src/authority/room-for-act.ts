import { HanaperError } from '../errors.ts';
import { toSeconds } from '../signature/time.ts';
import type { Transaction } from '../store/transaction.ts';
import type { Invocation } from '../ucan/invocation.ts';
import { drawAllowance, freeInvocationBytes, mostChainBytes, requireAllowance } from './allowances.ts';
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
  if (chain > mostChainBytes) throw tooLong(chain);
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

function tooLong(bytes: number): HanaperError {
  return new HanaperError(
    'too_large',
    `The delegations of this chain that are not kept yet have ${bytes} bytes; one act adds ${mostChainBytes} at most. Leave out what they do not need, such as large "meta".`,
    { reason: 'chain', most: mostChainBytes },
  );
}
