import { coversCommand } from './command.ts';
import type { Delegation } from './delegation.ts';
import type { Candidate, DelegationSource } from './find-chain.ts';
import { checkRevocation, checkTime } from './rules.ts';

/**
 * Whether the power that a delegation passes on is there: a live chain from the subject is known (`stands`), none is
 * (`unproven`), or every one that is known goes through something that was revoked (`revoked`).
 */
export type Standing = 'stands' | 'unproven' | 'revoked';

// Delegations that are looked at to answer one question, at most.
const mostVisits = 1000;

/**
 * How a delegation stands at a time, by what is known of it and above it. A powerline stands unless it was revoked: what
 * is above it depends on the subject.
 */
export async function findStanding(candidate: Candidate, source: DelegationSource, now: number): Promise<Standing> {
  return new Ascent(source, candidate.delegation.subject, now).standingOf(candidate, []);
}

/** The issuers of a delegation and of all that could be above it, as far as they are known. */
export async function listIssuersAbove(delegation: Delegation, source: DelegationSource): Promise<ReadonlySet<string>> {
  const { subject } = delegation;
  const issuers = new Set<string>();
  let level: readonly Delegation[] = [delegation];
  while (level.length > 0 && issuers.size < mostVisits) {
    const fresh = level.filter(({ issuer }) => !issuers.has(issuer));
    for (const { issuer } of fresh) issuers.add(issuer);
    const audiences = [...new Set(fresh.map(({ issuer }) => issuer))].filter((issuer) => issuer !== subject);
    if (subject === null || audiences.length === 0) return issuers;
    level = (await source.delegationsTo(audiences, subject)).map((candidate) => candidate.delegation);
  }
  return issuers;
}

class Ascent {
  readonly #source: DelegationSource;
  readonly #subject: string | null;
  readonly #now: number;
  readonly #visited = new Set<string>();

  constructor(source: DelegationSource, subject: string | null, now: number) {
    this.#source = source;
    this.#subject = subject;
    this.#now = now;
  }

  /** The best of all ways up from here; `below` are those who revoked something further down. */
  async standingOf({ delegation, revocations }: Candidate, below: readonly string[]): Promise<Standing> {
    const { issuer, subject, command, cid } = delegation;
    if (checkRevocation(delegation, revocations, [issuer])) return 'revoked';
    if (this.#subject === null || (issuer === this.#subject && subject === issuer)) return 'stands';
    const revokers = [...new Set([...below, ...revocations.map(({ revokedBy }) => revokedBy)])];
    // What is above is reached or not according to who may not be there.
    const visit = [cid.toString(), ...revokers.toSorted()].join(' ');
    if (this.#visited.has(visit) || this.#visited.size > mostVisits) return 'revoked';
    this.#visited.add(visit);
    return this.#bestOf(await this.#listParents(issuer, command), revokers);
  }

  async #listParents(issuer: string, command: string): Promise<readonly Candidate[]> {
    const candidates = await this.#source.delegationsTo([issuer], this.#subject ?? '');
    return candidates.filter(
      ({ delegation }) => coversCommand(delegation.command, command) && !checkTime(delegation, { now: this.#now }),
    );
  }

  async #bestOf(parents: readonly Candidate[], revokers: readonly string[]): Promise<Standing> {
    if (parents.length === 0) return 'unproven';
    let best: Standing = 'revoked';
    for (const parent of parents) {
      if (revokers.includes(parent.delegation.issuer)) continue;
      const standing = await this.standingOf(parent, revokers);
      if (standing === 'stands') return standing;
      if (standing === 'unproven') best = standing;
    }
    return best;
  }
}
