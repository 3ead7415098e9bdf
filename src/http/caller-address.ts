import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';

const proxyHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];
const loopback = /^(?:127\.|::1$|::ffff:127\.)/;

/** The address that a request came from: an IP address, `socket` for a Unix socket, `unknown` without a connection. */
export function addressOf(context: Context): string {
  if (!hasConnection(context)) return 'unknown';
  return getConnInfo(context).remote.address ?? 'socket';
}

/** Whether a request came from this machine, and through no proxy on it, behind which everybody looks as if he did. */
export function isLocal(context: Context): boolean {
  const address = addressOf(context);
  if (address !== 'socket' && !loopback.test(address)) return false;
  return proxyHeaders.every((name) => context.req.header(name) === undefined);
}

// An application that is called without a server has none.
function hasConnection({ env }: Context): boolean {
  return typeof env === 'object' && env !== null && 'incoming' in env;
}
