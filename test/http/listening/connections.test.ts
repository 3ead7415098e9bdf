import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ConnectionLimits } from '../../../src/http/limits.ts';
import { type ListenerOptions, listen } from '../../../src/http/listening/listener.ts';
import { eventually } from '../../support/eventually.ts';

const limits: ConnectionLimits = { ofAll: 12, ofOne: 3, crowd: 8, patience: 100, pipelined: 4 };
const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;

interface Talk {
  readonly socket: Socket;
  heard: string;
  isClosed: boolean;
}

/** A listener that answers `well` at once, and one connection to it. */
async function start(options: Partial<ListenerOptions> = {}): Promise<(said?: string) => Talk> {
  const listener = await listen({
    address,
    connections: limits,
    handle: (_, response) => void response.end('well'),
    ...options,
  });
  const sockets: Socket[] = [];
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await listener.stop(0);
  });
  return (said) => {
    const socket = connect(listener.port, '127.0.0.1');
    const talk: Talk = { socket, heard: '', isClosed: false };
    sockets.push(socket);
    socket.on('data', (chunk) => {
      talk.heard += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      talk.isClosed = true;
    });
    if (said !== undefined) socket.write(said);
    return talk;
  };
}

const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
const settle = () => new Promise((resolve) => setTimeout(resolve, 50));
const countOpen = (talks: readonly Talk[]) => talks.filter(({ isClosed }) => !isClosed).length;

test('one address has so many connections, and another one when one of them has ended', async () => {
  const open = await start({ isExempt: () => false });
  const talks = [open(request), open(request), open(request)];
  await eventually(() => expect(talks.every(({ heard }) => heard.endsWith('well'))).toBe(true));
  const refused = open(request);
  await eventually(() => expect(refused.isClosed).toBe(true));
  expect(refused.heard).toBe('');
  expect(countOpen(talks)).toBe(3);
  talks[0]?.socket.destroy();
  await eventually(async () => {
    const again = open(request);
    await eventually(() => again.isClosed || again.heard.endsWith('well'));
    return again.heard.endsWith('well');
  });
});

test('this machine has as many as there are at all', async () => {
  const open = await start();
  const talks = Array.from({ length: limits.ofOne + 2 }, () => open(request));
  await eventually(() => expect(talks.every(({ heard }) => heard.endsWith('well'))).toBe(true));
});

test('where there are many, those that have sent no whole request make room, and the others stay', async () => {
  const open = await start();
  const silent = Array.from({ length: 4 }, (_, index) => open(index % 2 === 0 ? undefined : 'GET / HTTP/1.1\r\nHo'));
  const served = Array.from({ length: 2 }, () => open(request));
  // They were taken one after the other.
  await eventually(() => expect(served.every(({ heard }) => heard.endsWith('well'))).toBe(true));
  expect(countOpen(silent)).toBe(4);
  // By a clock that stands still, so that the new ones have patience left however long they take.
  const later = performance.now() + limits.patience + 50;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => later);
  onTestFinished(() => clock.mockRestore());
  const fresh = [open(), open(request)];
  await eventually(() => expect(countOpen(silent)).toBe(0));
  await settle();
  expect([countOpen(served), countOpen(fresh)]).toEqual([2, 2]);
});

test('more than there may be at all are not taken', async () => {
  const open = await start({ connections: { ...limits, patience: 60_000 } });
  const talks = Array.from({ length: limits.ofAll }, () => open());
  await settle();
  const refused = open(request);
  await eventually(() => expect(refused.isClosed).toBe(true));
  expect(countOpen(talks)).toBe(limits.ofAll);
});

test('requests that are sent before an answer was taken are few, and one too many ends the connection', async () => {
  let handled = 0;
  const handle: ListenerOptions['handle'] = (_, response) => {
    handled++;
    setTimeout(() => response.end('well'), 10);
  };
  const open = await start({ handle });
  const within = open(request.repeat(4));
  await eventually(() => expect(within.heard.match(/well/g)).toHaveLength(4));
  within.socket.write(request.repeat(4));
  await eventually(() => expect(within.heard.match(/well/g)).toHaveLength(8));
  handled = 0;
  const beyond = open(request.repeat(1000));
  await eventually(() => expect(beyond.isClosed).toBe(true));
  await settle();
  expect(handled).toBe(4);
});

const statusesOf = (heard: string) => [...heard.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
const slowly: ListenerOptions['handle'] = (_, response) => void setTimeout(() => response.end('well'), 30);
const post = (...headers: readonly string[]) =>
  `${['POST / HTTP/1.1', 'Host: localhost', ...headers].join('\r\n')}\r\n\r\n`;

test.each([
  ['is no request', 'hello\r\n\r\n', '400'],
  ['has headers that are too long', `GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, '431'],
  ['asks for a way to another server', 'CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n', '405'],
  ['has an invalid body', `${post('Transfer-Encoding: chunked')}zz\r\n`, '400'],
])('what comes behind other requests and %s is answered behind them, once', async (_, said, status) => {
  const handle: ListenerOptions['handle'] = (incoming, response) => {
    if (incoming.method === 'GET') slowly(incoming, response);
  };
  const open = await start({ handle });
  const talk = open(request.repeat(3) + said);
  await eventually(() => expect(talk.isClosed).toBe(true));
  expect(statusesOf(talk.heard)).toEqual(['200', '200', '200', status]);
});

test.each([
  ['ends', 'Content-Length: 10', 'ab', true],
  ['is invalid', 'Transfer-Encoding: chunked', 'zz\r\n', false],
  ['has trailers without an end', 'Transfer-Encoding: chunked', `0\r\n${'X: y\r\n'.repeat(9000)}\r\n`, false],
])('a request that was answered before its body %s has no second answer', async (_, header, body, isHalf) => {
  const open = await start();
  const talk = open(post(header));
  await eventually(() => expect(talk.heard).toContain('well'));
  talk.socket.write(body);
  if (isHalf) talk.socket.end();
  await eventually(() => expect(talk.isClosed).toBe(true));
  expect(statusesOf(talk.heard)).toEqual(['200']);
});
