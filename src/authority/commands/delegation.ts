import type { CID } from 'multiformats/cid';
import { z } from 'zod';
import { HanaperError } from '../../errors.ts';
import { toSeconds } from '../../signature/time.ts';
import { deleteExpiredDelegations } from '../../store/tables/ucan-delegations.ts';
import { listRevocations } from '../../store/tables/ucan-revocations.ts';
import { proofsFrom } from '../../ucan/chain/chain.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { limits } from '../../ucan/limits.ts';
import { cidArg, cidText, commandArg, didArg, noArgs } from '../schemas/args.ts';
import type { Command } from '../schemas/command.ts';
import {
  alteredFields,
  findAlteredRows,
  findLostRevocations,
  type MaybeAltered,
  withAltered,
} from '../trust/find-altered-rows.ts';
import { delegationFields, describeDelegation, type StatedDelegation } from './delegation-document.ts';
import { readDelegationPage } from './delegation-page.ts';
import { keepDelegations, prepareToKeep, type StoredDocument } from './keep-delegations.ts';

/** Which delegations to keep; they lie beside the invocation, in its container. */
export interface StoreDelegationsArgs {
  /** 1 to 255 links. */
  readonly delegations: readonly CID[];
}

/** Keeps delegations. Their signatures are verified, and their CIDs computed; one that is here already stays as it is. */
export const storeDelegations: Command<'authority', StoreDelegationsArgs, StoredDocument> = {
  name: '/delegation/store',
  summary: 'Keep delegations that lie beside the invocation',
  subject: 'authority',
  access: 'write',
  route: { method: 'POST', path: '/api/delegations' },
  args: z.strictObject({
    delegations: z
      .array(cidArg)
      .min(1)
      .max(limits.containerTokens - 1)
      .describe('Which of those in the container'),
  }),
  result: z.strictObject({
    stored: z.array(cidText).describe('Those that are new here'),
    known: z.array(cidText).describe('Those that were here already'),
  }),
  refusal: 'ucan.delegation.store_failed',
  async prepare(context, { delegations }) {
    const find = proofsFrom(context.given);
    await prepareToKeep(
      context,
      delegations.flatMap((cid) => find(cid) ?? []),
    );
  },
  async run(context, { delegations }) {
    const find = proofsFrom(context.given);
    return keepDelegations(
      context,
      delegations.map((cid) => find(cid) ?? notGiven(cid)),
    );
  },
};

function notGiven(cid: CID): never {
  throw new HanaperError(
    'bad_input',
    `The delegation ${formatCid(cid)} does not lie beside the invocation that asks to keep it.`,
    { field: 'delegations', cid: formatCid(cid) },
  );
}

/** What a list of delegations is about. */
export interface ListDelegationsArgs {
  readonly audience?: string;
  readonly issuer?: string;
  readonly subject?: string;
  /** Those that cover this command. */
  readonly command?: string;
  /** Revoked ones too. */
  readonly revoked?: boolean;
  /** Those outside of their time too. */
  readonly expired?: boolean;
  /** The `next` of the page before. */
  readonly before?: number;
  /** 1 to 1,000; default: 100. */
  readonly limit?: number;
}

/** One page of delegations; `next` is there where more may follow. */
export interface DelegationListDocument extends MaybeAltered {
  readonly delegations: readonly StatedDelegation[];
  readonly next?: number;
}

const defaultLimit = 100;

/** Stored delegations, newest first; revoked ones, by whatever stands above them too, and expired ones only on request. */
export const listStoredDelegations: Command<'authority', ListDelegationsArgs, DelegationListDocument> = {
  name: '/delegation/list',
  summary: 'List stored delegations, newest first',
  subject: 'authority',
  access: 'read',
  route: { method: 'GET', path: '/api/delegations' },
  args: z.strictObject({
    audience: didArg.describe('Those to this DID').exactOptional(),
    issuer: didArg.describe('Those by this DID').exactOptional(),
    subject: didArg.describe('Those about this DID').exactOptional(),
    command: commandArg.describe('Those that cover this command').exactOptional(),
    revoked: z.boolean().describe('Revoked ones too').exactOptional(),
    expired: z.boolean().describe('Those outside of their time too').exactOptional(),
    before: z.int32().min(1).describe('The `next` of the page before').exactOptional(),
    limit: z.int().min(1).max(1000).describe('How many at most; 100 where it is left out').exactOptional(),
  }),
  result: z.strictObject({
    delegations: z.array(z.strictObject(delegationFields)),
    next: z.int().min(1).exactOptional(),
    ...alteredFields,
  }),
  async run(context, { revoked = false, expired = false, limit = defaultLimit, ...about }) {
    const seconds = toSeconds(context.now);
    const filter = { ...about, limit, ...(!expired && { liveAt: seconds }) };
    const { listed, next } = await readDelegationPage(context, filter, seconds);
    const delegations = listed
      .map(({ row, candidate, standing }) => describeDelegation(row, candidate, standing, seconds))
      .filter(({ state }) => state !== 'revoked' || revoked);
    const rows = listed.map(({ row }) => row);
    const revocations = await listRevocations(
      context.transaction,
      listed.map(({ candidate }) => candidate.delegation.cid),
    );
    return withAltered(
      { delegations, ...(next !== undefined && { next }) },
      await findAlteredRows(context, 'ucanDelegations', rows),
      await findAlteredRows(context, 'ucanRevocations', revocations),
      about.before === undefined ? await findLostRevocations(context) : [],
    );
  },
};

/** Removes what expired, by more than clocks may differ. Revocations stay, and what they revoke. */
export const pruneDelegations: Command<'authority', Record<string, never>, { removed: number }> = {
  name: '/delegation/prune',
  summary: 'Remove what expired; revocations stay, and what they revoke',
  subject: 'authority',
  access: 'write',
  route: { method: 'POST', path: '/api/delegations/prune' },
  args: noArgs,
  result: z.strictObject({ removed: z.int().min(0) }),
  async run({ transaction, now }) {
    return { removed: await deleteExpiredDelegations(transaction, toSeconds(now) - limits.skewSeconds) };
  },
};
