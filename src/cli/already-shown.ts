import type { HanaperError } from '../errors.ts';

/** Ends a command whose outcome was printed, and says what is wrong: only the exit status is left. */
export class AlreadyShown extends Error {
  readonly failure: HanaperError;

  constructor(failure: HanaperError) {
    super(failure.message);
    this.failure = failure;
  }
}
