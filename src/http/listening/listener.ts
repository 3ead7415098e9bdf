import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, type RequestListener, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { HanaperError, systemCodeOf } from '../../errors.ts';
import { readInput } from '../../read-input.ts';
import {
  type ConnectionLimits,
  connectionLimits,
  headerBytes,
  headersTimeout,
  idleTimeout,
  keepAliveTimeout,
  requestTimeout,
  timeoutCheck,
} from '../limits.ts';
import { isLoopbackAddress } from '../request/callers.ts';
import type { RequestLog } from './app.ts';
import { Connections } from './connections.ts';
import { createEarlyProblem, type EarlyProblem } from './early-problem.ts';
import { formatHost, type ListenAddress } from './listen-address.ts';

// A chain of certificates, with room to spare.
const maxPemBytes = 1_048_576;
// How often a stopping server looks which connections are idle, in milliseconds.
const sweepInterval = 20;

/** A certificate and its key, as paths of PEM files. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

/** The times after which a slow connection is cut off, in milliseconds. */
export interface Timeouts {
  readonly headers: number;
  readonly request: number;
  readonly check: number;
}

/** The times of `limits.ts`. */
const presetTimeouts: Timeouts = { headers: headersTimeout, request: requestTimeout, check: timeoutCheck };

/** How a server listens. */
export interface ListenerOptions {
  readonly address: ListenAddress;
  readonly tls?: TlsFiles;
  readonly timeouts?: Timeouts;
  /** Where the tests need others. */
  readonly connections?: ConnectionLimits;
  /** Whether the connections of an address are not counted; default: those of this machine. */
  readonly isExempt?: (address: string) => boolean;
  /** What to do where the address cannot be had. */
  readonly remedy?: string;
  readonly handle: RequestListener;
  /** Receives what was answered without `handle`, since it is no request. */
  readonly log?: (entry: RequestLog) => void;
}

/** A server that listens. */
export interface Listener {
  /** The port, where it listens on one. */
  readonly port: number;
  /** How many requests are under way. */
  countUnderWay(): number;
  /** Accepts nothing more, waits for what was begun at most so many milliseconds, and then cuts off what is left. */
  stop(longest: number): Promise<void>;
}

/**
 * Listens.
 *
 * @throws HanaperError `bad_config` where the address cannot be had, or the certificate or key not be used
 */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const {
    address,
    tls,
    timeouts,
    handle,
    log,
    connections: limits = connectionLimits,
    isExempt = isLoopbackAddress,
    remedy,
  } = options;
  const server = await create(tls, timeouts ?? presetTimeouts);
  const connections = new Connections(server, { limits, isSecure: tls !== undefined, isExempt, handle });
  server.on('clientError', (error, socket) => {
    const refuse = () => end(socket, problemOf(error), log);
    if (!socket.writable || systemCodeOf(error) === 'ECONNRESET') socket.destroy();
    else connections.endInTurn(socket, refuse);
  });
  server.on('connect', (_, socket) =>
    connections.endInTurn(socket, () => end(socket, createEarlyProblem(noProxy, 405, { Allow: methods }), log)),
  );
  server.on('checkExpectation', (_, response: ServerResponse) => {
    const { status, headers, body, entry } = createEarlyProblem(noExpectation, 417);
    log?.(entry);
    response
      .writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body), Connection: 'close' })
      .end(body);
  });
  server.timeout = idleTimeout;
  if (address.kind === 'socket') await listenOnSocket(server, address.path);
  else
    await begin(
      server,
      formatHost(address.host, address.port),
      () => server.listen(address.port, address.host),
      remedy,
    );
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : 0,
    countUnderWay: () => connections.countUnderWay(),
    stop: (longest) => stop(server, connections, longest),
  };
}

async function create(tls: TlsFiles | undefined, timeouts: Timeouts): Promise<Server> {
  const options: ServerOptions = {
    maxHeaderSize: headerBytes,
    headersTimeout: timeouts.headers,
    requestTimeout: timeouts.request,
    connectionsCheckingInterval: timeouts.check,
    keepAliveTimeout,
    // It is answered like every other request.
    requireHostHeader: false,
  };
  if (tls === undefined) return createServer(options);
  const { createServer: createSecureServer } = await import('node:https');
  const key = await readPem(tls.key);
  const certificate = await readPem(tls.certificate);
  try {
    return createSecureServer({
      ...options,
      cert: certificate,
      key,
      minVersion: 'TLSv1.2',
      handshakeTimeout: timeouts.headers,
    });
  } catch (cause) {
    throw new HanaperError(
      'bad_config',
      `${tls.certificate} and ${tls.key} cannot be used for TLS: they must be PEM files, and belong together.`,
      { certificate: tls.certificate, key: tls.key },
      cause,
    );
  } finally {
    key.fill(0);
  }
}

async function readPem(path: string): Promise<Buffer> {
  try {
    const { bytes } = await readInput(path, maxPemBytes);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (cause) {
    const reason = systemCodeOf(cause) ?? 'unreadable';
    throw new HanaperError('bad_config', `${path} cannot be read (${reason}).`, { path, reason }, cause);
  }
}

// The file is nobody else's from the moment that it is there.
async function listenOnSocket(server: Server, path: string): Promise<void> {
  await removeStaleSocket(path);
  await begin(server, path, () => {
    const mask = process.umask(0o177);
    try {
      server.listen(path);
    } finally {
      process.umask(mask);
    }
  });
  chmodSync(path, 0o600);
}

// A server that was killed has left its socket; one that runs answers on it.
async function removeStaleSocket(path: string): Promise<void> {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  if (!status.isSocket()) throw unusable(path, 'it is there, and no socket');
  if (await answers(path)) throw unusable(path, 'EADDRINUSE');
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function begin(server: Server, where: string, listenNow: () => void, remedy?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(unusable(where, systemCodeOf(cause) ?? 'unusable', cause, remedy)));
    server.once('listening', () => {
      server.removeAllListeners('error');
      resolve();
    });
    listenNow();
  });
}

const anotherAddress = 'Choose another address with --listen or --socket.';

function unusable(where: string, reason: string, cause?: unknown, remedy = anotherAddress): HanaperError {
  const hint = reason === 'EADDRINUSE' ? 'something else listens there' : reason;
  return new HanaperError(
    'bad_config',
    `Cannot listen on ${where}: ${hint}. ${remedy}`,
    { address: where, reason },
    cause,
  );
}

async function stop(server: Server, connections: Connections, longest: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  connections.endIdle();
  const sweep = setInterval(() => connections.endIdle(), sweepInterval);
  const end = setTimeout(() => connections.cutOff(), longest);
  await closed;
  clearInterval(sweep);
  clearTimeout(end);
}

interface EarlyRefusal {
  readonly error: HanaperError;
  /** Where it is another than that of the error. */
  readonly status?: number;
}

const refusals: Readonly<Record<string, EarlyRefusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    error: new HanaperError(
      'too_large',
      `The headers have more than ${headerBytes} bytes. Send the container as the body of POST /api/invoke.`,
    ),
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    error: new HanaperError('too_large', 'The chunks of the body have extensions that are too long. Leave them out.'),
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    error: new HanaperError('unavailable', 'The request did not arrive in time.'),
  },
};
const methods = 'GET, HEAD, POST, PATCH, DELETE';
const noProxy = new HanaperError('bad_input', 'This server connects nobody to another one.');
const noExpectation = new HanaperError('bad_input', 'This server knows one expectation alone: 100-continue.');
const malformed: EarlyRefusal = { error: new HanaperError('bad_input', 'This is no HTTP request.') };

function problemOf(cause: Error): EarlyProblem {
  const { error, status } = refusals[systemCodeOf(cause) ?? ''] ?? malformed;
  return createEarlyProblem(error, status);
}

// It is logged by the id that its caller is told, whether or not a request is under way and is logged by another.
function end(socket: Duplex, problem: EarlyProblem, log: ListenerOptions['log']): void {
  log?.(problem.entry);
  socket.end(formatAnswer(problem), () => socket.destroy());
}

function formatAnswer({ status, title, headers, body }: EarlyProblem): string {
  const all = { ...headers, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `HTTP/1.1 ${status} ${title}\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}
