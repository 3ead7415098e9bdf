import { randomUUID } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { HanaperError } from '../errors.ts';
import { addressOf, isLocal } from './caller-address.ts';
import { bodyBytes } from './limits.ts';
import type { RateLimit } from './rate-limit.ts';
import { requireReadable } from './read-body.ts';
import { completeHeaders, requestIdOf, setRequestId } from './respond.ts';
import { statuses } from './statuses.ts';

/** One request that was answered. */
export interface RequestLog {
  /** UUID, which the caller was told too. */
  readonly id: string;
  readonly method: string;
  /** The pattern of the route, never the path itself. */
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly code?: string;
  /** Of a fault: the error itself. */
  readonly error?: unknown;
}

/** What a request is held against before anything else is done with it. */
export interface AdmissionRules {
  readonly hosts: ReadonlySet<string>;
  readonly rate: RateLimit;
}

/** Gives each request an id, sees to the headers of its answer, and tells of it once it is answered. */
export function recordRequests(log: (entry: RequestLog) => void): MiddlewareHandler {
  return async (context, next) => {
    const started = performance.now();
    setRequestId(context, randomUUID());
    await next();
    completeHeaders(context);
    log(describe(context, performance.now() - started));
  };
}

/**
 * Lets a request in: it names one of our hosts, no other site's page sent it, and its caller does not ask too often.
 * Throws `bad_input`, `not_authorized`, `rate_limited`, `too_large`.
 */
export function admitRequests({ hosts, rate }: AdmissionRules): MiddlewareHandler {
  return async (context, next) => {
    requireOwnHost(context, hosts);
    requireSameSite(context, hosts);
    requireMeasure(context, rate);
    requireReadable(context, bodyBytes);
    await next();
  };
}

// A page of another site could have its name lead to this machine (DNS rebinding); the name it used is then still there.
function requireOwnHost({ req }: Context, hosts: ReadonlySet<string>): void {
  const host = req.header('host')?.toLowerCase();
  if (host !== undefined && hosts.has(host)) return;
  throw new HanaperError('bad_input', 'This server is not known under that name. Its --host option lists its names.', {
    reason: 'host',
  });
}

function requireSameSite({ req }: Context, hosts: ReadonlySet<string>): void {
  const origin = req.header('origin');
  const site = req.header('sec-fetch-site');
  const isForeign = origin !== undefined && !hosts.has(origin.toLowerCase().replace(/^https?:\/\//, ''));
  const isCross = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (!isForeign && (!isCross || isNavigation(req))) return;
  throw new HanaperError('not_authorized', 'Pages of other sites may not call this API.', { reason: 'cross-site' });
}

// A link that somebody follows to the documentation.
function isNavigation({ method, header }: Context['req']): boolean {
  return method === 'GET' && header('sec-fetch-mode') === 'navigate';
}

// Whoever is on this machine has its processor anyway.
function requireMeasure(context: Context, rate: RateLimit): void {
  if (isLocal(context)) return;
  const seconds = rate.count(addressOf(context), performance.now());
  if (seconds === 0) return;
  throw new HanaperError('rate_limited', `Too many requests. Try again in ${seconds} s.`, { retry_after: seconds });
}

function describe(context: Context, milliseconds: number): RequestLog {
  const { req, res, error } = context;
  const code = error instanceof HanaperError ? error.code : error && 'internal';
  return {
    id: requestIdOf(context),
    method: req.method,
    path: routePath(context, -1),
    status: res.status,
    milliseconds,
    ...(code !== undefined && { code }),
    ...(code !== undefined && statuses[code] >= 500 && { error }),
  };
}
