import { HanaperError } from '../errors.ts';
import { findOrganization } from '../store/organizations.ts';
import type { Transaction } from '../store/transaction.ts';
import { isNamedInDelegation } from '../store/ucan-delegations.ts';
import { countInvocationsOn } from '../store/ucan-invocations.ts';
import { countPendingRevocations, listRevocations } from '../store/ucan-revocations.ts';
import type { Delegation } from '../ucan/delegation.ts';
import { limits } from '../ucan/limits.ts';
import { type Revocation, revokeCommand } from '../ucan/revocation.ts';
import { isSignatureValid } from '../ucan/verified.ts';
import type { CommandContext } from './command.ts';

/** Revocations by one revoker of delegations that are not stored here, at most. */
export const mostPending = 1000;

/** Those by all revokers together, without the authority's and the organisations' own. */
export const mostPendingOfAll = 20_000;

// A second revocation of the same is an act as well, with its receipt.
const mostActs = 10_000;

/** Where somebody is known, or is not. */
export interface Surroundings {
  readonly transaction: Transaction;
  /** DID of the authority. */
  readonly authority: string;
  /** The delegations that came beside the revocation. */
  readonly given: readonly Delegation[];
}

/**
 * Requires that a revocation which comes from elsewhere can matter here. Keys are free, and whatever is taken is kept for
 * ever: the revoker must be the authority, an organisation, or somebody to whom a delegation leads that is stored here or
 * begins with one of these.
 *
 * @throws HanaperError `not_authorized`
 */
export async function requireHeard(surroundings: Surroundings, revokedBy: string): Promise<void> {
  for (const [did, way] of listReached(surroundings.given, revokedBy)) {
    if ((await isKnown(surroundings, did)) && (await isEveryOneSigned(way))) return;
  }
  throw new HanaperError(
    'not_authorized',
    `${revokedBy} is not known here, so its revocation is not kept. Show the chain from an organisation here to it with --proof, or have the delegation stored first: hanaper ucan import.`,
    { reason: 'no power here', revoked_by: revokedBy },
  );
}

/**
 * Requires that there is room for a revocation. The authority and the organisations always have it; for others, what is
 * not stored is bounded, and so is what one of them does.
 *
 * @throws HanaperError `bad_input`
 */
export async function requireRoom(context: CommandContext, { revokedBy, target }: Revocation): Promise<void> {
  const { transaction, tokens, authority } = context;
  if (await isHosted({ transaction, authority: authority.did }, revokedBy)) return;
  const acts = await countInvocationsOn(transaction, revokedBy, revokeCommand);
  if (acts >= mostActs) throw noRoom(revokedBy, mostActs);
  const recorded = await listRevocations(transaction, [target]);
  if (recorded.some((known) => known.revokedBy === revokedBy) || (await tokens.resolveProof(target))) return;
  const own = await countPendingRevocations(transaction, { by: revokedBy });
  if (own >= mostPending) throw noRoom(revokedBy, mostPending);
  const all = await countPendingRevocations(transaction, { notBy: authority.did });
  if (all >= mostPendingOfAll) throw noRoom('Everybody together', mostPendingOfAll);
}

/** Who is reached from somebody upwards, from audience to issuer, and by which delegations. */
function listReached(given: readonly Delegation[], did: string): ReadonlyMap<string, readonly Delegation[]> {
  const reached = new Map<string, readonly Delegation[]>([[did, []]]);
  // A map is walked in the order in which it grows.
  for (const [holder, way] of reached) {
    if (way.length >= limits.chainLength) break;
    for (const each of given) {
      if (each.audience === holder && !reached.has(each.issuer)) reached.set(each.issuer, [each, ...way]);
    }
  }
  return reached;
}

async function isKnown(surroundings: Surroundings, did: string): Promise<boolean> {
  return (await isHosted(surroundings, did)) || isNamedInDelegation(surroundings.transaction, did);
}

async function isHosted({ transaction, authority }: Omit<Surroundings, 'given'>, did: string): Promise<boolean> {
  return did === authority || (await findOrganization(transaction, { did })) !== undefined;
}

// From the one that is known on: what a stranger forged fails at once.
async function isEveryOneSigned(way: readonly Delegation[]): Promise<boolean> {
  for (const each of way) if (!(await isSignatureValid(each))) return false;
  return true;
}

function noRoom(who: string, most: number): HanaperError {
  return new HanaperError(
    'bad_input',
    `${who} had ${most} revocations recorded here already, and no more are taken. The organisation that the chain begins with can revoke this delegation, or one above it.`,
    { reason: 'too many revocations', most },
  );
}
