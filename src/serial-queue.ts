import { HanaperError } from './errors.ts';

/** Lets one at a time do something, in the order in which they came. */
export class SerialQueue {
  readonly #most: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** At most so many wait, the current one included; absent: however many come. */
  constructor(most: number = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  /**
   * Does `work` once everybody before is done, however that went.
   *
   * @throws HanaperError `rate_limited` where too many wait, and what `work` throws
   */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= this.#most) throw tooMany();
    this.#waiting += 1;
    const turn = this.#last.then(work).finally(() => {
      this.#waiting -= 1;
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

function tooMany(): HanaperError {
  return new HanaperError('rate_limited', 'Too many others are waiting for the same. Try again in a few seconds.', {
    retry_after: 5,
  });
}
