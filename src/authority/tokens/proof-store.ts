import type { Transaction } from '../../store/engine/transaction.ts';
import { insertProof, listKnownProofs } from '../../store/tables/ucan-proofs.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import { verifyToken } from '../../ucan/token/verified.ts';

/** Sees to it that the proofs of what is executed are kept, wherever they came from, and each is written once. */
export class ProofStore {
  // A delegating program keeps a token in memory that is used again and again.
  #kept = new WeakSet<Delegation>();

  /** Forgets which were kept. */
  clear(): void {
    this.#kept = new WeakSet();
  }

  /** How many bytes a chain would add to what is kept. */
  async measure(transaction: Transaction, path: readonly Delegation[]): Promise<number> {
    const unsure = path.filter((delegation) => !this.#kept.has(delegation));
    const known = new Set(
      await listKnownProofs(
        transaction,
        unsure.map(({ cid }) => formatCid(cid)),
      ),
    );
    const fresh = unsure.filter(({ cid }) => !known.has(formatCid(cid)));
    return fresh.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Keeps a chain, in the transaction of the act that rests on it; `after` has something done once that is committed. */
  async keep(transaction: Transaction, path: readonly Delegation[], after: (act: () => void) => void): Promise<void> {
    for (const delegation of path) {
      if (this.#kept.has(delegation)) continue;
      await insertProof(transaction, await verifyToken(delegation));
      after(() => this.#kept.add(delegation));
    }
  }
}
