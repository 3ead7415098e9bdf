import { expect, test } from 'vitest';
import { createKey } from '../../src/authority/index.ts';
import { everydayWaits } from '../../src/store/engine/postgres-session.ts';
import { byRawKey, createAuthority } from '../support/authority.ts';
import { engines } from '../support/engines.ts';
import { createOutsider } from '../support/outsider.ts';
import { startProxy } from '../support/proxy.ts';
import { type Answered, ask, expectProblem, serve, type TestServer } from '../support/server.ts';

const forEver = 100_000_000;
const headers = { 'Content-Type': 'application/vnd.ucan.container' };

async function openBehindProxy() {
  const url = (await engines.find(({ name }) => name === 'postgres')?.createUrl()) ?? '';
  const { authority } = await createAuthority(url);
  await authority.executeFor('acme', createKey, { name: 'release' });
  const outsider = await createOutsider(authority, 'outsider');
  await authority.close();
  const proxy = await startProxy(url);
  const waits = { ...everydayWaits, lock: 300, statement: forEver, answer: forEver, idle: forEver };
  const server = await serve(proxy.url, {
    authority: { database: proxy.url, waits, checkpointDelay: forEver },
    credential: byRawKey(1),
  });
  const { container } = await outsider.signFor({
    command: '/package/sign',
    args: { hash: 'ab'.repeat(32), name: 'a.wasm', key: 'release', store: true },
    expiration: Math.floor(Date.now() / 1000) + 600,
  });
  const write = () => ask(server.url, '/api/invoke', { body: container, headers });
  const read = (organisation: string) =>
    ask(server.url, '/api/verify', { json: { hash: 'ab'.repeat(32), name: 'a.wasm', organisation, signatures: [{}] } });
  return { proxy, server, write, read };
}

async function whileReady(server: TestServer): Promise<Answered> {
  for (;;) {
    const answered = await ask(server.url, '/readyz');
    if (answered.status !== 200) return answered;
  }
}

test('a server whose write is not answered is not ready; it stops, and says so to who asked', async () => {
  const { proxy, server, write } = await openBehindProxy();
  expect((await ask(server.url, '/readyz')).status).toBe(200);
  proxy.freezeAt('insert into log_entries');
  const written = write();
  expectProblem('unavailable', await whileReady(server), 503);
  const stopped = server.stop();
  expectProblem('unavailable', await written, 503);
  await stopped;
});

test('a server whose read is not answered is not ready, though others are; it stops, and says so to who asked', async () => {
  const { proxy, server, read } = await openBehindProxy();
  expect((await read('acme')).status).toBe(200);
  proxy.freezeAt('silent-organisation');
  const asked = read('silent-organisation');
  expectProblem('unavailable', await whileReady(server), 503);
  expect((await read('other-organisation')).status).toBe(200);
  const stopped = server.stop();
  expectProblem('unavailable', await asked, 503);
  await stopped;
});

test('a server whose new connections are not answered is not ready, though others are', async () => {
  const { proxy, server, read } = await openBehindProxy();
  proxy.freezeAt('application_name');
  // More at once than there are connections by now.
  const asked = ['one', 'two', 'three', 'four', 'five'].map(read);
  expectProblem('unavailable', await whileReady(server), 503);
  expect((await ask(server.url, '/healthz')).status).toBe(200);
  await server.stop();
  await Promise.all(asked);
});

test('a server whose database is silent altogether is not ready, and stops', async () => {
  const { proxy, server } = await openBehindProxy();
  proxy.freezeAt('');
  expectProblem('unavailable', await ask(server.url, '/readyz'), 503);
  await server.stop();
});
