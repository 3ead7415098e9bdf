import { z } from 'zod';
import { HanaperError } from '../../errors.ts';
import { toSeconds } from '../../signature/time.ts';
import { takeLock } from '../../store/lock.ts';
import type { DelegationRow } from '../../store/schema.ts';
import {
  type DelegationFilter,
  deleteExpiredDelegations,
  insertDelegations,
  listDelegations,
  listKnownCids,
  principalOf,
} from '../../store/ucan-delegations.ts';
import { formatCid } from '../../ucan/cid.ts';
import { fromJsonValue, toJsonValue } from '../../ucan/dag-json.ts';
import type { Delegation } from '../../ucan/delegation.ts';
import { type Candidate, findChain } from '../../ucan/find-chain.ts';
import { toIpldMap } from '../../ucan/ipld.ts';
import { limits } from '../../ucan/limits.ts';
import type { Standing } from '../../ucan/standing.ts';
import { isSignatureValid, type Verified, verifyToken } from '../../ucan/verified.ts';
import { commandArg, didArg, noArgs } from '../args.ts';
import type { Command, CommandContext } from '../command.ts';
import { rememberPrincipals } from '../principals.ts';
import { alteredDelegation } from '../stored-tokens.ts';
import { containerArg, decodeTokens } from '../token-args.ts';

/** A delegation as a document: UCAN's own names, CIDs in base58btc, times in seconds. */
export interface DelegationDocument {
  readonly cid: string;
  readonly iss: string;
  readonly aud: string;
  /** Absent for a powerline. */
  readonly sub?: string;
  readonly cmd: string;
  readonly pol: unknown;
  readonly nbf?: number;
  readonly exp?: number;
  readonly is_root: boolean;
  readonly is_powerline: boolean;
  readonly created_at: string;
}

/** How a stored delegation stands at the time of the list; `unproven`: live, but no live chain to it is stored here. */
export type DelegationState = 'live' | 'unproven' | 'expired' | 'not_yet_valid' | 'revoked';

/** What came of storing: CIDs. */
export interface StoredDocument {
  readonly stored: readonly string[];
  readonly known: readonly string[];
}

/** Keeps delegations. Their signatures are verified, and their CIDs computed; one that is here already stays as it is. */
export const storeDelegations: Command<'authority', { container: string }, StoredDocument> = {
  name: '/delegation/store',
  subject: 'authority',
  access: 'write',
  args: z.strictObject({ container: containerArg }),
  refusal: 'ucan.delegation.store_failed',
  async run(context, { container }) {
    const { delegations, invocations } = await decodeTokens(container);
    if (invocations.length > 0 || delegations.length === 0) {
      throw new HanaperError('bad_input', 'Only delegations are stored; the container holds something else, or none.', {
        field: 'container',
      });
    }
    return keepDelegations(context, delegations);
  },
};

/** Verifies delegations and keeps those that are new. */
export async function keepDelegations(
  context: CommandContext,
  delegations: readonly Delegation[],
): Promise<StoredDocument> {
  const { transaction, now, emit } = context;
  const byCid = new Map<string, Verified<Delegation>>();
  for (const delegation of delegations) byCid.set(formatCid(delegation.cid), await verifyToken(delegation));
  await takeLock(transaction, 'delegations');
  const known = await listKnownCids(transaction, [...byCid.keys()]);
  for (const cid of known) byCid.delete(cid);
  const fresh = [...byCid.values()];
  const didIds = await rememberPrincipals(
    context,
    fresh.flatMap((each) => [principalOf(each), each.issuer, each.audience]),
  );
  await insertDelegations(transaction, fresh, didIds, now);
  for (const { cid, issuer, audience, command } of fresh) {
    emit('ucan.delegation.stored', { cid: formatCid(cid), issuer, audience, command });
  }
  return { stored: fresh.map(({ cid }) => formatCid(cid)), known };
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
export interface DelegationListDocument {
  readonly delegations: readonly (DelegationDocument & { readonly state: DelegationState })[];
  readonly next?: number;
}

const defaultLimit = 100;

/** Stored delegations, newest first; revoked ones, by whatever stands above them too, and expired ones only on request. */
export const listStoredDelegations: Command<'authority', ListDelegationsArgs, DelegationListDocument> = {
  name: '/delegation/list',
  subject: 'authority',
  access: 'read',
  args: z.strictObject({
    audience: didArg.exactOptional(),
    issuer: didArg.exactOptional(),
    subject: didArg.exactOptional(),
    command: commandArg.exactOptional(),
    revoked: z.boolean().exactOptional(),
    expired: z.boolean().exactOptional(),
    before: z.int32().min(1).exactOptional(),
    limit: z.int().min(1).max(1000).exactOptional(),
  }),
  async run({ transaction, tokens, now }, { revoked = false, expired = false, limit = defaultLimit, ...about }) {
    const seconds = toSeconds(now);
    const filter: DelegationFilter = { ...about, limit, ...(!expired && { liveAt: seconds }) };
    const rows = await listDelegations(transaction, filter);
    const candidates = await tokens.withRevocations(rows.map((row) => tokens.decode(row)));
    const standings = await tokens.findStandings(candidates, seconds);
    const listed: DelegationListDocument['delegations'][number][] = [];
    for (const [index, row] of rows.entries()) {
      const [candidate, standing] = [candidates[index], standings[index]];
      if (candidate === undefined || standing === undefined) continue;
      const state = stateOf(candidate, standing, seconds);
      if (state !== 'revoked' || revoked) listed.push({ ...toDocument(row, candidate.delegation), state });
    }
    const last = rows.at(-1);
    return { delegations: listed, ...(last && rows.length === limit && { next: last.id }) };
  },
};

/** Who wants to do what. */
export interface FindChainArgs {
  readonly invoker: string;
  readonly subject: string;
  readonly command: string;
  /** DAG-JSON. */
  readonly args: unknown;
}

/** The shortest chain of stored delegations on which something could be invoked, from the root; empty for the subject. */
export const findStoredChain: Command<'authority', FindChainArgs, { chain: readonly Delegation[] }> = {
  name: '/delegation/find',
  subject: 'authority',
  access: 'read',
  args: z.strictObject({ invoker: didArg, subject: didArg, command: commandArg, args: z.unknown() }),
  async run({ tokens, now }, { args, ...wish }) {
    const wanted = { ...wish, args: toIpldMap(fromJsonValue(args)), now: toSeconds(now) };
    const chain = await findChain(wanted, await tokens.above(wish.invoker, wish.subject));
    for (const delegation of chain) {
      if (!(await isSignatureValid(delegation))) throw alteredDelegation(formatCid(delegation.cid));
    }
    // Whoever is about to use it has it verified again, and that then costs nothing.
    tokens.keep(chain);
    return { chain };
  },
};

/** Removes what expired, by more than clocks may differ. Revocations stay, and what they revoke. */
export const pruneDelegations: Command<'authority', Record<string, never>, { removed: number }> = {
  name: '/delegation/prune',
  subject: 'authority',
  access: 'write',
  args: noArgs,
  async run({ transaction, now }) {
    return { removed: await deleteExpiredDelegations(transaction, toSeconds(now) - limits.skewSeconds) };
  },
};

function stateOf({ delegation }: Candidate, standing: Standing, now: number): DelegationState {
  const { expiration, notBefore = 0 } = delegation;
  if (standing === 'revoked') return 'revoked';
  if (expiration !== null && now > expiration) return 'expired';
  if (now < notBefore) return 'not_yet_valid';
  return standing === 'stands' ? 'live' : 'unproven';
}

function toDocument(row: DelegationRow, delegation: Delegation): DelegationDocument {
  const { issuer, audience, subject, command, policy, notBefore, expiration } = delegation;
  return {
    cid: row.cid,
    iss: issuer,
    aud: audience,
    ...(subject !== null && { sub: subject }),
    cmd: command,
    pol: toJsonValue(policy.source),
    ...(notBefore !== undefined && { nbf: notBefore }),
    ...(expiration !== null && { exp: expiration }),
    is_root: issuer === subject,
    is_powerline: subject === null,
    created_at: row.createdAt,
  };
}
