import type { Recall } from '../schemas/command.ts';

// Beyond that all is read anew.
const maxKept = 10_000;

/** Keeps nothing: for a transaction that reads what it has written itself. */
export const withoutMemo: Recall = (_, load) => load();

/**
 * What was read, for as long as nothing has changed. It carries the generation of the log's head, which every
 * transaction reads before it takes anything from here: the next reader sees what another process has written.
 */
export class Memo {
  #generation = -1;
  #kept = new Map<string, unknown>();

  /** Forgets all, and begins with whichever generation comes next. */
  clear(): void {
    this.#generation = -1;
    this.#kept = new Map();
  }

  /** What is kept, for a transaction that sees this generation. */
  at(generation: number): Recall {
    if (generation > this.#generation) {
      this.#generation = generation;
      this.#kept = new Map();
    }
    const kept = this.#kept;
    // Older than what is kept: it must neither see that, nor leave anything for those that come after.
    return generation < this.#generation ? withoutMemo : (name, load) => recall(kept, name, load);
  }
}

async function recall<Value>(kept: Map<string, unknown>, name: string, load: () => Promise<Value>): Promise<Value> {
  if (kept.has(name)) return kept.get(name) as Value;
  const value = await load();
  if (kept.size >= maxKept) kept.clear();
  kept.set(name, value);
  return value;
}
