/** What every answer of a server keeps to, and what a refusal leaves. */
import { expect } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { statuses } from '../../src/http/request/statuses.ts';
import type { Place } from './place.ts';
import { type Answered, ask, expectProblem } from './server.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const inner = /node_modules|\.[tj]s:\d|\n\s+at |SQLITE|sqlite|postgres|\bTypeError|\bSyntaxError/;

/** Expects a problem of the table that reveals nothing internal. */
export function expectTold(code: ErrorCode, answered: Answered): Answered {
  expectProblem(code, answered, statuses[code]);
  expect(answered.text).not.toMatch(inner);
  expectHeaders(answered);
  expect(answered.json['instance']).toBe(`urn:uuid:${answered.headers['x-request-id']}`);
  return answered;
}

/** Expects the headers that every answer has. */
export function expectHeaders({ headers }: Answered): void {
  expect(headers['x-request-id']).toMatch(uuid);
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'content-security-policy': expect.stringContaining("default-src 'none'"),
  });
}

/** Does something that leaves no row, after which the server is as it was. */
export async function leavingNothing<Result>(here: Place, act: () => Promise<Result>): Promise<Result> {
  const before = await here.countRows();
  const result = await act();
  expect(await here.countRows()).toEqual(before);
  expect((await ask(here.server.url, '/healthz')).json).toEqual({ status: 'ok' });
  expect(here.server.failures).toEqual([]);
  expect(here.server.requests.filter(({ status }) => status >= 500)).toEqual([]);
  return result;
}
