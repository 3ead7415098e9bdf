import type { CID } from 'multiformats/cid';
import { z } from 'zod';
import { HanaperError } from '../../errors.ts';
import { toSeconds } from '../../signature/time.ts';
import { insertRevocation, listRevocations } from '../../store/tables/ucan-revocations.ts';
import { proofsFrom } from '../../ucan/chain/chain.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { limits } from '../../ucan/limits.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import { type Revocation, readRevocation } from '../../ucan/token/revocation.ts';
import { drawForRevocation } from '../execution/revocation-admission.ts';
import { cidArg, cidText, didArg, timeArg } from '../schemas/args.ts';
import type { Command, CommandContext, InvocationContext } from '../schemas/command.ts';
import { eitherOf } from '../tokens/stored-tokens.ts';
import { type Fallen, foreseeFallen, nothingFallen } from './fallen-tokens.ts';
import { isShownByPath } from './revocation-path.ts';

/** A revocation as a document. */
export interface RevocationDocument {
  /** CID of the delegation. */
  readonly cid: string;
  readonly revoked_by: string;
  readonly revoked_at: string;
  /** False where the same revoker had revoked it before. */
  readonly is_new: boolean;
  /** The stored delegations that no longer stand, as they were before: this one, and those below it. */
  readonly fallen: readonly string[];
  /** There may be more than are named. */
  readonly more_fallen?: boolean;
}

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
    more_fallen: z.boolean().describe('true: there may be more than are named').exactOptional(),
  }),
  refusal: 'ucan.revoke_failed',
  prepare: prepareRevocation,
  run: recordRevocation,
};

/** Refuses who may not revoke, and foresees what falls, before the turn to write. */
async function prepareRevocation(context: InvocationContext): Promise<Fallen> {
  const { revocation, target } = await readAllowed(context);
  return target ? foreseeFallen(context, target, revocation.revokedBy, toSeconds(context.now)) : nothingFallen;
}

/** Writes a revocation down that the entry point has validated. */
async function recordRevocation(context: InvocationContext): Promise<RevocationDocument> {
  const { transaction, invocation, now, emit } = context;
  const { revocation } = await readAllowed(context);
  const { revokedBy } = revocation;
  await drawForRevocation(context, revocation);
  const cid = formatCid(revocation.target);
  const isNew = await insertRevocation(transaction, {
    delegationCid: cid,
    revokedBy,
    invocationCid: formatCid(invocation.cid),
    reason: revocation.reason ?? null,
    revokedAt: now,
  });
  if (isNew) emit('ucan.revoked', { cid, revoked_by: revokedBy });
  const [recorded] = await listRevocations(transaction, [revocation.target], [revokedBy]);
  const { fallen, isCut } = isNew ? ((context.prepared ?? nothingFallen) as Fallen) : nothingFallen;
  return {
    cid,
    revoked_by: revokedBy,
    revoked_at: recorded?.revokedAt ?? now,
    is_new: isNew,
    fallen,
    ...(isCut && { more_fallen: true }),
  };
}

async function readAllowed(context: InvocationContext) {
  const { tokens, given, invocation } = context;
  const revocation = readRevocation(invocation);
  const resolveProof = eitherOf(proofsFrom(given), (cid) => tokens.resolveProof(cid));
  const target = await resolveProof(revocation.target);
  await requireMayRevoke(context, revocation, target, resolveProof);
  return { revocation, target };
}

/** Only who issued a delegation, or one above it, may revoke it; for one that is not known yet, a path must be claimed. */
async function requireMayRevoke(
  { tokens, budget }: CommandContext,
  revocation: Revocation,
  target: Delegation | undefined,
  resolveProof: (cid: CID) => Promise<Delegation | undefined>,
): Promise<void> {
  const { revokedBy, target: cid, path } = revocation;
  if (target === undefined && !path.at(-1)?.equals(cid)) throw unknownTarget(formatCid(cid));
  if (target?.issuer === revokedBy || (await isShownByPath(revocation, target, resolveProof, budget))) return;
  if (target && (await tokens.isIssuerAbove(target, revokedBy, budget))) return;
  throw new HanaperError(
    'not_authorized',
    `${revokedBy} may not revoke ${formatCid(cid)}: only its issuer, or that of a delegation above it, may. Show the whole chain, from the subject's own delegation to it.`,
    { cid: formatCid(cid), ...(target && { issuer: target.issuer }), revoked_by: revokedBy, remedy: 'show_chain' },
  );
}

function unknownTarget(cid: string): HanaperError {
  return new HanaperError(
    'not_found',
    `The delegation ${cid} is not known here. Give its file instead of its CID, or the chain that leads to it.`,
    { kind: 'delegation', cid, remedy: 'show_chain' },
  );
}
