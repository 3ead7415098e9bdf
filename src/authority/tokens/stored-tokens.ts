import type { CID } from 'multiformats/cid';
import { attempt } from '../../attempt.ts';
import { Budget } from '../../budget.ts';
import { HanaperError } from '../../errors.ts';
import type { DelegationRow, RevocationRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import {
  type DelegationLink,
  listDelegationsById,
  listHostedLinksTo,
  listLinksTo,
} from '../../store/tables/delegation-links.ts';
import { listDidIds } from '../../store/tables/did-documents.ts';
import { getDelegationByCid } from '../../store/tables/ucan-delegations.ts';
import { listRevocations } from '../../store/tables/ucan-revocations.ts';
import { findIssuersAbove, listIssuersAbove, tooManyAbove } from '../../ucan/chain/delegation-status.ts';
import { type Candidate, type DelegationSource, sourceOf } from '../../ucan/chain/find-chain.ts';
import { formatCid, parseCid } from '../../ucan/encoding/cid.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import { DelegationCache } from '../../ucan/token/delegation-cache.ts';
import { cidsOf } from '../../ucan/token/revocation.ts';
import { listLinksBetween } from './delegations-between.ts';

export { DelegationCache };

// What is read and decoded for one search.
const maxDelegations = 500;
const maxBytes = 1_048_576;
// What is looked at to say how the delegations by one issuer stand.
const maxOfOneAudience = 100;
const decoded = ['tokens', 'values'] as const;

/** A delegation with the rows of what is recorded to revoke it. */
export interface StoredCandidate extends Candidate {
  readonly revocations: readonly RevocationRow[];
}

/** The tokens of a database, as values: rows are decoded anew, and what they say beside the envelope is not believed. */
export class StoredTokens {
  readonly #transaction: Transaction;
  readonly #cache: DelegationCache;

  constructor(transaction: Transaction, cache: DelegationCache) {
    this.#transaction = transaction;
    this.#cache = cache;
  }

  /** The delegation of a CID; its signature is verified where it is used. */
  async resolveProof(cid: CID): Promise<Delegation | undefined> {
    const row = await getDelegationByCid(this.#transaction, cid);
    return row && this.decode(row);
  }

  /**
   * The same of a CID as text, in any base.
   *
   * @throws HanaperError `bad_input`, `database_corrupt`
   */
  async readProof(cid: string): Promise<Delegation | undefined> {
    return this.resolveProof(parseCid(cid));
  }

  /** Remembers delegations whose signatures were verified. */
  keep(delegations: Iterable<Delegation>): void {
    this.#cache.keep(delegations);
  }

  /** The revocations of a CID. */
  revocationsOf(cid: CID): Promise<readonly RevocationRow[]> {
    return listRevocations(this.#transaction, [cid]);
  }

  /** What a chain from one subject to one audience could use. What is read is drawn on the budget. */
  async between(subject: string, audience: string, budget: Budget): Promise<DelegationSource> {
    const { links, isWhole } = await listLinksBetween(this.#transaction, subject, audience, budget);
    const within = takeWithin(links, budget);
    const delegations = this.decodeWithin(await listDelegationsById(this.#transaction, idsOf(within)), budget);
    const issuers = [...new Set(delegations.map(({ issuer }) => issuer))];
    const source = sourceOf(await this.withRevocations(delegations, issuers));
    return { ...source, isPartial: () => !isWhole || delegations.length < links.length };
  }

  /** A source for how delegations stand: of what is stored to an audience it gives some, the subject's own first. */
  standingSource(budget: Budget): DelegationSource {
    const known = new Map<string, { readonly candidates: readonly Candidate[]; readonly isPartial: boolean }>();
    const keyOf = (audience: string, subject: string) => `${audience} ${subject}`;
    return {
      delegationsTo: async (audiences, subject) => {
        const found: Candidate[] = [];
        for (const audience of audiences) {
          const key = keyOf(audience, subject);
          const to = known.get(key) ?? (await this.#readTo(audience, subject, budget));
          known.set(key, to);
          found.push(...to.candidates);
        }
        return found;
      },
      isPartial: (audience, subject) => known.get(keyOf(audience, subject))?.isPartial ?? true,
    };
  }

  /** Some of those to somebody about the authority or an organisation, and powerlines: the roots, and then the newest. */
  async hostedTo(audience: string, budget: Budget): Promise<readonly Candidate[]> {
    const links = await listHostedLinksTo(this.#transaction, audience, maxOfOneAudience);
    const rows = await listDelegationsById(this.#transaction, idsOf(takeWithin(links, budget)));
    return this.withRevocations(this.decodeWithin(rows, budget));
  }

  async #readTo(audience: string, subject: string, budget: Budget) {
    const subjectId = (await listDidIds(this.#transaction, [subject])).get(subject);
    if (subjectId === undefined) return { candidates: [], isPartial: false };
    const room = Math.min(maxOfOneAudience, budget.left('rows_read'));
    const links = room > 0 ? await listLinksTo(this.#transaction, audience, subjectId, room) : [];
    const within = takeWithin(links, budget);
    const rows = await listDelegationsById(this.#transaction, idsOf(within));
    const candidates = await this.withRevocations(this.decodeWithin(rows, budget));
    return { candidates, isPartial: links.length >= room || candidates.length < links.length };
  }

  /**
   * Whether somebody issued a delegation or, by what is stored, one above it.
   *
   * @throws HanaperError `too_large` where there is more above it than is looked at, and they are not among the first
   */
  async isIssuerAbove(delegation: Delegation, did: string, budget: Budget): Promise<boolean> {
    const { issuers, isWhole } = await findIssuersAbove(delegation, await this.#aboveIssuer(delegation, budget));
    if (!issuers.has(did) && !isWhole) throw tooManyAbove(delegation);
    return issuers.has(did);
  }

  /**
   * The issuers of a delegation and of all that is above it.
   *
   * @throws HanaperError `too_large`
   */
  async listIssuersAbove(delegation: Delegation, budget: Budget): Promise<ReadonlySet<string>> {
    return listIssuersAbove(delegation, await this.#aboveIssuer(delegation, budget));
  }

  async #aboveIssuer({ issuer, subject }: Delegation, budget: Budget): Promise<DelegationSource> {
    return subject === null || subject === issuer ? sourceOf([]) : this.between(subject, issuer, budget);
  }

  /** Delegations with what is known to revoke them, under any of their CIDs; by some revokers, or by anybody. */
  async withRevocations(
    delegations: readonly Delegation[],
    revokers?: readonly string[],
  ): Promise<readonly StoredCandidate[]> {
    const cids = delegations.map(cidsOf);
    const rows = await listRevocations(this.#transaction, cids.flat(), revokers);
    const byCid = Map.groupBy(rows, (row) => row.delegationCid);
    return delegations.map((delegation, index) => ({
      delegation,
      revocations: (cids[index] ?? []).flatMap((cid) => byCid.get(formatCid(cid)) ?? []),
    }));
  }

  /**
   * As many of the first rows as there are tokens and values left for in the budget, as delegations.
   *
   * @throws HanaperError `database_corrupt` where an envelope was altered
   */
  decodeWithin(rows: readonly DelegationRow[], budget: Budget): readonly Delegation[] {
    const delegations: Delegation[] = [];
    for (const row of rows) {
      if (decoded.some((work) => budget.left(work) === 0)) break;
      const own = new Budget();
      delegations.push(this.decode(row, own));
      for (const work of decoded) budget.spend(work, Math.min(budget.left(work), own.spentOn(work)));
    }
    return delegations;
  }

  /**
   * A row as a delegation.
   *
   * @throws HanaperError `database_corrupt` where its envelope was altered
   */
  decode({ cid, envelope }: DelegationRow, budget?: Budget): Delegation {
    const delegation = attempt(() => this.#cache.decode(envelope, budget));
    if (delegation && formatCid(delegation.cid) === cid) return delegation;
    throw alteredDelegation(cid);
  }
}

/** As many of the first as may be read for one search, each drawn on the budget. */
export function takeWithin(links: readonly DelegationLink[], budget: Budget): readonly DelegationLink[] {
  const within: DelegationLink[] = [];
  let bytes = 0;
  for (const link of links) {
    bytes += link.bytes;
    if (within.length >= maxDelegations || bytes > maxBytes || budget.left('rows_read') < 1) break;
    budget.spend('rows_read');
    within.push(link);
  }
  return within;
}

function idsOf(links: readonly DelegationLink[]): readonly number[] {
  return links.map(({ id }) => id);
}

/** The error for a delegation that is not as it was stored. */
export function alteredDelegation(cid: string): HanaperError {
  return new HanaperError(
    'database_corrupt',
    `The delegation ${cid} was altered in the database. Restore it from a backup.`,
    { cid },
  );
}

/** A resolver that asks `first`, and then `second`. */
export function eitherOf(
  first: (cid: CID) => Delegation | undefined,
  second: (cid: CID) => Promise<Delegation | undefined>,
): (cid: CID) => Promise<Delegation | undefined> {
  return async (cid) => first(cid) ?? (await second(cid));
}
