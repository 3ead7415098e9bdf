import { type ErrorCode, HanaperError } from './errors.ts';

/** What is read out of something that may have been altered; `undefined` where it cannot be read. */
export function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    requireRefusal(error);
    return undefined;
  }
}

/**
 * Returns what was caught as the refusal that it is: an error of ours, with one of `codes` where any are named. Anything else
 * is thrown on.
 *
 * @example
 * ```ts
 * catch (error) {
 *   requireRefusal(error, 'not_found');
 *   return undefined;
 * }
 * ```
 */
export function requireRefusal(caught: unknown, ...codes: readonly ErrorCode[]): HanaperError {
  if (caught instanceof HanaperError && (codes.length === 0 || codes.includes(caught.code))) return caught;
  throw caught;
}
