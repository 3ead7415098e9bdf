import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type { Authority } from './authority/authority.ts';
import type { AuthorityOptions } from './authority/open-authority.ts';
import type { Argon2Parameters } from './crypto/argon2.ts';
import { HanaperError } from './errors.ts';
import type { HanaperEvent } from './events.ts';
import { createApp, type RequestLog } from './http/app.ts';
import { mountCrypto } from './http/crypto.ts';
import { DatabaseService } from './http/database-service.ts';
import { stopTimeout } from './http/limits.ts';
import { formatHost, isLoopback, type ListenAddress, listAcceptedHosts } from './http/listen-address.ts';
import { type Listener, listen, type Timeouts, type TlsFiles } from './http/listener.ts';
import type { Metrics } from './http/metrics.ts';
import type { ServerLog } from './http/server-log.ts';
import { SetupToken } from './http/setup-token.ts';
import type { EstimateStrength } from './http/strength.ts';
import type { Credential } from './vault/slot.ts';

/** How a server is started. */
export interface ServerOptions {
  /** The database, and what it must be. */
  readonly authority: AuthorityOptions;
  readonly address: ListenAddress;
  /** The folder for the set-up token. */
  readonly stateFolder: string;
  /** Names by which it is reached besides its address, with or without a port. */
  readonly hosts?: readonly string[];
  readonly tls?: TlsFiles;
  /** Whether it may be reached from other machines without TLS. */
  readonly insecure?: boolean;
  /** The port of `/metrics` on this machine; absent: none. */
  readonly metricsPort?: number;
  /** Opens the vault before the first request. */
  readonly credential?: Credential;
  /** Argon2id costs where an initialisation names none. */
  readonly costs?: Argon2Parameters;
  readonly log?: ServerLog;
  /** Where the tests need others. */
  readonly timeouts?: Timeouts;
  readonly estimate?: EstimateStrength;
}

/** A server that runs. */
export interface RunningServer {
  /** Where it is reached: a URL, or the path of its socket behind `unix:`. */
  readonly url: string;
  readonly metricsUrl?: string;
  /** The file with the set-up token, where the database is not initialised. */
  readonly setupToken?: string;
  readonly initialized: boolean;
  readonly locked: boolean;
  /** Stops accepting, finishes what was begun, closes the database. */
  stop(): Promise<void>;
}

/**
 * Starts a server: opens the database, or waits for it to be initialised, and listens.
 *
 * @throws HanaperError `bad_config`, `wrong_passphrase`, and what opening a database throws
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  requireSafe(options);
  const stack = new AsyncDisposableStack();
  try {
    return await assemble(options, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

// What is put on the stack last is taken down first: requests, then the token, then the database.
async function assemble(options: ServerOptions, stack: AsyncDisposableStack): Promise<RunningServer> {
  const { address, tls, timeouts, log } = options;
  const metrics = new LateMetrics(() => service.current?.locked ?? true);
  const service = stack.use(new DatabaseService(watch(options, metrics)));
  await service.open();
  if (options.credential) await service.current?.unlock(options.credential);
  const now = () => (options.authority.clock?.() ?? new Date()).getTime();
  const token = service.isReady ? undefined : SetupToken.create(join(options.stateFolder, 'setup-token'), now);
  if (token) stack.defer(() => token.remove());
  const hosts = new Set<string>();
  const app = createApp({
    service,
    hosts,
    log: (entry) => {
      log?.request(entry);
      metrics.use((counters) => counters.observeRequest(entry));
    },
    mount: (mounted) => mountCrypto(mounted, masterKeyOptions(options, service, now, token)),
  });
  const listener = await listen({
    address,
    handle: getRequestListener(serve(app, service, token), { errorHandler: refuseTarget }),
    ...(tls && { tls }),
    ...(timeouts && { timeouts }),
  });
  stack.defer(() => listener.stop(stopTimeout));
  for (const host of acceptedHosts(options, listener.port)) hosts.add(host);
  const metricsListener =
    options.metricsPort === undefined ? undefined : await listenForMetrics(options.metricsPort, () => metrics.load());
  if (metricsListener) stack.defer(() => metricsListener.stop(0));
  return describe(options, listener, metricsListener, service, token, stack);
}
