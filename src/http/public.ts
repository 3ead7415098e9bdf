import type { Context, Hono } from 'hono';
import { readLiveness } from '../authority/liveness.ts';
import { createDidDocument } from '../did/document.ts';
import { respondJson } from './respond.ts';
import type { Service } from './service.ts';

/** Adds what anybody may ask: whether the server is up and ready, and whose it is. */
export function addPublic(app: Hono, service: Service): void {
  app.get('/healthz', (context) => respondJson(context, { healthy: true }));
  app.get('/readyz', (context) => answerReady(context, service));
  app.get('/.well-known/did.json', (context) => {
    const { publicKey } = service.authority().identity;
    return respondJson(context, createDidDocument({ type: 'ed25519', bytes: publicKey }));
  });
}

// Says no more, since anybody asks; a locked database serves readers.
async function answerReady(context: Context, service: Service): Promise<Response> {
  try {
    const authority = service.authority();
    await readLiveness(authority);
    return respondJson(context, { ready: true, locked: authority.locked });
  } catch (error) {
    context.error = error instanceof Error ? error : new Error('not ready', { cause: error });
    return respondJson(context, { ready: false }, 503);
  }
}
