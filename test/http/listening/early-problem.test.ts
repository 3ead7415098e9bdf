import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../../src/errors.ts';
import { initialize } from '../../support/authority.ts';
import { engines } from '../../support/engines.ts';
import { ask, expectProblem, serve, type TestServer } from '../../support/server.ts';

const timeouts = { headers: 300, request: 600, check: 100 };
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

interface Heard {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Says something to a server as it stands, and gives the one answer that comes until the connection ends. */
function say(url: string, said: string): Promise<Heard> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(parseAnswer(Buffer.concat(chunks).toString())));
    socket.write(said);
  });
}

function parseAnswer(heard: string): Heard {
  const end = heard.indexOf('\r\n\r\n');
  const [first = '', ...lines] = heard.slice(0, end).split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const [name = '', ...value] = line.split(': ');
    return [name.toLowerCase(), value.join(': ')];
  });
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers), body: heard.slice(end + 4) };
}

/** The headers of an answer, without those that the connection, the body and the moment decide. */
function lasting(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const passing = ['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding', 'x-request-id'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !passing.includes(name)));
}

const get = (target: string, ...headers: readonly string[]) =>
  `${[`GET ${target} HTTP/1.1`, 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`;

const cases: readonly (readonly [string, number, ErrorCode, (host: string) => string])[] = [
  ['headers that are too long', 431, 'too_large', (host) => get('/', `Host: ${host}`, `X: ${'x'.repeat(33_000)}`)],
  ['headers that do not come', 408, 'unavailable', (host) => `GET / HTTP/1.1\r\nHost: ${host}\r\n`],
  ['what is no HTTP', 400, 'bad_input', () => 'hello\r\n\r\n'],
  ['lengths that contradict each other', 400, 'bad_input', (host) => contradict(host)],
  ['no host', 400, 'bad_input', () => 'GET / HTTP/1.0\r\n\r\n'],
  ['a target that is no URL', 400, 'bad_input', (host) => get('*', `Host: ${host}`)],
  ['an invalid host', 400, 'bad_input', () => get('/', 'Host: a b')],
  ['no host in HTTP/1.1', 400, 'bad_input', () => get('/')],
  ['an empty host', 400, 'bad_input', () => get('/', 'Host:')],
  ['a version that there is not', 400, 'bad_input', (host) => `GET / HTTP/7.0\r\nHost: ${host}\r\n\r\n`],
  ['the first words of HTTP/2', 400, 'bad_input', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a method that there is not', 400, 'bad_input', (host) => `GRAB / HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
  ['an invalid header', 400, 'bad_input', (host) => get('/', `Host: ${host}`, 'a header')],
  ['a coding that there is not', 400, 'bad_input', (host) => post(host, 'Transfer-Encoding: gzip')],
  ['a coding after the last one', 400, 'bad_input', (host) => post(host, 'Transfer-Encoding: chunked, gzip')],
  ['extensions of chunks without an end', 413, 'too_large', (host) => extendChunk(host)],
  ['an expectation that there is not', 417, 'bad_input', (host) => get('/healthz', `Host: ${host}`, 'Expect: tea')],
];

const post = (host: string, ...headers: readonly string[]) =>
  `${['POST /api/invoke HTTP/1.1', `Host: ${host}`, 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`;

function extendChunk(host: string): string {
  return `${post(host, 'Transfer-Encoding: chunked')}1;${'x'.repeat(20_000)}\r\n0\r\n\r\n`;
}

function contradict(host: string): string {
  return `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
}

describe.each(engines)('on $name what never becomes a request', (engine) => {
  async function start(): Promise<TestServer> {
    const url = await engine.createUrl();
    await initialize(url);
    return serve(url, { timeouts });
  }

  test.each(cases)('is answered like everything else: %s', async (_, status, code, said) => {
    const server = await start();
    const other = await ask(server.url, '/no/such/path');
    const heard = await say(server.url, said(new URL(server.url).host));
    expect(heard.status, heard.body).toBe(status);
    expect(lasting(heard.headers)).toEqual(lasting(other.headers));
    const id = heard.headers['x-request-id'] ?? '';
    expect(id).toMatch(uuid);
    expect(heard.headers['content-length']).toBe(String(Buffer.byteLength(heard.body)));
    const problem: unknown = JSON.parse(heard.body);
    expect(problem).toMatchObject({ type: 'about:blank', status, code, instance: `urn:uuid:${id}` });
    expect(heard.body).not.toContain('xxxx');
    const entry = { id, method: '-', path: '-', status, code };
    expect(server.requests.filter((each) => each.id === id)).toEqual([expect.objectContaining(entry)]);
    expect((await ask(server.url, '/healthz')).status).toBe(200);
    expect(server.failures).toEqual([]);
  });

  test('is no way to another server: CONNECT is answered with what is allowed', async () => {
    const server = await start();
    const heard = await say(server.url, 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n');
    expect(heard).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, POST, PATCH, DELETE' } });
    expect(JSON.parse(heard.body)).toMatchObject({ status: 405, code: 'bad_input' });
    const id = heard.headers['x-request-id'];
    expect(server.requests.filter((each) => each.id === id)).toMatchObject([{ status: 405, code: 'bad_input' }]);
  });

  test('is answered as it is where it asks for another protocol', async () => {
    const server = await start();
    for (const protocol of ['websocket', 'h2c', 'TLS/1.2']) {
      const headers = [`Host: ${new URL(server.url).host}`, 'Connection: Upgrade, close', `Upgrade: ${protocol}`];
      const said = `${['GET /no/such HTTP/1.1', ...headers].join('\r\n')}\r\n\r\n`;
      const heard = await say(server.url, said);
      expect(JSON.parse(heard.body)).toMatchObject({ status: 404, code: 'not_found' });
      expect(server.requests.some(({ id }) => id === heard.headers['x-request-id'])).toBe(true);
    }
  });

  test.each(['evil.example', 'evil.example:80', 'HOST@evil.example', 'evil.example@HOST', ''])(
    'names in its target a host that it must know: %s',
    async (named) => {
      const server = await start();
      const { host } = new URL(server.url);
      const target = `http://${named.replace('HOST', host)}/healthz`;
      const heard = await say(server.url, get(target, `Host: ${host}`));
      expect(JSON.parse(heard.body)).toMatchObject({ status: 400, code: 'bad_input' });
      expect((await say(server.url, get(`http://${host}/healthz`, `Host: ${host}`))).status).toBe(200);
      expect((await say(server.url, get(`http://${host}/healthz`, 'Host: evil.example'))).status).toBe(400);
    },
  );

  test('has an id of its own each time', async () => {
    const server = await start();
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await say(server.url, 'x\r\n\r\n')).headers['x-request-id']),
    );
    expect(new Set(ids).size).toBe(3);
  });

  test('and a fault on the way to the application is one, of which only the log tells', async () => {
    const database = await engine.createUrl();
    const find = () => {
      throw new TypeError('a place inside');
    };
    const server = await serve(database, { authority: { database, knownAuthorities: { find, remember: () => {} } } });
    await initialize(database);
    const answered = expectProblem('internal', await ask(server.url, '/healthz'), 500);
    expect(answered.text).not.toContain('a place inside');
    expect(answered.headers['x-frame-options']).toBe('DENY');
    const id = answered.headers['x-request-id'];
    const [entry] = server.requests.filter((each) => each.id === id);
    expect(entry).toMatchObject({ status: 500, code: 'internal', error: { cause: new TypeError('a place inside') } });
  });
});
