import { isIP } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';

// What proxies add, each some of them.
const proxyHeaders = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-real-ip',
];
const overSocket = 'socket';
const loopback = /^(?:127\.|::1$|::ffff:127\.)/;

/** Tells callers apart, and those of this machine from others. */
export class Callers {
  readonly #isBehindProxy: boolean;

  /** With a proxy in front of the server every TCP client is remote. */
  constructor(isBehindProxy: boolean) {
    this.#isBehindProxy = isBehindProxy;
  }

  /**
   * The address that a request came from: an IP address, `socket` for a unix socket, `unknown` without a connection. Behind
   * a proxy it is what that proxy has added to `X-Forwarded-For`, where it did; what stands before is the caller's word.
   */
  addressOf(context: Context): string {
    const address = remoteAddressOf(context);
    if (!this.#isBehindProxy) return address;
    const told = context.req.header('X-Forwarded-For')?.split(',').at(-1)?.trim() ?? '';
    return isIP(told) === 0 ? address : told;
  }

  /** Whether a request came from this machine, and through no proxy on it, behind which everybody looks as if he did. */
  isLocal(context: Context): boolean {
    const address = remoteAddressOf(context);
    if (address !== overSocket && (this.#isBehindProxy || !isLoopbackAddress(address))) return false;
    return proxyHeaders.every((name) => context.req.header(name) === undefined);
  }
}

/** Whether the address of a connection is this machine's own. */
export function isLoopbackAddress(address: string): boolean {
  return loopback.test(address);
}

// An application that is called without a server has no connection.
function remoteAddressOf(context: Context): string {
  const { env } = context;
  if (typeof env !== 'object' || env === null || !('incoming' in env)) return 'unknown';
  return getConnInfo(context).remote.address ?? overSocket;
}
