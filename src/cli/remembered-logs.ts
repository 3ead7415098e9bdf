import type { KnownLogs, SeenCheckpoint } from '../authority/log/known-logs.ts';

// A server makes two checkpoints a second. What it has signed within so many milliseconds it may not remember when killed.
const interval = 5000;

/**
 * What was seen of logs, for unlocking a database. A memory that cannot be used is warned of, once, and stops nobody.
 * What comes soon after another is written five seconds after that one, or when this ends.
 */
export class RememberedLogs implements KnownLogs, Disposable {
  readonly #memory: KnownLogs;
  readonly #warn: (message: string) => void;
  #hasWarned = false;
  #waiting: SeenCheckpoint | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(memory: KnownLogs, warn: (message: string) => void) {
    this.#memory = memory;
    this.#warn = warn;
  }

  list(authority: string): readonly SeenCheckpoint[] {
    return this.#try(() => this.#memory.list(authority)) ?? [];
  }

  remember(latest: SeenCheckpoint): void {
    this.#waiting = latest;
    if (this.#timer === undefined) this.#write();
  }

  [Symbol.dispose](): void {
    this.#write();
    clearTimeout(this.#timer);
  }

  #write(): void {
    const latest = this.#waiting;
    this.#waiting = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (latest === undefined) return;
    this.#try(() => this.#memory.remember(latest));
    this.#timer = setTimeout(() => this.#write(), interval).unref();
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
