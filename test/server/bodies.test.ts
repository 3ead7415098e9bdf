import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { initialize } from '../support/authority.ts';
import { createTempFolder } from '../support/engines.ts';
import { eventually } from '../support/eventually.ts';
import { ask, expectProblem, serve } from '../support/server.ts';

const bodies = { bytesOfAll: 300_000, bytesOfOne: 200_000, freeBytes: 16_384 };
const text = { 'Content-Type': 'text/plain' };

test('bodies that are under way are bounded together and for each address; short ones are served all the while', async () => {
  const url = `sqlite:${join(await createTempFolder(), 'hanaper.db')}`;
  await initialize(url);
  const server = await serve(url, { bodies, isBehindProxy: true });
  const { host, port } = new URL(server.url);
  // Begins a body of 150,000 bytes, and leaves it at that.
  const hold = (address: string): Socket => {
    const socket = connect(Number(port), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined);
    const head = `POST /api/invoke HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-For: ${address}\r\nContent-Type: text/plain`;
    socket.write(`${head}\r\nContent-Length: 200000\r\n\r\n${'C'.repeat(150_000)}`);
    return socket;
  };
  const send = (address: string, length: number) =>
    ask(server.url, '/api/invoke', { body: 'C'.repeat(length), headers: { ...text, 'X-Forwarded-For': address } });

  expectProblem('malformed_token', await send('192.0.2.1', 120_000));
  const first = hold('192.0.2.1');
  await eventually(async () => expectProblem('unavailable', await send('192.0.2.1', 120_000), 503));
  expectProblem('malformed_token', await send('192.0.2.2', 120_000));
  const second = hold('192.0.2.2');
  await eventually(async () => expectProblem('unavailable', await send('192.0.2.3', 120_000), 503));
  expectProblem('malformed_token', await send('192.0.2.1', 16_000));
  expect((await ask(server.url, '/healthz')).status).toBe(200);
  first.destroy();
  second.destroy();
  await eventually(async () => expectProblem('malformed_token', await send('192.0.2.1', 180_000)));
});
