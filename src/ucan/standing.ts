import { coversCommand } from './command.ts';
import type { Delegation } from './delegation.ts';
import type { Candidate, DelegationSource } from './find-chain.ts';
import { checkRevocation } from './rules.ts';

// Delegations that are looked at to answer one question, at most.
const mostVisits = 1000;

/**
 * Whether a delegation stands: neither it is revoked, nor all that is known to be above it. One about which nothing is
 * known further up stands, as does a powerline, whose ancestors depend on the subject.
 */
export async function isStanding({ delegation, revocations }: Candidate, source: DelegationSource): Promise<boolean> {
  return new Ascent(source, delegation.subject).reaches({ delegation, revocations }, []);
}

/** The issuers of a delegation and of all that could be above it, as far as they are known. */
export async function listIssuersAbove(delegation: Delegation, source: DelegationSource): Promise<ReadonlySet<string>> {
  const { subject } = delegation;
  const issuers = new Set<string>();
  let level: readonly Delegation[] = [delegation];
  while (level.length > 0 && issuers.size < mostVisits) {
    const fresh = level.filter(({ issuer }) => !issuers.has(issuer));
    for (const { issuer } of fresh) issuers.add(issuer);
    if (subject === null || fresh.length === 0) return issuers;
    const audiences = [...new Set(fresh.map(({ issuer }) => issuer))].filter((issuer) => issuer !== subject);
    if (audiences.length === 0) return issuers;
    level = (await source.delegationsTo(audiences, subject)).map((candidate) => candidate.delegation);
  }
  return issuers;
}

class Ascent {
  readonly #source: DelegationSource;
  readonly #subject: string | null;
  readonly #visited = new Set<string>();

  constructor(source: DelegationSource, subject: string | null) {
    this.#source = source;
    this.#subject = subject;
  }

  /** Whether some way up from here is unrevoked; `below` are those who revoked something further down. */
  async reaches({ delegation, revocations }: Candidate, below: readonly string[]): Promise<boolean> {
    const { issuer, command, cid } = delegation;
    if (checkRevocation(delegation, revocations, [issuer])) return false;
    if (this.#subject === null || issuer === this.#subject) return true;
    const revokers = [...new Set([...below, ...revocations.map(({ revokedBy }) => revokedBy)])];
    // What is above is reached or not according to who may not be there.
    const visit = [cid.toString(), ...revokers.toSorted()].join(' ');
    if (this.#visited.has(visit) || this.#visited.size > mostVisits) return false;
    this.#visited.add(visit);
    const candidates = await this.#source.delegationsTo([issuer], this.#subject);
    const parents = candidates.filter((candidate) => coversCommand(candidate.delegation.command, command));
    if (parents.length === 0) return true;
    for (const parent of parents) {
      if (revokers.includes(parent.delegation.issuer)) continue;
      if (await this.reaches(parent, revokers)) return true;
    }
    return false;
  }
}
