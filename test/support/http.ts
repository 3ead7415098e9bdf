/** An HTTP API without a server around it. */
import type { Hono } from 'hono';
import type { Authority } from '../../src/authority/authority.ts';
import { HanaperError } from '../../src/errors.ts';
import { type AppOptions, createApp, type RequestLog } from '../../src/http/index.ts';

/** The host by which the API of a test is called. */
export const host = 'localhost:7373';

/** An API, and what it told its log. */
export interface TestApi {
  readonly app: Hono;
  readonly entries: RequestLog[];
  /** Sends a request; its `Host` is the right one unless it says otherwise. */
  send(path: string, init?: RequestInit): Promise<Response>;
}

/** The API of an authority; of none, of a database that is not initialised. */
export function apiOf(authority?: Authority, options: Partial<AppOptions> = {}): TestApi {
  const entries: RequestLog[] = [];
  const service = {
    isReady: authority !== undefined,
    authority() {
      if (authority) return authority;
      throw new HanaperError('not_initialized', 'There is no authority yet.');
    },
  };
  const app = createApp({ service, hosts: new Set([host]), log: (entry) => entries.push(entry), ...options });
  return {
    app,
    entries,
    async send(path, init = {}) {
      const headers = new Headers(init.headers);
      if (!headers.has('host')) headers.set('host', host);
      return app.request(`http://${host}${path}`, { ...init, headers });
    },
  };
}
