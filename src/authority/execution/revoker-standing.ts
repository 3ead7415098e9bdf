import type { Budget } from '../../budget.ts';
import { HanaperError } from '../../errors.ts';
import type { Candidate } from '../../ucan/chain/find-chain.ts';
import { checkRevocation, checkTime } from '../../ucan/chain/rules.ts';
import { limits } from '../../ucan/limits.ts';
import { coversCommand } from '../../ucan/token/command.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import { isSignatureValid } from '../../ucan/token/verified.ts';
import type { StoredTokens } from '../tokens/stored-tokens.ts';
import { findPowerRoot, type IsHosted } from './hosted-subjects.ts';

/** Where somebody is known, or is not. */
export interface RevokerContext {
  readonly tokens: StoredTokens;
  readonly budget: Budget;
  readonly isHosted: IsHosted;
  /** The delegations that came beside the revocation. */
  readonly given: readonly Delegation[];
  /** Seconds since 1970. */
  readonly now: number;
}

// Of those that came beside it, how many may turn out to be forged.
const maxForged = 8;
// To ask for what leads to somebody, and to look at one of these by its subject, command, time and revocations.
const queriesOfOne = 5;
const visitsOfOne = 5;

/**
 * Requires that a revocation which comes from elsewhere can matter here. Keys are free, and whatever is taken is kept for
 * ever: the revoker must be the authority, an organisation, or somebody whom the power of one of these reaches now, by
 * delegations that are live and not revoked, beside the revocation or stored. Returns the root of that power.
 *
 * @throws HanaperError `not_authorized`, `too_large` where there is more to look at than is looked at
 */
export async function requireRevokerStanding(
  surroundings: RevokerContext,
  revokedBy: string,
): Promise<string | undefined> {
  if (await surroundings.isHosted(revokedBy)) return undefined;
  const forged = new Set<Delegation>();
  const above = rememberAbove(surroundings);
  while (forged.size < maxForged) {
    const way = await findWay(surroundings, above, revokedBy, forged);
    const wrong = way && (await findForged(way, surroundings.budget));
    if (way && wrong === undefined) return findPowerRoot(way, surroundings.isHosted);
    if (wrong === undefined) break;
    forged.add(wrong);
  }
  throw new HanaperError(
    'not_authorized',
    `${revokedBy} has no power from here, so its revocation is not kept. Show a chain from an organisation here to it, live and not revoked, or have the delegation stored first.`,
    { reason: 'no power here', revoked_by: revokedBy, remedy: 'show_proof' },
  );
}

/** A way that was found so far, from its top on. */
interface Trail {
  readonly path: readonly Delegation[];
  /** `undefined` while there are powerlines alone. */
  readonly subject: string | undefined;
  /** Who may not stand further up: they revoked something below. */
  readonly revokers: readonly string[];
}

/** Goes up from somebody to one who is hosted here, the shortest way. */
async function findWay(
  surroundings: RevokerContext,
  listAbove: ListAbove,
  to: string,
  forged: ReadonlySet<Delegation>,
): Promise<readonly Delegation[] | undefined> {
  const { budget } = surroundings;
  const seen = new Set<string>();
  let level: readonly Trail[] = [{ path: [], subject: undefined, revokers: [] }];
  for (let length = 0; level.length > 0 && length < limits.chainLength; length++) {
    const next: Trail[] = [];
    for (const trail of level) {
      for (const candidate of await listAbove(trail.path[0]?.issuer ?? to)) {
        budget.spend('visits', visitsOfOne);
        const longer = forged.has(candidate.delegation) ? undefined : extend(trail, candidate, surroundings.now);
        if (longer === undefined || (longer.subject && !(await surroundings.isHosted(longer.subject)))) continue;
        if (await surroundings.isHosted(candidate.delegation.issuer)) return longer.path;
        if (isNew(seen, longer)) next.push(longer);
      }
    }
    level = next;
  }
  return undefined;
}

/** The delegations to somebody that lead up, each holder's asked for once. */
type ListAbove = (holder: string) => Promise<readonly Candidate[]>;

function rememberAbove({ tokens, given, budget }: RevokerContext): ListAbove {
  const beside = Map.groupBy(given, ({ audience }) => audience);
  const known = new Map<string, readonly Candidate[]>();
  return async (holder) => {
    const found = known.get(holder);
    if (found) return found;
    budget.spend('queries', queriesOfOne);
    const stored = await tokens.hostedTo(holder, budget);
    const candidates = [...(await tokens.withRevocations(beside.get(holder) ?? [])), ...stored];
    known.set(holder, candidates);
    return candidates;
  };
}

function extend({ path, subject, revokers }: Trail, { delegation, revocations }: Candidate, now: number) {
  const [below] = path;
  const { issuer } = delegation;
  if (delegation.subject !== null && subject !== undefined && delegation.subject !== subject) return undefined;
  if (below && !coversCommand(delegation.command, below.command)) return undefined;
  if (revokers.includes(issuer) || checkRevocation(delegation, revocations, [issuer])) return undefined;
  if (checkTime(delegation, { now })) return undefined;
  return {
    path: [delegation, ...path],
    subject: subject ?? delegation.subject ?? undefined,
    revokers: [...new Set([...revokers, ...revocations.map(({ revokedBy }) => revokedBy)])],
  };
}

function isNew(seen: Set<string>, { path: [top], subject, revokers }: Trail): boolean {
  const place = [top?.issuer, top?.command, subject, ...revokers.toSorted()].join(' ');
  if (seen.has(place)) return false;
  seen.add(place);
  return true;
}

// From the one that is hosted here on: what a stranger forged fails at once.
async function findForged(way: readonly Delegation[], budget: Budget): Promise<Delegation | undefined> {
  for (const each of way) {
    if (!(await isSignatureValid(each, undefined, budget))) return each;
  }
  return undefined;
}
