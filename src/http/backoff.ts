import { dropOldest } from '../drop-oldest.ts';
import { HanaperError } from '../errors.ts';

/** How failed attempts are slowed. */
export interface BackoffLimits {
  /** Failures in a row that cost nothing. */
  readonly free: number;
  /** Milliseconds to wait after the next one; each further one doubles it. */
  readonly firstPause: number;
  /** Milliseconds to wait at most. */
  readonly longestPause: number;
  /** So many keys are remembered; beyond that the oldest is forgotten. */
  readonly keys: number;
}

interface Failures {
  readonly count: number;
  readonly until: number;
}

/** Counts failed attempts by key, and makes the next one wait the longer the more there were. */
export class Backoff {
  readonly #limits: BackoffLimits;
  readonly #now: () => number;
  readonly #failures = new Map<string, Failures>();

  /** `now` gives milliseconds. */
  constructor(limits: BackoffLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /**
   * Refuses an attempt that comes too soon.
   *
   * @throws HanaperError `rate_limited`
   */
  requireTurn(key: string): void {
    const wait = (this.#failures.get(key)?.until ?? 0) - this.#now();
    if (wait > 0) throw tooSoon(Math.ceil(wait / 1000));
  }

  /** Notes a failure. */
  fail(key: string): void {
    const { free, firstPause, longestPause, keys } = this.#limits;
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    const pause = count <= free ? 0 : Math.min(firstPause * 2 ** (count - free - 1), longestPause);
    this.#failures.delete(key);
    this.#failures.set(key, { count, until: this.#now() + pause });
    dropOldest(this.#failures, keys);
  }

  /** Forgets the failures of somebody who has succeeded. */
  succeed(key: string): void {
    this.#failures.delete(key);
  }
}

function tooSoon(seconds: number): HanaperError {
  return new HanaperError(
    'rate_limited',
    `There were too many failed attempts. Try again in ${seconds} second${seconds === 1 ? '' : 's'}.`,
    { retry_after: seconds },
  );
}
