import type { CID } from 'multiformats/cid';
import { z } from 'zod';
import { HanaperError } from '../../errors.ts';
import { toSeconds } from '../../signature/time.ts';
import type { DelegationRow } from '../../store/engine/schema.ts';
import { deleteExpiredDelegations } from '../../store/tables/ucan-delegations.ts';
import { listRevocations } from '../../store/tables/ucan-revocations.ts';
import { proofsFrom } from '../../ucan/chain/chain.ts';
import type { Standing } from '../../ucan/chain/delegation-status.ts';
import type { Candidate } from '../../ucan/chain/find-chain.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { toJsonValue } from '../../ucan/encoding/dag-json.ts';
import { limits } from '../../ucan/limits.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import { cidArg, cidText, commandArg, didArg, noArgs, timeArg } from '../schemas/args.ts';
import type { Command } from '../schemas/command.ts';
import { keepDelegations, prepareToKeep, type StoredDocument } from '../tokens/keep-delegations.ts';
import {
  alteredFields,
  findAlteredRows,
  findLostRevocations,
  type MaybeAltered,
  withAltered,
} from '../trust/find-altered-rows.ts';
import { readDelegationPage } from './delegation-page.ts';

/** A delegation as a document: UCAN's own names, CIDs in base58btc, times in seconds. */
export interface DelegationDocument {
  readonly cid: string;
  readonly iss: string;
  readonly aud: string;
  /** Absent for a powerline. */
  readonly sub?: string;
  readonly cmd: string;
  /** The statements of the policy. */
  readonly pol: readonly unknown[];
  readonly nbf?: number;
  readonly exp?: number;
  readonly is_root: boolean;
  readonly is_powerline: boolean;
  readonly created_at: string;
}

/**
 * How a stored delegation stands at the time of the list; `unproven`: live, but no live chain to it is stored here;
 * `undecided`: live, but so many delegations stand above it that it was not found out.
 */
export type DelegationState = (typeof states)[number];

const states = ['live', 'unproven', 'undecided', 'expired', 'not_yet_valid', 'revoked'] as const;

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
  readonly delegations: readonly (DelegationDocument & { readonly state: DelegationState })[];
  readonly next?: number;
}

const defaultLimit = 100;

const listedResult = z.strictObject({
  cid: cidText,
  iss: didArg,
  aud: didArg,
  sub: didArg.describe('Absent for a powerline').exactOptional(),
  cmd: commandArg,
  pol: z.array(z.unknown()).describe('The statements of the policy'),
  nbf: z.int().describe('Seconds since 1970').exactOptional(),
  exp: z.int().describe('Seconds since 1970').exactOptional(),
  is_root: z.boolean(),
  is_powerline: z.boolean(),
  created_at: timeArg,
  state: z.enum(states),
});

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
    delegations: z.array(listedResult),
    next: z.int().min(1).exactOptional(),
    ...alteredFields,
  }),
  async run(context, { revoked = false, expired = false, limit = defaultLimit, ...about }) {
    const seconds = toSeconds(context.now);
    const filter = { ...about, limit, ...(!expired && { liveAt: seconds }) };
    const { listed, next } = await readDelegationPage(context, filter, seconds);
    const delegations = listed
      .map(({ row, candidate, standing }) => {
        const state = stateOf(candidate, standing, seconds);
        return { ...toDocument(row, candidate.delegation), state };
      })
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

function stateOf({ delegation }: Candidate, standing: Standing, now: number): DelegationState {
  const { expiration, notBefore = 0 } = delegation;
  if (standing === 'revoked') return 'revoked';
  if (expiration !== null && now > expiration) return 'expired';
  if (now < notBefore) return 'not_yet_valid';
  return standing === 'stands' ? 'live' : standing;
}

function toDocument(row: DelegationRow, delegation: Delegation): DelegationDocument {
  const { issuer, audience, subject, command, policy, notBefore, expiration } = delegation;
  return {
    cid: row.cid,
    iss: issuer,
    aud: audience,
    ...(subject !== null && { sub: subject }),
    cmd: command,
    pol: policy.source.map(toJsonValue),
    ...(notBefore !== undefined && { nbf: notBefore }),
    ...(expiration !== null && { exp: expiration }),
    is_root: issuer === subject,
    is_powerline: subject === null,
    created_at: row.createdAt,
  };
}
