import { Hono } from 'hono';
import { HanaperError } from '../errors.ts';
import { answerPlainly, readBearer } from './crypto-request.ts';
import { respondProblem, toTold } from './problems.ts';
import type { Service } from './service.ts';

/** One request that was answered. */
export interface RequestLog {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly code?: string;
  readonly error?: unknown;
}

/** What an API is made of. */
export interface AppOptions {
  readonly service: Service;
  readonly hosts: ReadonlySet<string>;
  readonly log: (entry: RequestLog) => void;
  readonly mount?: (app: Hono) => void;
}

/** Stand-in. */
export function createApp({ mount, hosts, log, service }: AppOptions): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    const start = performance.now();
    if (!hosts.has(context.req.header('host')?.toLowerCase() ?? ''))
      throw new HanaperError('bad_input', 'another host');
    await next();
    log({
      id: '1',
      method: context.req.method,
      path: context.req.path,
      status: context.res.status,
      milliseconds: performance.now() - start,
      ...(context.error && { error: context.error, code: toTold(context.error).code }),
    });
  });
  app.onError((error, context) => respondProblem(context, error));
  mount?.(app);
  app.post('/api/crypto/lock', async (context) => {
    const request = await readBearer(context, service.authority());
    return answerPlainly(context, await service.authority().executeRequest(request));
  });
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/readyz', (context) => context.json({ status: service.isReady }));
  return app;
}
