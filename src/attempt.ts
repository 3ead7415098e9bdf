import { HanaperError } from './errors.ts';

/** What is read out of something that may have been altered; `undefined` where it cannot be read. */
export function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof HanaperError) return undefined;
    throw error;
  }
}
