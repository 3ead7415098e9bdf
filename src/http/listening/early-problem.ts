import type { HanaperError } from '../../errors.ts';
import { describeProblem, problemType } from '../request/problems.ts';
import { type HeaderRecord, standardHeaders } from '../request/respond.ts';
import type { RequestLog } from './app.ts';

// Method and path of what never became a request: neither was read, or neither can be believed.
const unread = '-';

/** What is answered before the application runs: a problem with the headers of every other answer. */
export interface EarlyProblem {
  readonly status: number;
  readonly title: string;
  readonly headers: HeaderRecord;
  /** JSON. */
  readonly body: string;
  /** The same for the log. */
  readonly entry: RequestLog;
}

/** Makes one, with an id of its own. `status` is given where it is another than that of the error's code. */
export function createEarlyProblem(error: HanaperError, status?: number, more: HeaderRecord = {}): EarlyProblem {
  const id = crypto.randomUUID();
  const problem = describeProblem(error, id, status);
  return {
    status: problem.status,
    title: problem.title,
    headers: { ...standardHeaders(id), 'Content-Type': problemType, ...more },
    body: JSON.stringify(problem),
    entry: {
      id,
      method: unread,
      path: unread,
      status: problem.status,
      milliseconds: 0,
      code: problem.code,
      error,
    },
  };
}
