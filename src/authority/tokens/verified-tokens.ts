import type { Transaction } from '../../store/engine/transaction.ts';
import type { DelegationCache } from '../../ucan/token/delegation-cache.ts';
import type { StoredTokens } from './stored-tokens.ts';

/** The delegations whose signatures were verified in this process, loaded when the first is needed. */
export class VerifiedTokens {
  // Verifying a package needs none of this, and shall not wait for it to be loaded.
  #module: typeof import('./stored-tokens.ts') | undefined;
  #verified: DelegationCache | undefined;

  /** The tokens of a database, inside a transaction. */
  async in(transaction: Transaction): Promise<StoredTokens> {
    const { StoredTokens } = await this.#load();
    return new StoredTokens(transaction, await this.cache());
  }

  /** What is remembered of them. */
  async cache(): Promise<DelegationCache> {
    const { DelegationCache } = await this.#load();
    this.#verified ??= new DelegationCache();
    return this.#verified;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#verified = undefined;
  }

  async #load(): Promise<typeof import('./stored-tokens.ts')> {
    this.#module ??= await import('./stored-tokens.ts');
    return this.#module;
  }
}
