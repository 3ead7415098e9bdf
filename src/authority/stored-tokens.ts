import type { CID } from 'multiformats/cid';
import { HanaperError } from '../errors.ts';
import type { DelegationRow, RevocationRow } from '../store/schema.ts';
import type { Transaction } from '../store/transaction.ts';
import { getDelegationByCid, listDelegationsForChain } from '../store/ucan-delegations.ts';
import { listRevocations } from '../store/ucan-revocations.ts';
import { formatCid } from '../ucan/cid.ts';
import type { Delegation } from '../ucan/delegation.ts';
import type { DelegationCache } from '../ucan/delegation-cache.ts';
import type { Candidate, DelegationSource } from '../ucan/find-chain.ts';
import { cidsOf } from '../ucan/revocation.ts';

// What one step of a search for a chain looks at.
const mostCandidates = 1000;

/** The tokens of a database, as values: rows are decoded anew, and what they say beside the envelope is not believed. */
export class StoredTokens implements DelegationSource {
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

  /** The revocations of a CID. */
  revocationsOf(cid: CID): Promise<readonly RevocationRow[]> {
    return listRevocations(this.#transaction, [cid]);
  }

  /** Implements {@link DelegationSource}. */
  async delegationsTo(audiences: readonly string[], subject: string): Promise<readonly Candidate[]> {
    const rows = await listDelegationsForChain(this.#transaction, audiences, subject, mostCandidates);
    return this.withRevocations(rows.map((row) => this.decode(row)));
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
    const delegation = decodeRow(this.#cache, envelope);
    if (delegation && formatCid(delegation.cid) === cid) return delegation;
    throw new HanaperError(
      'database_corrupt',
      `The delegation ${cid} was altered in the database. Restore it from a backup.`,
      { cid },
    );
  }
}

/** A resolver that asks `first`, and then `second`. */
export function eitherOf(
  first: (cid: CID) => Delegation | undefined,
  second: (cid: CID) => Promise<Delegation | undefined>,
): (cid: CID) => Promise<Delegation | undefined> {
  return async (cid) => first(cid) ?? (await second(cid));
}

function decodeRow(cache: DelegationCache, envelope: Uint8Array): Delegation | undefined {
  try {
    return cache.decode(envelope);
  } catch (error) {
    if (error instanceof HanaperError) return undefined;
    throw error;
  }
}
