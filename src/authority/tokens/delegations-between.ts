import type { Budget } from '../../budget.ts';
import { required } from '../../required.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { type DelegationLink, listLinksBy, listLinksTo } from '../../store/tables/delegation-links.ts';
import { listDidIds } from '../../store/tables/did-documents.ts';

/** The stored delegations that may lead from a subject to an audience. */
export interface Between {
  /** Those nearest to the audience first. */
  readonly links: readonly DelegationLink[];
  /** Whether there are no others. */
  readonly isWhole: boolean;
}

// What is looked at from both ends together, and of one principal.
const maxLinks = 2000;
const maxOfOne = 500;

/**
 * Looks for the delegations between a subject and an audience from both ends, always where less was found so far, until
 * one end has nothing more. So what strangers address to an audience does not stand in the way of a chain, nor does what
 * they were all given by the subject. Each row is one of the `rows_read` of the budget.
 */
export async function listLinksBetween(
  transaction: Transaction,
  subject: string,
  audience: string,
  budget: Budget,
): Promise<Between> {
  const subjectId = (await listDidIds(transaction, [subject])).get(subject);
  // No delegation about it is stored.
  if (subjectId === undefined) return { links: [], isWhole: true };
  const up = new End(audience, 'iss', (did, limit) => listLinksTo(transaction, did, subjectId, limit));
  const down = new End(subject, 'aud', (did, limit) => listLinksBy(transaction, did, subjectId, limit));
  const ends = [up, down];
  for (let room = maxLinks; room > 0 && !ends.some((end) => end.isWhole); ) {
    const [next] = ends.filter((end) => end.canGoOn).toSorted((one, other) => one.links.size - other.links.size);
    if (next === undefined || budget.left('rows_read') <= 2 * maxOfOne) break;
    const read = await next.goOn();
    budget.spend('rows_read', read + 1);
    room -= read + 1;
  }
  const links = [...new Map([...up.links, ...down.links]).values()];
  return { links: keepWays(links, subject, audience), isWhole: ends.some((end) => end.isWhole) };
}

/** What is reached from one end. */
class End {
  readonly links = new Map<number, DelegationLink>();
  readonly #far: 'iss' | 'aud';
  readonly #list: (did: string, limit: number) => Promise<readonly DelegationLink[]>;
  readonly #reached: Set<string>;
  readonly #waiting: string[];
  #isCut = false;

  constructor(
    from: string,
    far: 'iss' | 'aud',
    list: (did: string, limit: number) => Promise<readonly DelegationLink[]>,
  ) {
    this.#far = far;
    this.#list = list;
    this.#reached = new Set([from]);
    this.#waiting = [from];
  }

  get canGoOn(): boolean {
    return this.#waiting.length > 0;
  }

  get isWhole(): boolean {
    return !this.canGoOn && !this.#isCut;
  }

  /** Looks at the principal that was reached first. Returns how many delegations there were. */
  async goOn(): Promise<number> {
    const found = await this.#list(required(this.#waiting.shift(), 'audience to look at'), maxOfOne);
    if (found.length >= maxOfOne) this.#isCut = true;
    for (const link of found) {
      this.links.set(link.id, link);
      const did = link[this.#far];
      if (!this.#reached.has(did)) this.#waiting.push(did);
      this.#reached.add(did);
    }
    return found.length;
  }
}

/** Those on a way from one to the other. */
function keepWays(links: readonly DelegationLink[], subject: string, audience: string): readonly DelegationLink[] {
  const byIssuer = Map.groupBy(links, ({ iss }) => iss);
  const below = reach(subject, (did) => (byIssuer.get(did) ?? []).map(({ aud }) => aud));
  const byAudience = Map.groupBy(links, ({ aud }) => aud);
  const above = reach(audience, (did) => (byAudience.get(did) ?? []).map(({ iss }) => iss));
  // A set is walked in the order in which it grew.
  return [...above].flatMap((did) => (byAudience.get(did) ?? []).filter(({ iss }) => below.has(iss)));
}

function reach(from: string, next: (did: string) => readonly string[]): ReadonlySet<string> {
  const reached = new Set([from]);
  for (const did of reached) for (const each of next(did)) reached.add(each);
  return reached;
}
