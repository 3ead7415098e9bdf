import type { HanaperError } from '../errors.ts';

/** Ends a command whose outcome was printed, and says what is wrong: only the exit status is left. */
export class AlreadyShown extends Error {
  readonly failure: HanaperError;
  /** The exit status, where it is not that of the failure's code. */
  readonly status: number | undefined;

  constructor(failure: HanaperError, status?: number) {
    super(failure.message);
    this.failure = failure;
    this.status = status;
  }
}
