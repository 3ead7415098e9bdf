import { STATUS_CODES } from 'node:http';
import type { Context } from 'hono';
import { type ErrorCode, type ErrorDetails, HanaperError } from '../../errors.ts';
import { remedies } from './remedies.ts';
import { type HeaderRecord, requestIdOf, respond } from './respond.ts';
import { statuses } from './statuses.ts';

/** What is wrong, as a document (RFC 9457). */
interface ProblemDocument {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The request, as a URN; the server's log knows it by the same id. */
  readonly instance?: string;
  readonly code: ErrorCode;
  readonly details?: ErrorDetails;
  /** What to ask for next. */
  readonly remedy?: string;
}

/** The media type of a problem. */
export const problemType = 'application/problem+json';

// A fault can name paths and hosts, which are for the log.
const faults: { readonly [Code in ErrorCode]?: string } = {
  internal: 'Something went wrong in the server. Its log says more.',
  unavailable:
    'The server cannot do this at the moment: its database is not to be used, or too much is asked at once. Try again; its log says more.',
  not_initialized: 'This server is not initialised yet. That is done by POST /api/crypto/init, with its set-up token.',
  bad_config: 'The server is not configured well. Its log says more.',
  database_newer: 'The database is of a newer version than the server. The log of the server says more.',
  database_older: 'The database is of an older version, and the server may not write to it. Its log says more.',
  database_corrupt: 'The database is damaged. The log of the server says more.',
  authority_tampered: 'What the database says of its authority was altered. The log of the server says more.',
  authority_changed: 'The database has another authority than expected. The log of the server says more.',
  log_rolled_back:
    'An old copy was put in the place of the database. Nothing is signed or answered by it; the log of the server says more.',
  slot_damaged: 'A key slot of the database is damaged. The log of the server says more.',
};

const unconfirmed =
  'The database did not confirm this: it may be done. Ask again with the same invocation, which is executed once; what was done is answered with its receipt.';
const unrecorded =
  'This was done, and has a receipt, but the server could not record it among its events. Ask again with the same invocation to have the receipt.';

const refusalVariable = 'refusal';

/** Why a request was refused, for the log. */
export interface LoggedRefusal {
  readonly code: string;
  /** The error in full, or its message where that is all there is. */
  readonly error: unknown;
}

/** Notes why a request is refused. */
export function noteRefusal(context: Context, refusal: LoggedRefusal): void {
  context.set(refusalVariable, refusal);
}

/** What was noted. */
export function refusalOf(context: Context): LoggedRefusal | undefined {
  return context.get(refusalVariable) as LoggedRefusal | undefined;
}

/** Any error as the caller sees it: foreign errors and faults in general terms alone. */
function toTold(error: unknown): HanaperError {
  const code = error instanceof HanaperError ? error.code : 'internal';
  const fault = faults[code];
  if (fault === undefined) return error as HanaperError;
  return error instanceof HanaperError && error.details['may_be_done'] === true
    ? toldInDoubt(error)
    : new HanaperError(code, fault);
}

// Of what may be done the caller must know so much: they alone can ask again with the same invocation.
function toldInDoubt({ code, details: { receipt } }: HanaperError): HanaperError {
  return typeof receipt === 'string'
    ? new HanaperError(code, unrecorded, { may_be_done: true, receipt })
    : new HanaperError(code, unconfirmed, { may_be_done: true });
}

/** The document of an error, which may be told as it stands. */
export function describeProblem(
  { code, message, details }: HanaperError,
  requestId: string,
  status?: number,
): ProblemDocument {
  const httpStatus = status ?? statuses[code];
  return {
    type: 'about:blank',
    title: STATUS_CODES[httpStatus] ?? 'Error',
    status: httpStatus,
    detail: message,
    ...(requestId !== '' && { instance: `urn:uuid:${requestId}` }),
    code,
    ...(Object.keys(details).length > 0 && { details }),
    ...(details.remedy && { remedy: remedies[details.remedy] }),
  };
}

/** Answers with the problem of an error. `status` is given where it is another than that of the code. */
export function respondProblem(
  context: Context,
  error: unknown,
  headers: HeaderRecord = {},
  status?: number,
): Response {
  const told = toTold(error);
  const problem = describeProblem(told, requestIdOf(context), status);
  noteRefusal(context, { code: problem.code, error });
  return respond(context, problem.status, JSON.stringify(problem), {
    'Content-Type': problemType,
    ...headersOf(told),
    ...receiptHeadersOf(error),
    ...headers,
  });
}

function headersOf({ code, details }: HanaperError): HeaderRecord {
  if (code === 'token_missing') return { 'WWW-Authenticate': 'Bearer' };
  const seconds = details['retry_after'];
  return code === 'rate_limited' && typeof seconds === 'number' ? { 'Retry-After': String(seconds) } : {};
}

// What was done and could not be recorded has a receipt all the same.
function receiptHeadersOf(error: unknown): HeaderRecord {
  const { receipt, index } = error instanceof HanaperError && error.code === 'unavailable' ? error.details : {};
  return {
    ...(typeof receipt === 'string' && { 'Hanaper-Receipt': receipt }),
    ...(typeof index === 'number' && { 'Hanaper-Log-Index': String(index) }),
  };
}
