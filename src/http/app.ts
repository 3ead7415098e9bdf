import { Hono } from 'hono';
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
export function createApp({ mount }: AppOptions): Hono {
  const app = new Hono();
  mount?.(app);
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  return app;
}
