import { Budget } from '../../budget.ts';
import { HanaperError } from '../../errors.ts';
import { formatCid } from '../encoding/cid.ts';
import { coversCommand } from '../token/command.ts';
import type { Delegation } from '../token/delegation.ts';
import type { Candidate, DelegationSource } from './find-chain.ts';
import { checkRevocation, checkTime } from './rules.ts';

/**
 * Whether the power that a delegation passes on is there: a live chain from the subject is known (`stands`), none is
 * (`unproven`), every one that is known goes through something that was revoked (`revoked`), or there is more above it than
 * was looked at (`undecided`).
 */
export type DelegationStatus = 'stands' | 'unproven' | 'revoked' | 'undecided';

// Delegations that are looked at to answer one question, at most.
const maxVisits = 1000;

/**
 * How a delegation stands at a time, by what is known of it and above it. A powerline stands unless it was revoked: what
 * is above it depends on the subject. Each delegation above it that is looked at is one of the `visits` of the budget
 * (default: 1,000); where it has none left, the answer is `undecided`.
 */
export async function findDelegationStatus(
  candidate: Candidate,
  source: DelegationSource,
  now: number,
  budget: Budget = new Budget({ visits: maxVisits }),
): Promise<DelegationStatus> {
  const ascent = new Ascent(source, candidate.delegation.subject, now, budget);
  const standing = await ascent.standingOf(candidate, []);
  const isOwn = standing === 'revoked' && isRevokedByIssuer(candidate);
  return ascent.isWhole || standing === 'stands' || isOwn ? (standing ?? 'unproven') : 'undecided';
}

function isRevokedByIssuer({ delegation, revocations }: Candidate): boolean {
  return checkRevocation(delegation, revocations, [delegation.issuer]) !== undefined;
}

/** Who may revoke a delegation, by what is known above it. */
export interface IssuersAbove {
  readonly issuers: ReadonlySet<string>;
  /** Whether all that is above it was looked at: else there may be others. */
  readonly isWhole: boolean;
}

/**
 * Finds who may revoke a delegation, by what is known above it: its issuer, and the issuers of those delegations above it
 * whose power comes from the subject. What a stranger delegates about somebody else makes him nobody's ancestor.
 */
export async function findIssuersAbove(delegation: Delegation, source: DelegationSource): Promise<IssuersAbove> {
  const { subject, issuer } = delegation;
  if (subject === null) return { issuers: new Set([issuer]), isWhole: true };
  const { above, isWhole } = await gatherAbove(issuer, subject, source);
  const holders = new Set([subject]);
  const byIssuer = Map.groupBy(above, (each) => each.issuer);
  // Who has the power from the issuer stands below, whatever they pass back.
  byIssuer.delete(issuer);
  // A set is walked in the order in which it grows.
  for (const holder of holders) for (const each of byIssuer.get(holder) ?? []) holders.add(each.audience);
  const issuers = [issuer, ...above.map((each) => each.issuer).filter((each) => holders.has(each))];
  return { issuers: new Set(issuers), isWhole };
}

/**
 * Lists who may revoke a delegation, as {@link findIssuersAbove} does.
 *
 * @throws HanaperError `too_large` where there is more above it than is looked at
 */
export async function listIssuersAbove(delegation: Delegation, source: DelegationSource): Promise<ReadonlySet<string>> {
  const { issuers, isWhole } = await findIssuersAbove(delegation, source);
  if (!isWhole) throw tooManyAbove(delegation);
  return issuers;
}

/** The error for a delegation above which there is more than is looked at. */
export function tooManyAbove({ cid }: Delegation): HanaperError {
  return new HanaperError(
    'too_large',
    `There are too many delegations above ${formatCid(cid)} to say who may revoke it. Show the chain itself.`,
    { cid: formatCid(cid), remedy: 'show_chain' },
  );
}

async function gatherAbove(
  issuer: string,
  subject: string,
  source: DelegationSource,
): Promise<{ readonly above: readonly Delegation[]; readonly isWhole: boolean }> {
  const asked = new Set<string>([subject]);
  const above: Delegation[] = [];
  let isWhole = true;
  let level = [issuer].filter((each) => each !== subject);
  while (level.length > 0 && above.length < maxVisits) {
    for (const audience of level) asked.add(audience);
    const found = (await source.delegationsTo(level, subject)).map((candidate) => candidate.delegation);
    if (level.some((audience) => source.isPartial?.(audience, subject))) isWhole = false;
    above.push(...found);
    level = [...new Set(found.map((each) => each.issuer))].filter((each) => !asked.has(each));
  }
  return { above, isWhole: isWhole && level.length === 0 };
}

class Ascent {
  readonly #source: DelegationSource;
  readonly #subject: string | null;
  readonly #now: number;
  readonly #budget: Budget;
  /** Whether all that is above was looked at. */
  isWhole = true;
  /** What was found out: `undefined` in a circle, and while it is being found out. */
  readonly #visited = new Map<string, DelegationStatus | undefined>();

  constructor(source: DelegationSource, subject: string | null, now: number, budget: Budget) {
    this.#source = source;
    this.#subject = subject;
    this.#now = now;
    this.#budget = budget;
  }

  /** The best of all ways up from here, `undefined` in a circle; `below` are those who revoked something further down. */
  async standingOf(candidate: Candidate, below: readonly string[]): Promise<DelegationStatus | undefined> {
    const { delegation, revocations } = candidate;
    const { issuer, subject, command, cid } = delegation;
    if (isRevokedByIssuer(candidate)) return 'revoked';
    if (this.#subject === null || (issuer === this.#subject && subject === issuer)) return 'stands';
    const revokers = [...new Set([...below, ...revocations.map(({ revokedBy }) => revokedBy)])];
    // What is above is reached or not according to who may not be there.
    const visit = [cid.toString(), ...revokers.toSorted()].join(' ');
    if (this.#visited.has(visit)) return this.#visited.get(visit);
    this.#visited.set(visit, undefined);
    const standing = await this.#bestOf(await this.#listParents(issuer, command), revokers);
    this.#visited.set(visit, standing);
    return standing;
  }

  async #listParents(issuer: string, command: string): Promise<readonly Candidate[]> {
    const subject = this.#subject ?? '';
    const candidates = this.#budget.left('visits') > 0 ? await this.#source.delegationsTo([issuer], subject) : [];
    const within = candidates.slice(0, this.#budget.left('visits'));
    this.#budget.spend('visits', within.length);
    // Each revocation of what is above is somebody who may not stand further up.
    for (const each of within)
      this.#budget.spend('visits', Math.min(each.revocations.length, this.#budget.left('visits')));
    const isAll = this.#budget.left('visits') > 0 && !this.#source.isPartial?.(issuer, subject);
    if (!isAll) this.isWhole = false;
    return within.filter(
      ({ delegation }) => coversCommand(delegation.command, command) && !checkTime(delegation, { now: this.#now }),
    );
  }

  async #bestOf(parents: readonly Candidate[], revokers: readonly string[]): Promise<DelegationStatus | undefined> {
    if (parents.length === 0) return 'unproven';
    const found = new Set<DelegationStatus | undefined>();
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
