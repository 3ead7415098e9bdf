import { requireRefusal } from '../../attempt.ts';
import { Budget } from '../../budget.ts';
import { HanaperError } from '../../errors.ts';
import { formatCid } from '../encoding/cid.ts';
import type { IpldMap } from '../encoding/ipld.ts';
import { limits } from '../limits.ts';
import { coversCommand } from '../token/command.ts';
import type { Delegation } from '../token/delegation.ts';
import { PolicyVerdicts } from './policy-verdicts.ts';
import { checkRevocation, checkTime, type RevocationRecord, refuseCommand } from './rules.ts';

/** What somebody wants to do. */
export interface Wish {
  readonly invoker: string;
  readonly subject: string;
  readonly command: string;
  readonly args: IpldMap;
  /** Seconds since 1970. */
  readonly now: number;
  readonly skew?: number | undefined;
}

/** A delegation that may serve, with the revocations of it that are known. */
export interface Candidate {
  readonly delegation: Delegation;
  readonly revocations: readonly RevocationRecord[];
}

/** Where delegations are found. */
export interface DelegationSource {
  /** Those to any of `audiences` about `subject`, and powerlines. */
  delegationsTo(audiences: readonly string[], subject: string): Promise<readonly Candidate[]>;
  /** Whether there are more to one audience than it gave. Absent: it gives all. */
  isPartial?(audience: string, subject: string): boolean;
}

/** Given delegations as a source. */
export function sourceOf(candidates: Iterable<Candidate>): DelegationSource {
  const byAudience = Map.groupBy(candidates, ({ delegation }) => delegation.audience);
  return {
    async delegationsTo(audiences, subject) {
      const addressed = audiences.flatMap((audience) => byAudience.get(audience) ?? []);
      return addressed.filter(({ delegation }) => (delegation.subject ?? subject) === subject);
    },
  };
}

/** Delegations of which nothing is known to be revoked, as candidates. */
export function unrevoked(delegations: readonly Delegation[]): readonly Candidate[] {
  return delegations.map((delegation) => ({ delegation, revocations: [] }));
}

interface Candidates {
  readonly byAudience: ReadonlyMap<string, readonly Candidate[]>;
  /** Whether these are all that there are. */
  readonly isWhole: boolean;
}

/** A chain that was found, and what stands in its way. */
interface Trail {
  /** From here up to the invoker, the invoker's own last. */
  readonly path: readonly Delegation[];
  /** Who may not stand further up: they revoked something on the path. */
  readonly revokers: ReadonlySet<string>;
  readonly failures: readonly HanaperError[];
}

// What one search looks at, at most: delegations that are gathered, and steps from one to the next.
const maxCandidates = 10_000;
const maxVisits = 50_000;
// Of very many delegations each can have a policy.
const maxSteps = 10 * limits.policySteps;
const maxKeyBytes = 10 * limits.policyKeyBytes;
// A place is gone through again only with other revokers in mind, of which there can be very many.
const maxDetours = 1000;

/**
 * Finds the shortest chain of delegations, from the root to the invoker, on which the wish could be invoked: live,
 * unrevoked, its policies kept. Empty where the invoker is the subject. Each step from one delegation to the next is one
 * of the `visits` of the budget (default: 50,000); each policy is gone through once, and draws on it as well.
 *
 * @throws HanaperError `not_authorized` with the nearest chain and the rule that it fails; `too_large` where no chain was
 *   found among what could be looked at, and there is more
 */
export async function findChain(
  wish: Wish,
  source: DelegationSource,
  budget: Budget = new Budget({ visits: maxVisits, policy_steps: maxSteps, key_bytes: maxKeyBytes }),
): Promise<readonly Delegation[]> {
  if (wish.invoker === wish.subject) return [];
  const candidates = await gatherCandidates(wish, source);
  const places = new Places();
  const policies = new PolicyVerdicts(wish.args, budget);
  const about = { wish, candidates, policies, budget };
  const found = search({ ...about, places }, 0);
  if (found) return found.path;
  if (!candidates.isWhole || !places.isWhole || !policies.isWhole) throw tooMany(wish);
  throw notAuthorized(wish, findNearest(about));
}

// It only explains a refusal that is certain: where there is too much to look at, nothing is near.
function findNearest(about: Omit<Search, 'places'>): Trail | undefined {
  try {
    return search({ ...about, places: new Places() }, limits.chainLength);
  } catch (error) {
    requireRefusal(error, 'too_large');
    return undefined;
  }
}

/** All that a chain could use, by audience. Each audience is asked for once. */
async function gatherCandidates({ invoker, subject }: Wish, source: DelegationSource): Promise<Candidates> {
  const byAudience = new Map<string, Candidate[]>();
  let count = 0;
  let level: readonly string[] = [invoker];
  while (level.length > 0 && count < maxCandidates) {
    for (const audience of level) byAudience.set(audience, []);
    const found = await source.delegationsTo(level, subject);
    for (const candidate of found) byAudience.get(candidate.delegation.audience)?.push(candidate);
    count += found.length;
    const issuers = new Set(found.map(({ delegation }) => delegation.issuer));
    level = [...issuers].filter((issuer) => !byAudience.has(issuer));
  }
  const isPartial = [...byAudience.keys()].some((audience) => source.isPartial?.(audience, subject));
  return { byAudience: withoutStrangers(byAudience, subject), isWhole: level.length === 0 && !isPartial };
}

// What strangers delegate leads nowhere, and their revocations cannot count: they would only have the search look at more.
function withoutStrangers(byAudience: Map<string, Candidate[]>, subject: string): Candidates['byAudience'] {
  const holders = new Set([subject]);
  const byIssuer = Map.groupBy([...byAudience.values()].flat(), ({ delegation }) => delegation.issuer);
  // A set is walked in the order in which it grows.
  for (const holder of holders) {
    for (const { delegation } of byIssuer.get(holder) ?? []) holders.add(delegation.audience);
  }
  const issuers = new Set([...byIssuer.keys()].filter((issuer) => holders.has(issuer)));
  return new Map(
    Array.from(byAudience, ([audience, candidates]) => [
      audience,
      candidates
        .filter(({ delegation }) => issuers.has(delegation.issuer))
        .map(({ delegation, revocations }) => ({
          delegation,
          revocations: revocations.filter(({ revokedBy }) => issuers.has(revokedBy)),
        })),
    ]),
  );
}

/** What one search goes by. */
interface Search {
  readonly wish: Wish;
  readonly candidates: Candidates;
  readonly places: Places;
  readonly policies: PolicyVerdicts;
  readonly budget: Budget;
}

/** Goes up from the invoker: trails with the fewest failures first, and of those the shortest. */
function search(about: Search, maxFailures: number): Trail | undefined {
  const waiting: Trail[][] = [[{ path: [], revokers: new Set(), failures: [] }]];
  for (let failures = 0; failures <= maxFailures && failures < waiting.length; failures++) {
    let level: readonly Trail[] = waiting[failures] ?? [];
    while (level.length > 0) {
      const complete = level.find((trail) => isComplete(trail, about.wish));
      if (complete) return complete;
      const extended = level.flatMap((trail) => extendTrail(trail, about));
      for (const trail of extended) {
        if (trail.failures.length > failures && trail.failures.length <= maxFailures) queue(waiting, trail);
      }
      level = extended.filter((trail) => trail.failures.length === failures);
    }
  }
  return undefined;
}

function queue(waiting: Trail[][], trail: Trail): void {
  while (waiting.length <= trail.failures.length) waiting.push([]);
  waiting[trail.failures.length]?.push(trail);
}

// The root is the subject's own word about itself.
function isComplete({ path: [top] }: Trail, { subject }: Wish): boolean {
  return top !== undefined && top.issuer === subject && top.subject === subject;
}

function extendTrail(trail: Trail, { wish, candidates, places, policies, budget }: Search): readonly Trail[] {
  if (trail.path.length >= limits.chainLength || !places.isNews(trail, wish)) return [];
  const above = candidates.byAudience.get(endOf(trail, wish)) ?? [];
  budget.spend('visits', above.length);
  return above.map((candidate) => extend(trail, candidate, wish, policies));
}

function extend(
  { path, revokers, failures }: Trail,
  { delegation, revocations }: Candidate,
  wish: Wish,
  policies: PolicyVerdicts,
): Trail {
  const [below] = path;
  const covered = below ?? wish;
  const revoked = below && revokers.has(delegation.issuer) ? [{ revokedBy: delegation.issuer }] : [];
  const found = [
    checkTime(delegation, wish),
    checkRevocation(delegation, revocations, [delegation.issuer]),
    below && checkRevocation(below, revoked, [delegation.issuer]),
    coversCommand(delegation.command, covered.command) ? undefined : refuseCommand(delegation, covered.command),
    policies.failureOf(delegation),
  ];
  return {
    path: [delegation, ...path],
    revokers:
      revocations.length === 0 ? revokers : new Set([...revokers, ...revocations.map((each) => each.revokedBy)]),
    failures: [...failures, ...found.filter((failure) => failure !== undefined)],
  };
}

/** Who must have been delegated to next. */
function endOf({ path: [top] }: Trail, { invoker }: Wish): string {
  return top?.issuer ?? invoker;
}

/** Where trails have ended. */
class Places {
  readonly #revokers = new Map<string, ReadonlySet<string>[]>();
  #detours = 0;
  #isCut = false;

  /** Whether every trail was followed. */
  get isWhole(): boolean {
    return !this.#isCut;
  }

  /**
   * Whether a trail may lead further than those before it. What can come above depends on where a trail ends, what it must
   * cover, and who may not be above it: one before it that bars nobody else was as good, and no longer.
   */
  isNews(trail: Trail, wish: Wish): boolean {
    const place = `${endOf(trail, wish)} ${trail.path[0]?.command ?? wish.command}`;
    const before = this.#revokers.get(place);
    if (before === undefined) {
      this.#revokers.set(place, [trail.revokers]);
      return true;
    }
    if (before.some((revokers) => revokers.isSubsetOf(trail.revokers))) return false;
    if (this.#detours >= maxDetours) {
      this.#isCut = true;
      return false;
    }
    this.#detours++;
    before.push(trail.revokers);
    return true;
  }
}

function tooMany({ invoker, subject, command }: Wish): HanaperError {
  return new HanaperError(
    'too_large',
    `There are too many delegations between ${subject} and ${invoker} to go through, and no chain was found among the first. Give the chain itself, or remove what has expired.`,
    { invoker, subject, command, remedy: 'prune_tokens' },
  );
}

function notAuthorized({ invoker, subject, command }: Wish, nearest: Trail | undefined): HanaperError {
  const [failure] = nearest?.failures ?? [];
  const reason = failure
    ? `The nearest chain fails: ${failure.message}`
    : 'Nobody who holds that power has passed it on to them.';
  return new HanaperError(
    'not_authorized',
    `${invoker} may not invoke ${command} on ${subject}. ${reason}`,
    {
      invoker,
      subject,
      command,
      nearest: nearest?.path.map(({ cid }) => formatCid(cid)) ?? [],
      ...(failure && { failure: failure.code, ...failure.details }),
    },
    failure,
  );
}
