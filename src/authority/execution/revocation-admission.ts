import { toSeconds } from '../../signature/time.ts';
import { listRevocations } from '../../store/tables/ucan-revocations.ts';
import type { Revocation } from '../../ucan/token/revocation.ts';
import type { CommandContext } from '../schemas/command.ts';
import { drawAllowance, revocationCount } from './allowances.ts';

/**
 * Counts a revocation, and draws on a second allowance where it is a new one of a delegation that is not stored.
 *
 * @throws HanaperError `too_large`
 */
export async function drawForRevocation(context: CommandContext, { revokedBy, target }: Revocation): Promise<void> {
  const { transaction, tokens, powerRoot: root } = context;
  if (root === undefined) return;
  const now = toSeconds(context.now);
  const draw = (kind: 'revocations' | 'pending_revocations') =>
    drawAllowance(transaction, { root, kind, amount: 1 }, now, now + revocationCount);
  await draw('revocations');
  const recorded = await listRevocations(transaction, [target], [revokedBy]);
  if (recorded.length === 0 && !(await tokens.resolveProof(target))) await draw('pending_revocations');
}
