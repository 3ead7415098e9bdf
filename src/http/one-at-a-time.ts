import { HanaperError } from '../errors.ts';

/** Does costly things one after the other, and refuses more of them than may wait. */
export class OneAtATime {
  readonly #most: number;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** At most so many wait, the one that is being done included. */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Does something once all that came before is done.
   *
   * @throws HanaperError `rate_limited` where too many wait, and what `act` throws
   */
  async run<Result>(act: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= this.#most) throw tooMany();
    this.#waiting += 1;
    const result = this.#last.then(act);
    this.#last = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      this.#waiting -= 1;
    }
  }
}

function tooMany(): HanaperError {
  return new HanaperError('rate_limited', 'Too many others are waiting for the same. Try again in a few seconds.', {
    retry_after: 5,
  });
}
