import { required } from '../../required.ts';
import { toSeconds } from '../../signature/time.ts';
import { takeLock } from '../../store/engine/lock.ts';
import { noteFound } from '../../store/engine/note-found.ts';
import { insertDelegations, listKnownCids, principalOf } from '../../store/tables/ucan-delegations.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import { isSignatureValid, type Verified, verifyToken } from '../../ucan/token/verified.ts';
import { drawAllowance, principalBytes, requireAllowance } from '../execution/allowances.ts';
import type { CommandContext } from '../schemas/command.ts';
import { preparePrincipals, rememberPrincipals } from '../tokens/principals.ts';

/** What came of storing: CIDs. */
export interface StoredDocument {
  readonly stored: readonly string[];
  readonly known: readonly string[];
}

/**
 * Draws what it takes to keep delegations, the cheapest refusal first, and verifies them, before the turn to write. One that
 * is not signed by its issuer is left to {@link keepDelegations}, which refuses it.
 *
 * @throws HanaperError `too_large`
 */
export async function prepareToKeep(context: CommandContext, delegations: readonly Delegation[]): Promise<void> {
  const { transaction, budget, powerRoot: root, now } = context;
  budget.spend('rows_written', delegations.length);
  const cids = delegations.map(({ cid }) => formatCid(cid));
  const known = new Set(await listKnownCids(transaction, cids));
  const fresh = delegations.filter((_, index) => !known.has(required(cids[index], 'CID of a delegation')));
  await requireAllowance(transaction, { root, kind: 'stored_bytes', amount: storedBytes(fresh) }, toSeconds(now));
  await preparePrincipals(context, fresh.flatMap(didsOf));
  for (const each of delegations) if (!(await isSignatureValid(each, undefined, budget))) return;
}

/** Keeps delegations that are signed by their issuers, those that are new. */
export async function keepDelegations(
  context: CommandContext,
  delegations: readonly Delegation[],
): Promise<StoredDocument> {
  const { transaction, now, emit } = context;
  const byCid = new Map<string, Verified<Delegation>>();
  for (const delegation of delegations)
    byCid.set(formatCid(delegation.cid), await verifyToken(delegation, undefined, context.budget));
  await takeLock(transaction, 'delegations');
  const known = await listKnownCids(transaction, [...byCid.keys()]);
  await noteFound(transaction, 'ucanDelegations', known);
  for (const cid of known) byCid.delete(cid);
  const fresh = [...byCid.values()];
  await drawForStored(context, fresh);
  const didIds = await rememberPrincipals(context, fresh.flatMap(didsOf));
  await insertDelegations(transaction, fresh, didIds, now);
  for (const { cid, issuer, audience, command } of fresh) {
    emit('ucan.delegation.stored', { cid: formatCid(cid), issuer, audience, command });
  }
  return { stored: fresh.map(({ cid }) => formatCid(cid)), known };
}

// A delegation counts with its policy, which is kept as text as well, and the principals that it may bring, until it expires.
async function drawForStored({ transaction, powerRoot: root, now }: CommandContext, fresh: readonly Delegation[]) {
  for (const [expiration, those] of Map.groupBy(fresh, (each) => each.expiration)) {
    const draw = { root, kind: 'stored_bytes', amount: storedBytes(those) } as const;
    await drawAllowance(transaction, draw, toSeconds(now), expiration);
  }
}

function storedBytes(delegations: readonly Delegation[]): number {
  return delegations.reduce((sum, { bytes }) => sum + 2 * bytes.length + principalBytes, 0);
}

function didsOf(delegation: Delegation): readonly string[] {
  return [principalOf(delegation), delegation.issuer, delegation.audience];
}
