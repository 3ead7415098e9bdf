import type { Budget } from '../../budget.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { listDelegationsById, listLinksBy, scanDelegations } from '../../store/tables/delegation-links.ts';
import { listDidIds } from '../../store/tables/did-documents.ts';
import type { Candidate, DelegationSource } from '../../ucan/chain/find-chain.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import type { CommandContext } from '../schemas/command.ts';
import { takeWithin } from '../tokens/stored-tokens.ts';
import { judgeStatus, maxVisitsOfOne } from './judge-status.ts';

/** The stored delegations that no longer stand once one is revoked. */
export interface Fallen {
  /** CIDs: that of the one that is revoked first. */
  readonly fallen: readonly string[];
  /** Whether there may be others. */
  readonly isCut: boolean;
}

// Below one delegation.
const maxBelow = 500;
const pageLength = 50;

/** Nothing falls. */
export const nothingFallen: Fallen = { fallen: [], isCut: false };

/**
 * Foresees what falls with a delegation once somebody revokes it: those at and below it that stand, or are not proven to,
 * and then do not. Other requests are let in between pages of them.
 */
export async function foreseeFallen(
  { transaction, tokens, budget }: Pick<CommandContext, 'transaction' | 'tokens' | 'budget'>,
  target: Delegation,
  revokedBy: string,
  now: number,
): Promise<Fallen> {
  const { ids, isCut } = await listBelow(transaction, target, budget);
  const rows = await listDelegationsById(transaction, ids);
  const below = rows.map((row) => tokens.decode(row)).filter(({ cid }) => !cid.equals(target.cid));
  const candidates = await tokens.withRevocations([target, ...below]);
  const before = tokens.standingSource(budget);
  const after = revokedIn(before, target, revokedBy);
  const fallen: string[] = [];
  for (const [index, candidate] of candidates.entries()) {
    if (budget.left('visits') < 2 * maxVisitsOfOne) return { fallen, isCut: true };
    if (index % pageLength === pageLength - 1) await new Promise((resolve) => setImmediate(resolve));
    const falls = await isRevoked(revoke(candidate, target, revokedBy), after, now, budget);
    if (falls && !(await isRevoked(candidate, before, now, budget))) fallen.push(formatCid(candidate.delegation.cid));
  }
  return { fallen, isCut };
}

async function isRevoked(
  candidate: Candidate,
  source: DelegationSource,
  now: number,
  budget: Budget,
): Promise<boolean> {
  return (await judgeStatus(candidate, source, now, budget)) === 'revoked';
}

function revokedIn(source: DelegationSource, target: Delegation, revokedBy: string): DelegationSource {
  return {
    ...source,
    delegationsTo: async (audiences, subject) =>
      (await source.delegationsTo(audiences, subject)).map((each) => revoke(each, target, revokedBy)),
  };
}

function revoke(candidate: Candidate, target: Delegation, revokedBy: string): Candidate {
  const { delegation, revocations } = candidate;
  return delegation.cid.equals(target.cid) ? { delegation, revocations: [...revocations, { revokedBy }] } : candidate;
}

/** The ids of what is stored below a delegation, the nearest first: of its subject, and powerlines; of a powerline, all. */
async function listBelow(
  transaction: Transaction,
  { subject, audience }: Delegation,
  budget: Budget,
): Promise<{ readonly ids: readonly number[]; readonly isCut: boolean }> {
  const subjectId = subject === null ? undefined : (await listDidIds(transaction, [subject])).get(subject);
  const found = new Map<number, { id: number; iss: string; aud: string; bytes: number }>();
  const reached = new Set([audience]);
  // A set is walked in the order in which it grows.
  for (const did of reached) {
    const room = Math.min(maxBelow - found.size, budget.left('rows_read'));
    if (room <= 0) break;
    const links =
      subjectId === undefined
        ? await scanDelegations(transaction, { iss: did }, room)
        : await listLinksBy(transaction, did, subjectId, room);
    budget.spend('rows_read');
    for (const link of links) {
      found.set(link.id, link);
      reached.add(link.aud);
    }
  }
  const within = takeWithin([...found.values()], budget);
  return { ids: within.map(({ id }) => id), isCut: within.length < found.size || found.size >= maxBelow };
}
