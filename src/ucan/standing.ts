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
  return (await new Ascent(source, candidate.delegation.subject, now).standingOf(candidate, [])) ?? 'unproven';
}

/**
 * Who may revoke a delegation, by what is known above it: its issuer, and the issuers of those delegations above it whose
 * power comes from the subject. What a stranger delegates about somebody else makes him nobody's ancestor.
 */
export async function listIssuersAbove(delegation: Delegation, source: DelegationSource): Promise<ReadonlySet<string>> {
  const { subject, issuer } = delegation;
  const above = subject === null ? [] : await gatherAbove(issuer, subject, source);
  const holders = new Set(subject === null ? [] : [subject]);
  for (let before = 0; holders.size > before; ) {
    before = holders.size;
    // Who has the power from the issuer stands below, whatever they pass back.
    for (const each of above) if (each.issuer !== issuer && holders.has(each.issuer)) holders.add(each.audience);
  }
  return new Set([issuer, ...above.map((each) => each.issuer).filter((each) => holders.has(each))]);
}

async function gatherAbove(issuer: string, subject: string, source: DelegationSource): Promise<readonly Delegation[]> {
  const asked = new Set<string>([subject]);
  const above: Delegation[] = [];
  let level = [issuer].filter((each) => each !== subject);
  while (level.length > 0 && above.length < mostVisits) {
    for (const audience of level) asked.add(audience);
    const found = (await source.delegationsTo(level, subject)).map((candidate) => candidate.delegation);
    above.push(...found);
    level = [...new Set(found.map((each) => each.issuer))].filter((each) => !asked.has(each));
  }
  return above;
}

class Ascent {
  readonly #source: DelegationSource;
  readonly #subject: string | null;
  readonly #now: number;
  /** What was found out: `undefined` in a circle, and while it is being found out. */
  readonly #visited = new Map<string, Standing | undefined>();

  constructor(source: DelegationSource, subject: string | null, now: number) {
    this.#source = source;
    this.#subject = subject;
    this.#now = now;
  }

  /** The best of all ways up from here, `undefined` in a circle; `below` are those who revoked something further down. */
  async standingOf({ delegation, revocations }: Candidate, below: readonly string[]): Promise<Standing | undefined> {
    const { issuer, subject, command, cid } = delegation;
    if (checkRevocation(delegation, revocations, [issuer])) return 'revoked';
    if (this.#subject === null || (issuer === this.#subject && subject === issuer)) return 'stands';
    const revokers = [...new Set([...below, ...revocations.map(({ revokedBy }) => revokedBy)])];
    // What is above is reached or not according to who may not be there.
    const visit = [cid.toString(), ...revokers.toSorted()].join(' ');
    if (this.#visited.has(visit)) return this.#visited.get(visit);
    if (this.#visited.size > mostVisits) return 'revoked';
    this.#visited.set(visit, undefined);
    const standing = await this.#bestOf(await this.#listParents(issuer, command), revokers);
    this.#visited.set(visit, standing);
    return standing;
  }

  async #listParents(issuer: string, command: string): Promise<readonly Candidate[]> {
    const candidates = await this.#source.delegationsTo([issuer], this.#subject ?? '');
    return candidates.filter(
      ({ delegation }) => coversCommand(delegation.command, command) && !checkTime(delegation, { now: this.#now }),
    );
  }

  async #bestOf(parents: readonly Candidate[], revokers: readonly string[]): Promise<Standing | undefined> {
    if (parents.length === 0) return 'unproven';
    const found = new Set<Standing | undefined>();
    for (const parent of parents) {
      const isRevoker = revokers.includes(parent.delegation.issuer);
      const standing = isRevoker ? 'revoked' : await this.standingOf(parent, revokers);
      if (standing === 'stands') return standing;
      found.add(standing);
    }
    if (found.has('unproven')) return 'unproven';
    return found.has('revoked') ? 'revoked' : undefined;
  }
}
