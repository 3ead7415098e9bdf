import { type Context, Hono } from 'hono';
import { routePath } from 'hono/route';
import { HanaperError } from '../../errors.ts';
import { addDescription } from '../description/description.ts';
import { Admission } from '../request/admission.ts';
import { setBodyShare } from '../request/body.ts';
import { BodyRoom } from '../request/body-room.ts';
import { Callers } from '../request/callers.ts';
import { refusalOf, respondProblem } from '../request/problems.ts';
import { completeHeaders, requestIdOf, setRequestId } from '../request/respond.ts';
import { addRoutes } from '../routes/command-routes.ts';
import { addInvoke } from '../routes/invoke.ts';
import { addLogFiles } from '../routes/log-files.ts';
import { addPublicRoutes } from '../routes/public.ts';
import type { Service } from '../service.ts';

/** One request that was answered. */
export interface RequestLog {
  /** A UUID. */
  readonly id: string;
  readonly method: string;
  /** The pattern of its route. */
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
  /** The code of the problem or the error receipt that it was answered with. */
  readonly code?: string;
  /** What went wrong: the error in full, or its message where that is all there is. */
  readonly error?: unknown;
}

/** What an API is made of. */
export interface AppOptions {
  readonly service: Service;
  /** The Host headers that are accepted: in lower case, with the port. */
  readonly hosts: ReadonlySet<string>;
  /** Who is local; default: without a proxy in front. */
  readonly callers?: Callers;
  /** The room for bodies; default: that of `limits.ts`. */
  readonly bodies?: BodyRoom;
  /** Receives each request. */
  readonly log: (entry: RequestLog) => void;
  /** Whether anybody may read the log, as static files. */
  readonly publicLog?: boolean;
  /** Adds routes behind the same admission. */
  readonly mount?: (app: Hono) => void;
}

/**
 * The HTTP API of an authority: a plain route for each command, `/api/invoke`, what is public, and its own description.
 *
 * @example
 * const app = createApp({ service, hosts: new Set(['localhost:7373']), log: () => undefined });
 * serve({ fetch: app.fetch, port: 7373 });
 */
export function createApp(options: AppOptions): Hono {
  const {
    service,
    hosts,
    log,
    publicLog = false,
    mount,
    callers = new Callers(false),
    bodies = new BodyRoom(),
  } = options;
  const app = new Hono();
  const admission = new Admission(hosts, callers);
  app.use(async (context, next) => {
    const startedAt = performance.now();
    setRequestId(context, crypto.randomUUID());
    try {
      admission.admit(context);
      using share = bodies.open(callers.addressOf(context));
      setBodyShare(context, share);
      await next();
    } catch (error) {
      context.res = respondProblem(context, error);
    }
    completeHeaders(context);
    log({
      id: requestIdOf(context),
      method: context.req.method,
      path: routePath(context, -1),
      status: context.res.status,
      milliseconds: performance.now() - startedAt,
      ...refusalOf(context),
    });
  });
  app.onError((error, context) => respondProblem(context, error));
  app.notFound((context) => refuseRoute(context, app));
  mount?.(app);
  addInvoke(app, service);
  addRoutes(app, service);
  addPublicRoutes(app, service);
  if (publicLog) addLogFiles(app, service);
  addDescription(app);
  return app;
}

const methods = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'];
// Each request passes the admission above, whatever its route.
const handlersOfNone = 1;

/** Answers a request of no route: 405 where another method has one. */
function refuseRoute(context: Context, { router }: Hono): Response {
  const { method, path } = context.req;
  const allowed = methods.filter((each) => router.match(each, path)[0].length > handlersOfNone);
  const error = new HanaperError(
    'not_found',
    `There is no ${method} of this path${allowed.length > 0 ? `, but ${allowed.join(' and ')}` : ''}. /docs lists what there is.`,
    { kind: 'route' },
  );
  return allowed.length === 0
    ? respondProblem(context, error)
    : respondProblem(context, error, { Allow: allowed.join(', ') }, 405);
}
