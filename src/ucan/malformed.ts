import { type ErrorDetails, HanaperError } from '../errors.ts';

/** A `malformed_token` error; `reason` completes the sentence "The token …". It never holds the token itself. */
export function malformedToken(reason: string, where: ErrorDetails = {}): HanaperError {
  return new HanaperError('malformed_token', `The token ${reason}.`, { reason, ...where });
}
