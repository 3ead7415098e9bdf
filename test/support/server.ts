/** Servers for tests: in this process, or the built executable in one of its own. */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { type IncomingHttpHeaders, type RequestOptions, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import type { HanaperEvent } from '../../src/events.ts';
import type { RequestLog } from '../../src/http/listening/app.ts';
import type { ServerLog } from '../../src/http/listening/server-log.ts';
import { type RunningServer, type ServerOptions, startServer } from '../../src/server.ts';
import { type Cli, type Finished, finish } from './cli.ts';
import { createTempFolder } from './engines.ts';

/** A server in this process, and what it has told. */
export interface TestServer extends RunningServer {
  readonly requests: RequestLog[];
  readonly events: HanaperEvent[];
  readonly failures: unknown[];
  /** The folder that its set-up token lies in. */
  readonly stateFolder: string;
}

/** Starts a server on any free port, over a database; it stops with the test. */
export async function serve(database: string, changes: Partial<ServerOptions> = {}): Promise<TestServer> {
  const requests: RequestLog[] = [];
  const events: HanaperEvent[] = [];
  const failures: unknown[] = [];
  const stateFolder = changes.stateFolder ?? join(await createTempFolder(), 'state');
  const log: ServerLog = {
    request: (entry) => void requests.push(entry),
    event: (event) => void events.push(event),
    note: () => undefined,
    failure: (_message, error) => void failures.push(error),
    flush: () => undefined,
  };
  const server = await startServer({
    authority: { database },
    address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    stateFolder,
    log,
    // What a passphrase is worth is another test's matter.
    estimate: async () => ({ score: 4, reasons: [] }),
    ...changes,
  });
  let isStopped = false;
  const stop = async () => {
    if (!isStopped) await server.stop();
    isStopped = true;
  };
  onTestFinished(stop);
  return { ...server, stop, requests, events, failures, stateFolder };
}

/** What is asked of a server. */
export interface Asked extends Pick<RequestOptions, 'socketPath' | 'agent'> {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly body?: string | Uint8Array;
  /** A certificate to trust. */
  readonly ca?: string;
}

/** What a server answers. */
export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** Asks a server; a body makes it a POST. */
export function ask(url: string, path: string, asked: Asked = {}): Promise<Answered> {
  const { json, body = json === undefined ? undefined : JSON.stringify(json), headers = {}, ...options } = asked;
  const request = url.startsWith('https:') ? requestSecure : requestPlain;
  return new Promise((resolve, reject) => {
    const sent = request(`${url.startsWith('unix:') ? 'http://localhost' : url}${path}`, {
      agent: false,
      method: body === undefined ? 'GET' : 'POST',
      ...options,
      headers: { ...(json !== undefined && { 'Content-Type': 'application/json' }), ...headers },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = text !== '' && (response.headers['content-type'] ?? '').includes('json');
        const parsed = isJson ? JSON.parse(text) : {};
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parsed });
      });
    });
    sent.end(body);
  });
}

/** Expects an answer to be the problem of a code, and returns it. */
export function expectProblem(code: ErrorCode, answered: Answered, status?: number): Answered {
  expect(answered.json['code'], answered.text).toBe(code);
  expect(answered.headers['content-type']).toBe('application/problem+json');
  expect(answered.json).toMatchObject({
    status: answered.status,
    title: expect.any(String),
    detail: expect.any(String),
  });
  if (status !== undefined) expect(answered.status).toBe(status);
  return answered;
}

/** A server in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  readonly metricsUrl: string;
  readonly child: ChildProcessWithoutNullStreams;
  /** What it said when it was ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  readonly finished: Promise<Finished>;
}

/** Runs `hanaper serve` on free ports until it is ready; it is killed with the test. */
export async function startProcess(cli: Cli, ...args: readonly string[]): Promise<ServerProcess> {
  const child = cli.start('serve', '--listen', '127.0.0.1:0', '--metrics', '0', ...args);
  onTestFinished(() => void child.kill('SIGKILL'));
  const { ready, finished } = await whenReady(child);
  return { url: String(ready['url']), metricsUrl: String(ready['metrics_url']), child, ready, finished };
}

/** Waits until a server says that it listens. */
export async function whenReady(
  child: ChildProcessWithoutNullStreams,
): Promise<{ ready: Readonly<Record<string, unknown>>; finished: Promise<Finished> }> {
  const finished = finish(child);
  return { ready: await Promise.race([readFirstLine(child), finished.then(notReady)]), finished };
}

function readFirstLine(child: ChildProcessWithoutNullStreams): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve) => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const [line, ...others] = said.split('\n');
      if (line !== undefined && others.length > 0) resolve(JSON.parse(line) as Readonly<Record<string, unknown>>);
    });
  });
}

function notReady({ stdout, stderr, status }: Finished): never {
  throw new Error(`The server ended with ${status}: ${stdout}${stderr}`);
}
