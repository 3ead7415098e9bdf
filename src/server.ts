import { join } from 'node:path';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Authority } from './authority/authority.ts';
import { nameDatabase } from './authority/database-name.ts';
import { readLogState } from './authority/log/log-state.ts';
import type { AuthorityOptions } from './authority/open-authority.ts';
import { encodeHex, encodeUtf8 } from './bytes.ts';
import type { Argon2Parameters } from './crypto/argon2.ts';
import { sha256 } from './crypto/digest.ts';
import { HanaperError } from './errors.ts';
import { type BodyLimits, type ConnectionLimits, stopTimeout } from './http/limits.ts';
import { createApp, type RequestLog } from './http/listening/app.ts';
import { createEarlyProblem } from './http/listening/early-problem.ts';
import { LateMetrics } from './http/listening/late-metrics.ts';
import { formatHost, isLoopback, type ListenAddress, listAcceptedHosts } from './http/listening/listen-address.ts';
import { type Listener, listen, type Timeouts, type TlsFiles } from './http/listening/listener.ts';
import { listenForMetrics } from './http/listening/metrics-listener.ts';
import type { ServerLog } from './http/listening/server-log.ts';
import { BodyRoom } from './http/request/body-room.ts';
import { Callers } from './http/request/callers.ts';
import { mountCrypto } from './http/routes/crypto.ts';
import { DatabaseService } from './http/routes/database-service.ts';
import type { MasterKeyOptions } from './http/routes/master-key.ts';
import { SetupToken } from './http/setup/setup-token.ts';
import { type EstimateStrength, estimateInThread } from './http/setup/strength.ts';
import { type OptionNames, requireKnownOptions } from './options.ts';
import type { Credential } from './vault/slot.ts';

// With what it takes to make one, every entry is under a checkpoint within a second.
const checkpointDelay = 500;
// Of the hex digest of a database's location.
const tokenNameLength = 12;

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
  /** Whether anybody may read the log, as static files under `/log/`. */
  readonly publicLog?: boolean;
  /** Whether a proxy is in front of it: then nobody who comes over TCP is of this machine. */
  readonly isBehindProxy?: boolean;
  /** The port of `/metrics` on this machine; absent: none. */
  readonly metricsPort?: number;
  /** Opens the vault before the first request. */
  readonly credential?: Credential;
  /** Opens the vault once everything else is ready: asks for what opens it. Not called where there is no database yet. */
  readonly unlock?: (authority: Authority) => Promise<void>;
  /** Argon2id costs where an initialisation names none. */
  readonly costs?: Argon2Parameters;
  readonly log?: ServerLog;
  /** Where the tests need others. */
  readonly timeouts?: Timeouts;
  readonly connections?: ConnectionLimits;
  readonly bodies?: BodyLimits;
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
  /** How many requests are under way. */
  countUnderWay(): number;
  /** Stops accepting, finishes what was begun, closes the database. */
  stop(): Promise<void>;
}

const optionNames: OptionNames<ServerOptions> = {
  authority: true,
  address: true,
  stateFolder: true,
  hosts: true,
  tls: true,
  insecure: true,
  publicLog: true,
  isBehindProxy: true,
  metricsPort: true,
  credential: true,
  unlock: true,
  costs: true,
  log: true,
  timeouts: true,
  connections: true,
  bodies: true,
  estimate: true,
};

/**
 * Starts a server: opens the database, or waits for it to be initialised, and listens.
 *
 * @throws HanaperError `bad_config`, `wrong_passphrase`, and what opening a database throws
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  requireKnownOptions('startServer', options, optionNames);
  requireSafe(options);
  const stack = new AsyncDisposableStack();
  try {
    return await assemble(options, stack);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

// What waits for a database fails while there is still time to say so to those who asked.
const cutOffDatabase = stopTimeout - 1_000;

// What is put on the stack last is taken down first: requests, then the token, then the database.
async function assemble(options: ServerOptions, stack: AsyncDisposableStack): Promise<RunningServer> {
  const { bodies, isBehindProxy = false, metricsPort, publicLog = false, log } = options;
  const callers = new Callers(isBehindProxy);
  const metrics = new LateMetrics({
    isLocked: () => service.current?.locked ?? true,
    isRolledBack: () => service.current?.followed.refusal !== undefined,
    readLog: () => service.current && readLogState(service.current),
  });
  const stopping = new AbortController();
  const service = stack.use(new DatabaseService({ ...watch(options, metrics), signal: stopping.signal }));
  await service.open();
  // A server of an old copy would answer as things were then, locked or not.
  if (options.credential) await service.current?.unlock(options.credential);
  else await service.current?.logWatch.hold();
  const now = () => (options.authority.clock?.() ?? new Date()).getTime();
  const token = service.isReady ? undefined : SetupToken.create(placeOfToken(options), now);
  if (token) stack.defer(() => token.remove());
  const hosts = new Set<string>();
  const logRequest = (entry: RequestLog) => {
    log?.request(entry);
    metrics.use((counters) => counters.observeRequest(entry));
  };
  const app = createApp({
    service,
    hosts,
    callers,
    ...(bodies && { bodies: new BodyRoom(bodies) }),
    log: logRequest,
    publicLog,
    mount: (mounted) => mountCrypto(mounted, { ...describeMasterKey(options, service, now, token), callers }),
  });
  const listener = await listenWith(options, serve(app, service, token), logRequest);
  stack.defer(() => listener.stop(stopTimeout));
  for (const host of listHosts(options, listener)) hosts.add(host);
  const watched = metricsPort === undefined ? undefined : await listenForMetrics(metricsPort, () => metrics.load());
  if (watched) stack.defer(() => watched.stop(0));
  if (service.current?.locked) await options.unlock?.(service.current);
  return {
    url: formatUrl(options, listener),
    ...(watched && { metricsUrl: `http://127.0.0.1:${watched.port}/metrics` }),
    ...(token && { setupToken: token.path }),
    initialized: service.isReady,
    locked: service.current?.locked ?? true,
    countUnderWay: () => listener.countUnderWay(),
    stop: () => {
      setTimeout(() => stopping.abort(), cutOffDatabase).unref();
      return stack.disposeAsync();
    },
  };
}

function listenWith(
  { address, tls, timeouts, connections, isBehindProxy }: ServerOptions,
  fetch: Hono['fetch'],
  log: (entry: RequestLog) => void,
): Promise<Listener> {
  return listen({
    address,
    handle: getRequestListener(fetch, { errorHandler: (error) => refuseEarly(error, log) }),
    log,
    // All of them are the proxy's.
    ...(isBehindProxy && { isExempt: () => true }),
    ...(tls && { tls }),
    ...(timeouts && { timeouts }),
    ...(connections && { connections }),
  });
}

// One state folder can have servers of several databases.
function placeOfToken({ stateFolder, authority }: ServerOptions): string {
  const digest = encodeHex(sha256(encodeUtf8(nameDatabase(authority.database))));
  return join(stateFolder, `setup-token-${digest.slice(0, tokenNameLength)}`);
}

function requireSafe({ address, tls, insecure = false }: ServerOptions): void {
  if (address.kind === 'socket' || tls !== undefined || insecure || isLoopback(address.host)) return;
  throw new HanaperError(
    'bad_config',
    `${formatHost(address.host, address.port)} can be reached by other machines: give --tls-cert and --tls-key, or say --insecure where a proxy in front of it does TLS.`,
    { option: '--listen', address: address.host },
  );
}

function watch({ authority, log }: ServerOptions, metrics: LateMetrics): AuthorityOptions {
  return {
    checkpointDelay,
    ...authority,
    observer: (event) => {
      authority.observer?.(event);
      log?.event(event);
      metrics.use((counters) => counters.observeEvent(event));
    },
  };
}

function describeMasterKey(
  { costs, estimate = estimateInThread }: ServerOptions,
  service: DatabaseService,
  now: () => number,
  token: SetupToken | undefined,
): Omit<MasterKeyOptions, 'callers'> {
  return { service, now, estimate, ...(costs && { costs }), ...(token && { token }) };
}

// Until there is a database, each request looks whether there is one: somebody may have initialised it beside this process.
function serve(app: Hono, service: DatabaseService, token: SetupToken | undefined): Hono['fetch'] {
  return async (request, env) => {
    if (!service.isReady) {
      await service.refresh();
      if (service.isReady) token?.remove();
    }
    return app.fetch(request, env);
  };
}

// A target or a Host header of which no URL can be made never comes as far as a route.
function refuseEarly(cause: unknown, log: (entry: RequestLog) => void): Response {
  const error =
    cause instanceof RequestError
      ? new HanaperError('bad_input', 'This is no URL.')
      : new HanaperError('internal', 'Something went wrong in the server. Its log says more.', {}, cause);
  const { status, headers, body, entry } = createEarlyProblem(error);
  log(entry);
  return new Response(body, { status, headers });
}

function listHosts({ address, hosts = [] }: ServerOptions, { port }: Listener): Iterable<string> {
  if (address.kind === 'socket') return new Set(['localhost', ...hosts.map((host) => host.toLowerCase())]);
  return listAcceptedHosts(address.host, port, hosts);
}

function formatUrl({ address, tls }: ServerOptions, { port }: Listener): string {
  if (address.kind === 'socket') return `unix:${address.path}`;
  const host = address.host === '127.0.0.1' ? 'localhost' : address.host;
  return `${tls ? 'https' : 'http'}://${formatHost(host, port)}`;
}
