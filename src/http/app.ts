import { Hono } from 'hono';
import { commands } from '../authority/commands/list.ts';
import { HanaperError } from '../errors.ts';
import { admitRequests, type RequestLog, recordRequests } from './admission.ts';
import { addInvoke } from './invoke.ts';
import { mostCountedAddresses, type RequestRate, requestRate } from './limits.ts';
import { respondProblem } from './problems.ts';
import { addPublic } from './public.ts';
import { RateLimit } from './rate-limit.ts';
import { addRoutes } from './routes.ts';
import type { Service } from './service.ts';

/** What an API is made of. */
export interface AppOptions {
  readonly service: Service;
  /** The `Host` headers that are accepted: lower case, with a port. Looked at anew for each request. */
  readonly hosts: ReadonlySet<string>;
  /** Told of each request once it is answered. */
  readonly log: (entry: RequestLog) => void;
  /** Adds routes behind the same admission; they come first. */
  readonly mount?: (app: Hono) => void;
  /** Default: that of `limits.ts`. */
  readonly rate?: RequestRate;
}

/**
 * The HTTP API of an authority: the door, a plain route for each command, what is public, and their description.
 *
 * @example
 * const app = createApp({
 *   service: { authority: () => authority, isReady: true }, hosts: new Set(['localhost:7373']), log: () => undefined,
 * });
 * serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 7373 });
 */
export function createApp({ service, hosts, log, mount, rate = requestRate }: AppOptions): Hono {
  const app = new Hono();
  app.onError((error, context) => respondProblem(context, error, {}, statusFor(error)));
  app.use(recordRequests(log));
  app.use(admitRequests({ hosts, rate: new RateLimit(rate, mostCountedAddresses) }));
  mount?.(app);
  addPublic(app, service);
  addInvoke(app, service);
  addRoutes(app, service, commands);
  app.notFound(() => {
    throw new HanaperError('not_found', 'There is nothing here. /docs lists what there is.', { kind: 'route' });
  });
  return app;
}

// Headers that are too large have a status of their own (RFC 6585, section 5).
function statusFor(error: unknown): number | undefined {
  return error instanceof HanaperError && error.details['where'] === 'headers' ? 431 : undefined;
}
