import { type ErrorDetails, HanaperError } from '../errors.ts';

/** What of a log can fail to hold. */
export type LogPart =
  | 'inclusion proof'
  | 'consistency proof'
  | 'tile'
  | 'entry'
  | 'head'
  | 'entry bundle'
  | 'note'
  | 'checkpoint'
  | 'log key'
  | 'package proof';

/** A `log_tampered` error; `reason` completes the sentence "The checkpoint of the log …". */
export function logTampered(what: LogPart, reason: string, details: ErrorDetails = {}, cause?: unknown): HanaperError {
  return new HanaperError(
    'log_tampered',
    `The ${what} of the log ${reason}. Do not rely on it; get it again from the log itself.`,
    { what: what.replace(' ', '_'), reason, ...details },
    cause,
  );
}
