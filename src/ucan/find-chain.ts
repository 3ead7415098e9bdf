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

/** A chain that was found, and what stands in its way. */
interface Trail {
  /** From here up to the invoker, the invoker's own last. */
  readonly path: readonly Delegation[];
  /** Who may not stand further up: they revoked something on the path. */
  readonly revokers: readonly string[];
  readonly failures: readonly HanaperError[];
}

// What one search looks at, at most.
const mostCandidates = 10_000;

/**
 * Finds the shortest chain of delegations, from the root to the invoker, on which the wish could be invoked: live,
 * unrevoked, its policies kept. Empty where the invoker is the subject.
 *
 * @throws HanaperError `not_authorized` with the nearest chain and the rule that it fails
 */
export async function findChain(wish: Wish, source: DelegationSource): Promise<readonly Delegation[]> {
  if (wish.invoker === wish.subject) return [];
  const candidates = new CandidateSource(source, wish.subject);
  const found = await search(wish, candidates, 0);
  if (found) return found.path;
  throw notAuthorized(wish, await search(wish, candidates, limits.chainLength));
}

/** Goes up from the invoker: trails with the fewest failures first, and of those the shortest. */
async function search(wish: Wish, source: CandidateSource, mostFailures: number): Promise<Trail | undefined> {
  const waiting: Trail[][] = [[{ path: [], revokers: [], failures: [] }]];
  const seen = new Set<string>();
  for (let failures = 0; failures <= mostFailures && failures < waiting.length; failures++) {
    let level: readonly Trail[] = waiting[failures] ?? [];
    while (level.length > 0) {
      const complete = level.find((trail) => isComplete(trail, wish));
      if (complete) return complete;
      const extended = await extendAll(level, wish, source, seen);
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

async function extendAll(
  level: readonly Trail[],
  wish: Wish,
  source: CandidateSource,
  seen: Set<string>,
): Promise<readonly Trail[]> {
  const fresh = level.filter((trail) => trail.path.length < limits.chainLength && isNews(seen, trail, wish));
  const byAudience = await source.delegationsTo(fresh.map((trail) => endOf(trail, wish)));
  return fresh.flatMap((trail) =>
    (byAudience.get(endOf(trail, wish)) ?? []).map((candidate) => extend(trail, candidate, wish)),
  );
}

function extend({ path, revokers, failures }: Trail, { delegation, revocations }: Candidate, wish: Wish): Trail {
  const [below] = path;
  const covered = below ?? wish;
  const revoked = below && revokers.includes(delegation.issuer) ? [{ revokedBy: delegation.issuer }] : [];
  const found = [
    checkTime(delegation, wish),
    checkRevocation(delegation, revocations, [delegation.issuer]),
    below && checkRevocation(below, revoked, [delegation.issuer]),
    coversCommand(delegation.command, covered.command) ? undefined : refuseCommand(delegation, covered.command),
    checkPolicy(delegation, wish.args),
  ];
  return {
    path: [delegation, ...path],
    revokers: revocations.length === 0 ? revokers : [...revokers, ...revocations.map(({ revokedBy }) => revokedBy)],
    failures: [...failures, ...found.filter((failure) => failure !== undefined)],
  };
}

/** Who must have been delegated to next. */
function endOf({ path: [top] }: Trail, { invoker }: Wish): string {
  return top?.issuer ?? invoker;
}

// What can come above depends on where a trail ends, what it must cover, and who may not be above it: once is enough.
function isNews(seen: Set<string>, trail: Trail, wish: Wish): boolean {
  const before = seen.size;
  seen.add([endOf(trail, wish), trail.path[0]?.command ?? wish.command, ...trail.revokers.toSorted()].join(' '));
  return seen.size > before;
}

class CandidateSource {
  readonly #source: DelegationSource;
  readonly #subject: string;
  readonly #byAudience = new Map<string, Candidate[]>();
  #count = 0;

  constructor(source: DelegationSource, subject: string) {
    this.#source = source;
    this.#subject = subject;
  }

  /** Asks once for each audience, and for no more than one search may look at. */
  async delegationsTo(audiences: readonly string[]): Promise<ReadonlyMap<string, readonly Candidate[]>> {
    const unknown = [...new Set(audiences)].filter((audience) => !this.#byAudience.has(audience));
    if (unknown.length === 0 || this.#count > mostCandidates) return this.#byAudience;
    for (const audience of unknown) this.#byAudience.set(audience, []);
    for (const candidate of await this.#source.delegationsTo(unknown, this.#subject)) {
      this.#count++;
      this.#byAudience.get(candidate.delegation.audience)?.push(candidate);
    }
    return this.#byAudience;
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
