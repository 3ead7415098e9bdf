import type { CID } from 'multiformats/cid';
import { z } from 'zod';
import { HanaperError } from '../../errors.ts';
import { toSeconds } from '../../signature/time.ts';
import { listDelegationsByIssuer } from '../../store/ucan-delegations.ts';
import { insertRevocation, listRevocations } from '../../store/ucan-revocations.ts';
import { proofsFrom } from '../../ucan/chain.ts';
import { formatCid } from '../../ucan/cid.ts';
import type { Delegation } from '../../ucan/delegation.ts';
import { limits } from '../../ucan/limits.ts';
import { type Revocation, readRevocation } from '../../ucan/revocation.ts';
import { cidArg, cidText, didArg, timeArg } from '../args.ts';
import type { Command, CommandContext, InvocationContext } from '../command.ts';
import { isShownByPath } from '../revocation-path.ts';
import { requireRoom } from '../revoker.ts';
import { eitherOf } from '../stored-tokens.ts';

/** A revocation as a document. */
export interface RevocationDocument {
  /** CID of the delegation. */
  readonly cid: string;
  readonly revoked_by: string;
  readonly revoked_at: string;
  /** False where the same revoker had revoked it before. */
  readonly is_new: boolean;
  /** The stored delegations that no longer stand: this one, and those below it. */
  readonly fallen: readonly string[];
}

const mostFallen = 1000;

/** What is revoked (UCAN revocation 1.0). */
export interface RevokeArgs {
  readonly revoke: CID;
  /** The chain that ends in it, from the subject's own delegation on. */
  readonly path?: readonly CID[];
}

/** Takes note of a revocation: the invocation itself, with its proofs and the delegations of its path beside it. */
export const revokeDelegation: Command<'anybody', RevokeArgs, RevocationDocument> = {
  name: '/ucan/revoke',
  summary: 'Take a delegation back, and with it all that rests on it',
  subject: 'anybody',
  access: 'write',
  route: { method: 'POST', path: '/api/revocations' },
  args: z.strictObject({
    revoke: cidArg.describe('The delegation'),
    path: z
      .array(cidArg)
      .max(limits.chainLength)
      .describe("The chain that ends in it, from the subject's own delegation on")
      .exactOptional(),
  }),
  result: z.strictObject({
    cid: cidText,
    revoked_by: didArg,
    revoked_at: timeArg,
    is_new: z.boolean().describe('false: the same revoker had revoked it before'),
    fallen: z.array(cidText).describe('The stored delegations that no longer stand'),
  }),
  refusal: 'ucan.revoke_failed',
  run: recordRevocation,
};

/** Writes a revocation down that the door has validated. */
async function recordRevocation(context: InvocationContext): Promise<RevocationDocument> {
  const { transaction, tokens, given, invocation, now, emit } = context;
  const revocation = readRevocation(invocation);
  const resolveProof = eitherOf(proofsFrom(given), (cid) => tokens.resolveProof(cid));
  const target = await resolveProof(revocation.target);
  await requireMayRevoke(context, revocation, target, resolveProof);
  if (!context.isLocal) await requireRoom(context, revocation);
  const before = target ? await listFallen(context, target) : [];
  const cid = formatCid(revocation.target);
  const isNew = await insertRevocation(transaction, {
    delegationCid: cid,
    revokedBy: revocation.revokedBy,
    invocationCid: formatCid(invocation.cid),
    reason: revocation.reason ?? null,
    revokedAt: now,
  });
  if (isNew) emit('ucan.revoked', { cid, revoked_by: revocation.revokedBy });
  const fallen = target ? (await listFallen(context, target)).filter((each) => !before.includes(each)) : [];
  const recorded = (await listRevocations(transaction, [revocation.target])).find(
    ({ revokedBy }) => revokedBy === revocation.revokedBy,
  );
  return { cid, revoked_by: revocation.revokedBy, revoked_at: recorded?.revokedAt ?? now, is_new: isNew, fallen };
}

/** Only who issued a delegation, or one above it, may revoke it; for one that is not known yet, a path must be claimed. */
async function requireMayRevoke(
  { tokens }: CommandContext,
  revocation: Revocation,
  target: Delegation | undefined,
  resolveProof: (cid: CID) => Promise<Delegation | undefined>,
): Promise<void> {
  const { revokedBy, target: cid, path } = revocation;
  if (target === undefined && !path.at(-1)?.equals(cid)) throw unknownTarget(formatCid(cid));
  if (target?.issuer === revokedBy || (target && (await tokens.listIssuersAbove(target)).has(revokedBy))) return;
  if (await isShownByPath(revocation, target, resolveProof)) return;
  throw new HanaperError(
    'not_authorized',
    `${revokedBy} may not revoke ${formatCid(cid)}: only its issuer, or that of a delegation above it, may. Show the whole chain, from the subject's own delegation to it, with --path.`,
    { cid: formatCid(cid), ...(target && { issuer: target.issuer }), revoked_by: revokedBy },
  );
}

/** The stored delegations, the target first and then those below it, that do not stand. */
async function listFallen(
  { transaction, tokens, now }: CommandContext,
  target: Delegation,
): Promise<readonly string[]> {
  const seen = new Map<string, Delegation>();
  let level: readonly Delegation[] = [target];
  while (level.length > 0 && seen.size < mostFallen) {
    const unseen = level.filter(({ cid }) => !seen.has(formatCid(cid)));
    const fresh = unseen.slice(0, mostFallen - seen.size);
    for (const each of fresh) seen.set(formatCid(each.cid), each);
    const audiences = [...new Set(fresh.map(({ audience }) => audience))];
    const next: Delegation[] = [];
    for (const audience of audiences) {
      if (next.length >= mostFallen) break;
      const rows = await listDelegationsByIssuer(transaction, audience, { limit: mostFallen });
      next.push(...rows.map((row) => tokens.decode(row)).filter((each) => isAbout(each, target)));
    }
    level = next;
  }
  const candidates = await tokens.withRevocations([...seen.values()]);
  const standings = await tokens.findStandings(candidates, toSeconds(now));
  return candidates
    .filter((_, index) => standings[index] === 'revoked')
    .map(({ delegation }) => formatCid(delegation.cid));
}

// A powerline is about whatever it passes on.
function isAbout({ subject }: Delegation, target: Delegation): boolean {
  return target.subject === null || subject === null || subject === target.subject;
}

function unknownTarget(cid: string): HanaperError {
  return new HanaperError(
    'not_found',
    `The delegation ${cid} is not known here. Give its file instead of its CID, or the chain that leads to it with --path.`,
    { kind: 'delegation', cid },
  );
}
