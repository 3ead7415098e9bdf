/** Servers for tests of the client: they hold to the HTTP API, but for what a test has them do instead. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer } from '../../src/authority/execution/execute.ts';
import { decodeRequest } from '../../src/authority/execution/request.ts';
import { type Authority, showOrganisation } from '../../src/authority/index.ts';
import { readNoteSize } from '../../src/authority/log/read-note-size.ts';
import { proveInclusion } from '../../src/authority/prove-inclusion.ts';
import { HanaperError } from '../../src/errors.ts';
import { encodeContainer, formatCid } from '../../src/ucan/index.ts';

/** What a server answers. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** One request as it came. */
export interface TestRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What a test does with an answer: another one, or none (`cut`: the connection ends, `hang`: nothing comes). */
export type Intercept = (
  request: TestRequest,
  answer: TestAnswer,
) => TestAnswer | 'cut' | 'hang' | Promise<TestAnswer | 'cut' | 'hang'>;

/** What a server is given, beside its authority. */
export interface TestServerOptions {
  readonly intercept?: Intercept;
  /** Answers for itself what is neither the DID document nor an invocation. */
  readonly answer?: (request: TestRequest) => TestAnswer | Promise<TestAnswer>;
}

/** A server on this machine. */
export class TestServer implements AsyncDisposable {
  readonly url: string;
  readonly requests: TestRequest[];
  /** Every byte that came in. */
  readonly received: Buffer[];
  readonly #server: Server;

  constructor(server: Server, requests: TestRequest[], received: Buffer[]) {
    this.#server = server;
    this.requests = requests;
    this.received = received;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** The requests of one path. */
  requestsTo(path: string): readonly TestRequest[] {
    return this.requests.filter((request) => request.path.replace(/\?.*/, '') === path);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** Starts a server for an authority. */
export async function startServer(authority: Authority, options: TestServerOptions = {}): Promise<TestServer> {
  const requests: TestRequest[] = [];
  const received: Buffer[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const request = await readRequest(incoming);
    requests.push(request);
    const answer = await answerTo(authority, request, options);
    const given = (await options.intercept?.(request, answer)) ?? answer;
    if (given === 'hang') return;
    if (given === 'cut') return void outgoing.destroy();
    outgoing.writeHead(given.status, { ...given.headers }).end(given.body);
  });
  server.on('connection', (socket) => socket.on('data', (chunk: Buffer) => received.push(Buffer.from(chunk))));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new TestServer(server, requests, received);
}

/** A JSON answer. */
export function json(status: number, document: unknown, type = 'application/json'): TestAnswer {
  return { status, headers: { 'content-type': type }, body: JSON.stringify(document) };
}

/** A problem document. */
export function problem(status: number, code: string, detail: string, details: object = {}): TestAnswer {
  return json(status, { title: code, status, detail, code, details }, 'application/problem+json');
}

/** A receipt's container. */
export async function receiptOf(token: { readonly bytes: Uint8Array }, status = 200): Promise<TestAnswer> {
  const body = await encodeContainer([token.bytes], 'raw');
  return { status, headers: { 'content-type': 'application/vnd.ucan.container' }, body };
}

async function readRequest(incoming: IncomingMessage): Promise<TestRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const { method = '', url = '', headers } = incoming;
  return { method, path: url, headers, body: Buffer.concat(chunks) };
}

async function answerTo(
  authority: Authority,
  request: TestRequest,
  { answer }: TestServerOptions,
): Promise<TestAnswer> {
  try {
    if (request.path === '/.well-known/did.json') return json(200, { id: authority.identity.did });
    if (request.path.startsWith('/api/invoke')) {
      await requireNamed(authority, request);
      return await invoke(authority, request);
    }
    return (await answer?.(request)) ?? problem(404, 'not_found', 'There is no such route.');
  } catch (error) {
    if (error instanceof HanaperError) return problem(400, error.code, error.message, error.details);
    return problem(500, 'internal', String(error));
  }
}

/** Executes the container that came with a request, and answers with the proof that was asked for. */
export async function invoke(
  authority: Authority,
  { headers, body }: Pick<TestRequest, 'headers' | 'body'>,
): Promise<TestAnswer> {
  const known = await authority.knownDelegations();
  const seen = Buffer.from(String(headers['hanaper-seen'] ?? ''), 'base64url').toString();
  const wantsProof = headers['hanaper-proof'] === '1';
  const wishes = { ...(seen !== '' && { seen }), wantsCheckpoint: wantsProof };
  const answer = await authority.executeRequest(await decodeRequest(new Uint8Array(body), known, undefined, wishes));
  const described = await describeAnswer(answer);
  if (answer.kind === 'result' || !wantsProof) return described;
  const since = seen === '' ? {} : { since: readNoteSize(seen) };
  const entry = { receipt: formatCid(answer.receipt.invocation.cid), ...since };
  const proof = Buffer.from(JSON.stringify(await proveInclusion(authority, entry))).toString('base64url');
  return { ...described, headers: { ...described.headers, 'hanaper-proof': proof } };
}

async function requireNamed(authority: Authority, { path, body }: TestRequest): Promise<void> {
  const name = new URL(path, 'http://localhost').searchParams.get('org');
  if (name === null) return;
  const { did } = await authority.executeFor(name, showOrganisation, {});
  const { invocation } = await decodeRequest(new Uint8Array(body), await authority.knownDelegations());
  if (invocation.subject !== did) throw new HanaperError('subject_mismatch', `This is about another than ${name}.`);
}

/** What is answered to an invocation that was executed. */
async function describeAnswer(answer: Answer): Promise<TestAnswer> {
  if (answer.kind === 'result') return json(200, { result: answer.result });
  const { status, headers, body } = await receiptOf(answer.receipt.invocation, 'ok' in answer.receipt.out ? 200 : 400);
  return { status, headers: { ...headers, ...(answer.isReplay && { 'hanaper-replay': 'true' }) }, body };
}
