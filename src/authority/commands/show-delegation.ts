import { z } from 'zod';
import { encodeBase64 } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { required } from '../../required.ts';
import { toSeconds } from '../../signature/time.ts';
import type { DelegationRow, RevocationRow } from '../../store/engine/schema.ts';
import { getDelegationByCid } from '../../store/tables/ucan-delegations.ts';
import { listRevocations } from '../../store/tables/ucan-revocations.ts';
import type { Candidate } from '../../ucan/chain/find-chain.ts';
import { formatCid, parseCid } from '../../ucan/encoding/cid.ts';
import { requireWrittenRow } from '../log/check-rows.ts';
import { anyCidText, cidText, didArg, timeArg } from '../schemas/args.ts';
import type { Command, CommandContext } from '../schemas/command.ts';
import {
  alteredFields,
  findAlteredRows,
  findLostRevocations,
  type MaybeAltered,
  withAltered,
} from '../trust/find-altered-rows.ts';
import { delegationFields, describeDelegation, type StatedDelegation } from './delegation-document.ts';
import { judgeStatus } from './judge-status.ts';

/** Which delegation is shown. */
export interface ShowDelegationArgs {
  /** Its CID, in any of the common bases. */
  readonly cid: string;
}

/** A revocation of one delegation, as it was recorded. Whether it counts depends on who is above that delegation. */
export interface RecordedRevocation {
  readonly revoked_by: string;
  readonly revoked_at: string;
  /** CID of the revocation itself. */
  readonly invocation: string;
  readonly reason?: string;
}

/** A stored delegation, how it stands now, what is known to revoke it, and its sealed token. */
export interface ShownDelegationDocument extends StatedDelegation, MaybeAltered {
  readonly revocations: readonly RecordedRevocation[];
  /** The bytes of the token, whose CID this is, in base64. */
  readonly token: string;
}

/** One stored delegation, whatever its state. */
export const showDelegation: Command<'authority', ShowDelegationArgs, ShownDelegationDocument> = {
  name: '/delegation/show',
  summary: 'Show one stored delegation: its fields, its state, its revocations and the token',
  subject: 'authority',
  access: 'read',
  route: { method: 'GET', path: '/api/delegations/{cid}' },
  args: z.strictObject({ cid: anyCidText.describe('The CID of the delegation, in any of the common bases') }),
  result: z.strictObject({
    ...delegationFields,
    revocations: z
      .array(
        z.strictObject({
          revoked_by: didArg,
          revoked_at: timeArg,
          invocation: cidText.describe('The CID of the revocation'),
          reason: z.string().exactOptional(),
        }),
      )
      .describe('Every revocation of it that is recorded; `state` says whether one counts'),
    token: z.base64().describe('The bytes of the token, in base64: the CID is theirs'),
    ...alteredFields,
  }),
  async run(context, { cid: text }) {
    const { transaction } = context;
    const cid = parseCid(text);
    const row = await getDelegationByCid(transaction, cid);
    if (row === undefined) throw notStored(formatCid(cid), await listRevocations(transaction, [cid]));
    await requireWrittenRow(context, 'ucanDelegations', row);
    const delegation = context.tokens.decode(row, context.budget);
    const candidate = required((await context.tokens.withRevocations([delegation]))[0], 'candidate');
    return withAltered(
      {
        ...(await describeNow(context, row, candidate)),
        revocations: candidate.revocations.map(describeRevocation),
        token: encodeBase64(delegation.bytes),
      },
      await findAlteredRows(context, 'ucanRevocations', candidate.revocations),
      await findLostRevocations(context),
    );
  },
};

async function describeNow(
  { tokens, budget, now }: CommandContext,
  row: DelegationRow,
  candidate: Candidate,
): Promise<StatedDelegation> {
  const seconds = toSeconds(now);
  const standing = await judgeStatus(candidate, tokens.standingSource(budget), seconds, budget);
  return describeDelegation(row, candidate, standing, seconds);
}

function describeRevocation({ revokedBy, revokedAt, invocationCid, reason }: RevocationRow): RecordedRevocation {
  return {
    revoked_by: revokedBy,
    revoked_at: revokedAt,
    invocation: invocationCid,
    ...(reason !== null && { reason }),
  };
}

// A revocation may come before what it revokes, and stays when that is gone.
function notStored(cid: string, recorded: readonly RevocationRow[]): HanaperError {
  const known = recorded.length > 0 ? `, and ${recorded.length} revocation(s) of it` : '';
  return new HanaperError('not_found', `The delegation ${cid} is not stored here${known}.`, {
    kind: 'delegation',
    cid,
    revoked_by: recorded.map(({ revokedBy }) => revokedBy),
  });
}
