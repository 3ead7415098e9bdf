import type { KnownLogs, SeenCheckpoint } from '../authority/known-logs.ts';
import type { SeenCheckpoints } from './seen-checkpoints.ts';

// A server makes two checkpoints a second. So many milliseconds of its log a machine that loses power may not remember.
const interval = 5000;

/**
 * What was seen of logs, for whoever unlocks a database. A memory that cannot be used is warned of, once, and stops nobody.
 * What comes within five seconds of another is written when this ends.
 */
export class RememberedLogs implements KnownLogs, Disposable {
  readonly #memory: SeenCheckpoints;
  readonly #warn: (message: string) => void;
  #hasWarned = false;
  #waiting: SeenCheckpoint | undefined;
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor(memory: SeenCheckpoints, warn: (message: string) => void) {
    this.#memory = memory;
    this.#warn = warn;
  }

  list(authority: string): readonly SeenCheckpoint[] {
    return this.#try(() => this.#memory.list(authority)) ?? [];
  }

  remember(latest: SeenCheckpoint): void {
    this.#waiting = latest;
    if (performance.now() - this.#writtenAt >= interval) this.#write(latest);
  }

  [Symbol.dispose](): void {
    if (this.#waiting) this.#write(this.#waiting);
  }

  #write(latest: SeenCheckpoint): void {
    this.#waiting = undefined;
    this.#writtenAt = performance.now();
    this.#try(() => this.#memory.remember(latest));
  }

  #try<Result>(act: () => Result): Result | undefined {
    try {
      return act();
    } catch (error) {
      if (!this.#hasWarned) this.#warn(describeLoss(error));
      this.#hasWarned = true;
      return undefined;
    }
  }
}

/** What is said where a checkpoint cannot be remembered. */
export function describeLoss(error: unknown): string {
  const reason = error instanceof Error ? error.message : '';
  return `What the log was is not remembered, so that an old copy in its place is not noticed: ${reason}`;
}
