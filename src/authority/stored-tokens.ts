import type { CID } from 'multiformats/cid';
import { attempt } from '../attempt.ts';
import { HanaperError } from '../errors.ts';
import type { DelegationRow, RevocationRow } from '../store/schema.ts';
import type { Transaction } from '../store/transaction.ts';
import { getDelegationByCid, listDelegationsAbove, listDelegationsToAudience } from '../store/ucan-delegations.ts';
import { listRevocations } from '../store/ucan-revocations.ts';
import { formatCid } from '../ucan/cid.ts';
import type { Delegation } from '../ucan/delegation.ts';
import { DelegationCache } from '../ucan/delegation-cache.ts';
import { type Candidate, type DelegationSource, sourceOf } from '../ucan/find-chain.ts';
import { cidsOf } from '../ucan/revocation.ts';
import { findStanding, listIssuersAbove, type Standing } from '../ucan/standing.ts';

export { DelegationCache };

// What one search for a chain looks at.
const mostCandidates = 10_000;

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

  /** Remembers delegations whose signatures were verified. */
  keep(delegations: Iterable<Delegation>): void {
    this.#cache.keep(delegations);
  }

  /** The revocations of a CID. */
  revocationsOf(cid: CID): Promise<readonly RevocationRow[]> {
    return listRevocations(this.#transaction, [cid]);
  }

  /** All that a chain from one subject to one audience could use, read at once. */
  async above(audience: string, subject: string): Promise<DelegationSource> {
    const rows = await listDelegationsAbove(this.#transaction, audience, subject, mostCandidates);
    return sourceOf(await this.withRevocations(rows.map((row) => this.decode(row))));
  }

  /** How delegations stand at a time, in seconds: by what is stored of them and above them. Each audience is read once. */
  async findStandings(candidates: readonly Candidate[], now: number): Promise<readonly Standing[]> {
    const byAudience = new Map<string, readonly Candidate[]>();
    const source: DelegationSource = {
      delegationsTo: async (audiences, subject) => {
        const found: Candidate[] = [];
        for (const audience of audiences) {
          const to = byAudience.get(audience) ?? (await this.#listTo(audience));
          byAudience.set(audience, to);
          found.push(...to.filter(({ delegation }) => (delegation.subject ?? subject) === subject));
        }
        return found;
      },
    };
    const standings: Standing[] = [];
    for (const candidate of candidates) standings.push(await findStanding(candidate, source, now));
    return standings;
  }

  async #listTo(audience: string): Promise<readonly Candidate[]> {
    const rows = await listDelegationsToAudience(this.#transaction, audience, { limit: mostCandidates });
    return this.withRevocations(rows.map((row) => this.decode(row)));
  }

  /** The issuers of a delegation and of all that is above it. */
  async listIssuersAbove(delegation: Delegation): Promise<ReadonlySet<string>> {
    return listIssuersAbove(delegation, await this.#aboveIssuer(delegation));
  }

  async #aboveIssuer({ issuer, subject }: Delegation): Promise<DelegationSource> {
    return subject === null || subject === issuer ? sourceOf([]) : this.above(issuer, subject);
  }

  /** Delegations with what is known to revoke them, under any of their CIDs. */
  async withRevocations(delegations: readonly Delegation[]): Promise<readonly Candidate[]> {
    const cids = delegations.map(cidsOf);
    const byCid = Map.groupBy(await listRevocations(this.#transaction, cids.flat()), (row) => row.delegationCid);
    return delegations.map((delegation, index) => ({
      delegation,
      revocations: (cids[index] ?? []).flatMap((cid) => byCid.get(formatCid(cid)) ?? []),
    }));
  }

  /**
   * A row as a delegation.
   *
   * @throws HanaperError `database_corrupt` where its envelope was altered
   */
  decode({ cid, envelope }: DelegationRow): Delegation {
    const delegation = attempt(() => this.#cache.decode(envelope));
    if (delegation && formatCid(delegation.cid) === cid) return delegation;
    throw alteredDelegation(cid);
  }
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
