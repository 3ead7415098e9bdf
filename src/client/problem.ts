import { type ErrorDetails, HanaperError, isErrorCode, isRemedy } from '../errors.ts';
import { clientLimits } from './limits.ts';
import { isRecord, readJson } from './read-json.ts';
import type { RawAnswer } from './transport.ts';

/** The media type of a refusal (RFC 9457). */
export const problemType = 'application/problem+json';
/** What a clock that is wrong leads to. */
const clockCodes = ['token_expired', 'token_not_yet_valid', 'invalid_claim'];

/** The refusal that an answer reports; an answer that is not from a Hanaper server is `unavailable`. */
export function refusalOf(answer: RawAnswer, server: string): HanaperError {
  const problem = answer.type === problemType ? readJson(answer) : undefined;
  if (!isRecord(problem) || typeof problem['code'] !== 'string') return foreignAnswer(answer, server);
  const { code, detail, title, details } = problem;
  const told = {
    ...(isRecord(details) && isShort(details) && withKnownRemedy(details)),
    ...(isOpen(answer) && { may_be_done: true }),
  };
  const said = [detail, title].find((text) => typeof text === 'string') ?? `The server refused this with ${code}`;
  return withClock(known(code, String(said), told, answer.status), answer);
}

// A server of another version can have a remedy that is not known here.
function withKnownRemedy({ remedy, ...others }: Readonly<Record<string, unknown>>): ErrorDetails {
  return isRemedy(remedy) ? { ...others, remedy } : others;
}

// It is printed as it came.
function isShort(details: Readonly<Record<string, unknown>>): boolean {
  return JSON.stringify(details).length <= clientLimits.detailCharacters;
}

// What was done by an attempt before is answered with its receipt, unless the server refuses to look.
function isOpen({ status, mayBeDone }: RawAnswer): boolean {
  return mayBeDone === true && (status >= 500 || status === 429);
}

/** The same refusal, with a word about clocks where they may be the reason. */
function withClock(error: HanaperError, { skew = 0 }: RawAnswer): HanaperError {
  if (Math.abs(skew) < clientLimits.notableSkew || !clockCodes.includes(error.code)) return error;
  const where = skew > 0 ? 'ahead of' : 'behind';
  return new HanaperError(
    error.code,
    `${error.message} The server's clock is ${Math.abs(skew)} seconds ${where} this machine's, which may be why: set the one that is wrong.`,
    { ...error.details, clock_skew_seconds: skew },
  );
}

/** The error for an answer that no Hanaper server gives. */
export function foreignAnswer({ status, type }: RawAnswer, server: string): HanaperError {
  return new HanaperError(
    'unavailable',
    `${server} does not answer as a Hanaper server does (status ${status}, ${type.slice(0, 100) || 'no type'}). Is its address right?`,
    { server, status },
  );
}

// A server of another version can have a code that is not known here.
function known(code: string, message: string, details: ErrorDetails, status: number): HanaperError {
  const text = message.slice(0, clientLimits.messageCharacters);
  if (isErrorCode(code)) return new HanaperError(code, text, details);
  const instead = status >= 500 || status === 429 ? 'unavailable' : 'internal';
  return new HanaperError(instead, `${text} (The server's code for it, ${code.slice(0, 100)}, is not known here.)`, {
    ...details,
    server_code: code.slice(0, 100),
  });
}
