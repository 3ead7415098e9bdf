import type { LogEffectRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { type EffectPlace, listEffectsBehind } from '../../store/tables/act-rows.ts';

const rowsAtOnce = 1000;

/** Goes through the effects of all entries in their order, some rows at a time. */
export class EffectCursor {
  readonly #transaction: Transaction;
  #page: readonly LogEffectRow[] = [];
  #next = 0;
  #behind: EffectPlace | undefined;
  #isAtEnd = false;

  constructor(transaction: Transaction) {
    this.#transaction = transaction;
  }

  /** The effects up to those of an entry; those of entries before it that nobody has taken come first. */
  async *takeThrough(entryIndex: number): AsyncGenerator<LogEffectRow> {
    for (let row = await this.#peek(); row && row.entryIndex <= entryIndex; row = await this.#peek()) {
      this.#next++;
      yield row;
    }
  }

  async #peek(): Promise<LogEffectRow | undefined> {
    if (this.#next >= this.#page.length && !this.#isAtEnd) {
      this.#page = await listEffectsBehind(this.#transaction, this.#behind, rowsAtOnce);
      this.#behind = this.#page.at(-1) ?? this.#behind;
      this.#isAtEnd = this.#page.length < rowsAtOnce;
      this.#next = 0;
    }
    return this.#page[this.#next];
  }
}
