import { Budget } from '../budget.ts';
import { HanaperError } from '../errors.ts';
import { formatCid } from './cid.ts';
import { coversCommand } from './command.ts';
import type { Delegation } from './delegation.ts';
import type { IpldMap } from './ipld.ts';
import { limits } from './limits.ts';
import { checkPolicy, checkRevocation, checkTime, type RevocationRecord, refuseCommand } from './rules.ts';

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
}

/** Delegations that are at hand as a source. */
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

type Candidates = ReadonlyMap<string, readonly Candidate[]>;

/** A chain that was found, and what stands in its way. */
interface Trail {
  /** From here up to the invoker, the invoker's own last. */
  readonly path: readonly Delegation[];
  /** Who may not stand further up: they revoked something on the path. */
  readonly revokers: ReadonlySet<string>;
  readonly failures: readonly HanaperError[];
}

// What one search looks at, at most.
const mostCandidates = 10_000;
// Of very many delegations each can have a policy.
const mostSteps = 10 * limits.policySteps;
// A place is gone through again only with other revokers in mind, of which there can be very many.
const mostDetours = 1000;

/**
 * Finds the shortest chain of delegations, from the root to the invoker, on which the wish could be invoked: live,
 * unrevoked, its policies kept. Empty where the invoker is the subject.
 *
 * @throws HanaperError `not_authorized` with the nearest chain and the rule that it fails
 */
export async function findChain(wish: Wish, source: DelegationSource): Promise<readonly Delegation[]> {
  if (wish.invoker === wish.subject) return [];
  const candidates = await gatherCandidates(wish, source);
  const found = search(wish, candidates, 0);
  if (found) return found.path;
  throw notAuthorized(wish, search(wish, candidates, limits.chainLength));
}

/** All that a chain could use, by audience. Each audience is asked for once. */
async function gatherCandidates({ invoker, subject }: Wish, source: DelegationSource): Promise<Candidates> {
  const byAudience = new Map<string, Candidate[]>();
  let count = 0;
  let level: readonly string[] = [invoker];
  while (level.length > 0 && count < mostCandidates) {
    for (const audience of level) byAudience.set(audience, []);
    const found = await source.delegationsTo(level, subject);
    for (const candidate of found) byAudience.get(candidate.delegation.audience)?.push(candidate);
    count += found.length;
    const issuers = new Set(found.map(({ delegation }) => delegation.issuer));
    level = [...issuers].filter((issuer) => !byAudience.has(issuer));
  }
  return withoutStrangers(byAudience);
}

// A revocation by somebody who issued nothing here cannot count, and would only have the search look at more.
function withoutStrangers(byAudience: Map<string, Candidate[]>): Candidates {
  const issuers = new Set([...byAudience.values()].flat().map(({ delegation }) => delegation.issuer));
  return new Map(
    Array.from(byAudience, ([audience, candidates]) => [
      audience,
      candidates.map(({ delegation, revocations }) => ({
        delegation,
        revocations: revocations.filter(({ revokedBy }) => issuers.has(revokedBy)),
      })),
    ]),
  );
}

/** Goes up from the invoker: trails with the fewest failures first, and of those the shortest. */
function search(wish: Wish, candidates: Candidates, mostFailures: number): Trail | undefined {
  const waiting: Trail[][] = [[{ path: [], revokers: new Set(), failures: [] }]];
  const seen = new Places();
  for (let failures = 0; failures <= mostFailures && failures < waiting.length; failures++) {
    let level: readonly Trail[] = waiting[failures] ?? [];
    while (level.length > 0) {
      const complete = level.find((trail) => isComplete(trail, wish));
      if (complete) return complete;
      const extended = extendAll(level, wish, candidates, seen);
      for (const trail of extended) if (trail.failures.length > failures) queue(waiting, trail);
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

function extendAll(level: readonly Trail[], wish: Wish, candidates: Candidates, seen: Places): readonly Trail[] {
  return level
    .filter((trail) => trail.path.length < limits.chainLength && seen.isNews(trail, wish))
    .flatMap((trail) =>
      (candidates.get(endOf(trail, wish)) ?? []).map((candidate) => extend(trail, candidate, wish, seen.budget)),
    );
}

function extend(
  { path, revokers, failures }: Trail,
  { delegation, revocations }: Candidate,
  wish: Wish,
  budget: Budget,
): Trail {
  const [below] = path;
  const covered = below ?? wish;
  const revoked = below && revokers.has(delegation.issuer) ? [{ revokedBy: delegation.issuer }] : [];
  const found = [
    checkTime(delegation, wish),
    checkRevocation(delegation, revocations, [delegation.issuer]),
    below && checkRevocation(below, revoked, [delegation.issuer]),
    coversCommand(delegation.command, covered.command) ? undefined : refuseCommand(delegation, covered.command),
    checkPolicy(delegation, wish.args, { missing: 'refuse', budget }),
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
  /** What holding the arguments against policies may take, all in all. */
  readonly budget: Budget = new Budget({ policy_steps: mostSteps });
  #detours = 0;

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
    if (this.#detours >= mostDetours || before.some((revokers) => revokers.isSubsetOf(trail.revokers))) return false;
    this.#detours++;
    before.push(trail.revokers);
    return true;
  }
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
