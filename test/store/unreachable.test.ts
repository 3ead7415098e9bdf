import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createKey, openAuthority, readStatus, requireUninitialized } from '../../src/authority/index.ts';
import type { HanaperError } from '../../src/errors.ts';
import { createAuthority, initialize, query } from '../support/authority.ts';
import { expectCode, failureOf } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { Child } from './children/child.ts';

const password = 'a-password-that-must-not-be-shown';
const fresh = () => engines.find(({ name }) => name === 'postgres')?.createUrl() ?? Promise.reject(new Error());

describe('PostgreSQL that cannot be used is unavailable, and no password is shown:', () => {
  let closing: Server;
  let silent: Server;
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    closing = await listen((socket) => socket.destroy());
    silent = await listen((socket) => void sockets.add(socket));
  });

  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    closing.close();
    silent.close();
  });

  test.each<[string, () => Promise<string>]>([
    ['nothing listens', async () => `postgres://hanaper:${password}@127.0.0.1:${await freePort()}/hanaper`],
    [
      'nothing listens on localhost',
      async () => `postgres://hanaper:${password}@localhost:${await freePort()}/hanaper`,
    ],
    ['the host does not exist', async () => `postgres://hanaper:${password}@nowhere.invalid/hanaper`],
    ['the password is wrong', async () => changed(await fresh(), (url) => (url.password = password))],
    ['there is no password', async () => changed(await fresh(), (url) => (url.password = ''))],
    ['there is no such user', async () => changed(await fresh(), (url) => (url.username = 'nobody-at-all'))],
    ['there is no such database', async () => changed(await fresh(), (url) => (url.pathname = '/no_such_database'))],
    ['the connection is closed at once', async () => urlOf(closing)],
    ['it offers no TLS', async () => changed(await fresh(), (url) => url.searchParams.set('sslmode', 'require'))],
  ])('%s', async (_, makeUrl) => {
    const url = await makeUrl();
    for (const act of [openAuthority, readStatus]) {
      expectNoPassword(await expectCode('unavailable', () => act({ database: url })), url);
    }
    expectNoPassword(await expectCode('unavailable', () => initialize(url)), url);
    expectNoPassword(await expectCode('unavailable', () => requireUninitialized(url)), url);
  });

  test('it does not answer', async () => {
    const url = urlOf(silent);
    const error = await expectCode('unavailable', () => openAuthority({ database: url }));
    expectNoPassword(error, url);
  });

  test('a process that is not let in is not kept running by that', async () => {
    const url = changed(await fresh(), (each) => (each.password = ''));
    const child = new Child(new URL('./children/initialise.ts', import.meta.url), [url]);
    await child.hear();
    child.go();
    expect(await child.rest()).toEqual(['unavailable']);
  });

  test('the user may not create tables', async () => {
    const url = await fresh();
    const role = `reader_${Date.now()}`;
    await query(url, `create role ${role} login password '${password}'`);
    try {
      const theirs = changed(url, (each) => {
        each.username = role;
        each.password = password;
      });
      expectNoPassword(await expectCode('unavailable', () => initialize(theirs)), theirs);
      await expectCode('not_initialized', () => openAuthority({ database: url }));
    } finally {
      await query(url, `drop role ${role}`);
    }
  });
});

test('a connection that breaks between two commands is replaced, at its second use at the latest', async () => {
  const url = await fresh();
  await using authority = (await createAuthority(url)).authority;
  await authority.executeFor('acme', createKey, { name: 'before' });
  await terminateOthers(url);
  const first = await failureOf(() => authority.executeFor('acme', createKey, { name: 'first' }));
  if (first !== undefined) expect(first).toMatchObject({ code: 'unavailable' });
  await authority.executeFor('acme', createKey, { name: 'second' });
});

test('a connection that breaks within a transaction is unavailable, and leaves nothing', async () => {
  const url = await fresh();
  await using authority = (await createAuthority(url)).authority;
  const broken = authority.database.transact('write', async ({ kysely }) => {
    await kysely.updateTable('organizations').set({ name: 'renamed' }).execute();
    await terminateOthers(url);
    await kysely.selectFrom('organizations').selectAll().execute();
  });
  await expectCode('unavailable', () => broken);
  expect(await query(url, 'select name from organizations')).toEqual([{ name: 'acme' }]);
  await authority.executeFor('acme', createKey, { name: 'after' });
});

function expectNoPassword(error: HanaperError, url: string): void {
  const shown = `${error.message} ${JSON.stringify(error.details)} ${String(error.cause)} ${error.stack}`;
  for (const secret of [password, new URL(url).password || password, new URL(inject('postgresUrl')).password]) {
    if (secret !== '') expect(shown).not.toContain(secret);
  }
}

function changed(url: string, change: (url: URL) => unknown): string {
  const copy = new URL(url);
  change(copy);
  return copy.href;
}

function urlOf(server: Server): string {
  return `postgres://hanaper:${password}@127.0.0.1:${(server.address() as AddressInfo).port}/hanaper`;
}

function listen(onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

async function freePort(): Promise<number> {
  const server = await listen(() => undefined);
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function terminateOthers(url: string): Promise<void> {
  await query(
    url,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()`,
  );
}
