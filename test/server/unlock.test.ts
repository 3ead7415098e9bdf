import { connect } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createKey, type KnownLogs, openSigner, type SeenCheckpoint } from '../../src/authority/index.ts';
import type { Invocation, InvocationClaims, Signer } from '../../src/ucan/index.ts';
import { byRawKey, initialize, openUnlocked, passphrase, query } from '../support/authority.ts';
import { createTempFolder, engines, keepCopy } from '../support/engines.ts';
import { eventually } from '../support/eventually.ts';
import { ask, expectProblem, serve, type TestServer } from '../support/server.ts';
import { containerOf } from '../support/tokens.ts';
import { delegate, invoke, principal } from '../support/ucan.ts';

/** How many answers to something else were given while each derivation was under way, and how many were so at once. */
const derivations = vi.hoisted(() => ({ answers: 0, each: [] as number[], underWay: 0, most: 0 }));

vi.mock('#crypto/argon2', async (original) => {
  const { deriveArgon2id } = await original<typeof import('../../src/crypto/node/argon2.ts')>();
  return {
    deriveArgon2id: async (...parameters: Parameters<typeof deriveArgon2id>) => {
      const before = derivations.answers;
      derivations.most = Math.max(derivations.most, ++derivations.underWay);
      try {
        return await deriveArgon2id(...parameters);
      } finally {
        derivations.underWay--;
        derivations.each.push(derivations.answers - before);
      }
    },
  };
});

const body = { method: 'passphrase', passphrase };
// What a proxy on this machine adds, for whom everybody looks local.
const remote = { 'X-Forwarded-For': '203.0.113.7' };

const seconds = () => Math.floor(Date.now() / 1000);

function unlock(server: TestServer, json: unknown = body, headers: Readonly<Record<string, string>> = {}) {
  return ask(server.url, '/api/crypto/unlock', { json, headers });
}

async function isLocked({ url }: TestServer): Promise<unknown> {
  return (await ask(url, '/api/crypto/status')).json['locked'];
}

async function entriesOf(url: string): Promise<number> {
  return (await query(url, 'select entry_index from log_entries')).length;
}

/** Bob, who may unlock and validate; `make` makes his invocations. */
async function letBobIn(url: string) {
  await using authority = await openUnlocked(url);
  const bob = await principal('bob');
  const root: Signer = await openSigner(authority, 'authority');
  const proof = await delegate(root, bob, { command: '/database', expiration: seconds() + 3600 });
  const make = (command: string, changes: Partial<InvocationClaims> = {}) =>
    invoke(bob, root, [proof], { command, args: {}, expiration: seconds() + 60, ...changes });
  const bearer = async (invocation: Invocation) => ({
    Authorization: `Bearer ${await containerOf([invocation, proof])}`,
  });
  return { make, bearer };
}

describe.each(engines)('$name', (engine) => {
  let url: string;

  beforeEach(async () => {
    url = await engine.createUrl();
    await initialize(url);
  });

  test('an old copy is not unlocked, and nothing is written', async () => {
    let seen: readonly SeenCheckpoint[] = [];
    const knownLogs: KnownLogs = {
      list: () => seen,
      remember: (latest) => {
        seen = [latest];
      },
    };
    const putBack = await keepCopy(url);
    const authority = await openUnlocked(url, { knownLogs });
    await authority.executeFor('acme', createKey, { name: 'second' });
    await authority.close();
    const later = seen;
    await putBack();
    seen = [];
    const server = await serve(url, { authority: { database: url, knownLogs } });
    seen = later;
    const entries = await entriesOf(url);
    expectProblem('log_rolled_back', await unlock(server), 403);
    expect(await isLocked(server)).toBe(true);
    expect(await entriesOf(url)).toBe(entries);
  });

  test('the passphrase alone unlocks for a caller on the same machine, which is written down', async () => {
    const server = await serve(url);
    expect(await isLocked(server)).toBe(true);
    const entries = await entriesOf(url);
    const answered = await unlock(server);
    expect(answered.status, answered.text).toBe(200);
    expect(answered.json).toEqual({ did: expect.stringMatching(/^did:key:/), locked: false });
    expect(answered.text).not.toContain(passphrase);
    expect(await isLocked(server)).toBe(false);
    expect(await entriesOf(url)).toBe(entries + 1);
  });

  test('behind a proxy nobody is on the same machine', async () => {
    const server = await serve(url);
    for (const name of [
      'Forwarded',
      'X-Forwarded-For',
      'X-Forwarded-Host',
      'X-Forwarded-Proto',
      'X-Forwarded-Port',
      'Via',
    ]) {
      expectProblem('token_missing', await unlock(server, body, { [name]: '127.0.0.1' }), 401);
    }
    expect(await isLocked(server)).toBe(true);
  });

  test('with a proxy in front nobody who comes over TCP is on the same machine, header or none', async () => {
    const { make, bearer } = await letBobIn(url);
    const server = await serve(url, { isBehindProxy: true });
    expectProblem('token_missing', await unlock(server), 401);
    expectProblem('token_missing', await unlock(server, body, remote), 401);
    expect(await isLocked(server)).toBe(true);
    expect((await unlock(server, body, await bearer(await make('/database/unlock')))).status).toBe(200);
    const path = join(await createTempFolder(), 'hanaper.sock');
    const bySocket = await serve(url, { isBehindProxy: true, address: { kind: 'socket', path } });
    const over = (headers: Readonly<Record<string, string>>) =>
      ask(bySocket.url, '/api/crypto/unlock', { socketPath: path, json: body, headers });
    expectProblem('token_missing', await over(remote), 401);
    expect((await over({})).status).toBe(200);
  });

  test('an invocation of /database/unlock unlocks from anywhere, with the passphrase beside it', async () => {
    const { make, bearer } = await letBobIn(url);
    const server = await serve(url);
    const headers = { ...(await bearer(await make('/database/unlock'))), ...remote };
    const answered = await unlock(server, body, headers);
    expect(answered.status, answered.text).toBe(200);
    expect(answered.json).toMatchObject({ locked: false });
    expect(answered.headers['hanaper-receipt']).toMatch(/^zdpu/);
    expect(await isLocked(server)).toBe(false);
    const again = await unlock(server, body, headers);
    expect(again.headers['hanaper-receipt']).toBe(answered.headers['hanaper-receipt']);
  });

  test('an invocation that was executed opens nothing a second time', async () => {
    const { make, bearer } = await letBobIn(url);
    const server = await serve(url);
    const headers = { ...(await bearer(await make('/database/unlock'))), ...remote };
    expect((await unlock(server, body, headers)).status).toBe(200);
    const lock = await ask(server.url, '/api/crypto/lock', {
      method: 'POST',
      headers: await bearer(await make('/database/lock')),
    });
    expect(lock.status, lock.text).toBe(200);
    expect(lock.json).toMatchObject({ locked: true });
    expectProblem('locked', await unlock(server, body, headers), 423);
    expect(await isLocked(server)).toBe(true);
  });

  test('no invocation opens a vault without its passphrase, nor says that it did', async () => {
    const { make, bearer } = await letBobIn(url);
    const server = await serve(url);
    const invoked = async (invocation: Invocation) =>
      ask(server.url, '/api/invoke', {
        body: (await bearer(invocation)).Authorization.slice('Bearer '.length),
        headers: { 'Content-Type': 'text/plain', Accept: 'application/json' },
      });
    const first = await make('/database/unlock');
    expectProblem('bad_input', await invoked(first), 400);
    expect((await unlock(server, body, await bearer(first))).status).toBe(200);
    const entries = await entriesOf(url);
    const second = await make('/database/unlock');
    expectProblem('bad_input', await invoked(second), 400);
    expectProblem('bad_input', await unlock(server, { method: 'passphrase' }, await bearer(second)), 400);
    expectProblem('bad_input', await unlock(server, { method: 'passphrase' }), 400);
    expect(await entriesOf(url)).toBe(entries);
    const again = await invoked(first);
    expect(again.headers['hanaper-replay'], again.text).toBe('true');
  });

  test('an invocation is judged before the passphrase is', async () => {
    const { make, bearer } = await letBobIn(url);
    const server = await serve(url);
    const wrong = { ...body, passphrase: 'another passphrase' };
    const expired = await bearer(await make('/database/unlock', { expiration: seconds() - 60 }));
    expectProblem('token_expired', await unlock(server, wrong, expired));
    const another = await bearer(await make('/database/lock'));
    expectProblem('not_authorized', await unlock(server, wrong, another));
    const args = await bearer(await make('/database/unlock', { args: { passphrase: 'x' } }));
    expectProblem('bad_input', await unlock(server, wrong, args));
    const stranger = await principal('stranger');
    const alone = await invoke(
      stranger,
      { did: (await ask(server.url, '/api/crypto/status')).json['did'] as string },
      [],
      {
        command: '/database/unlock',
        expiration: seconds() + 60,
      },
    );
    expectProblem('invalid_claim', await unlock(server, wrong, await bearer(alone)), 403);
    // None of these has counted as a wrong passphrase.
    expect(server.events.filter(({ name }) => name === 'vault.unlock_failed')).toEqual([]);
  });

  test('a wrong passphrase does not consume the invocation', async () => {
    const { make, bearer } = await letBobIn(url);
    const server = await serve(url);
    const headers = await bearer(await make('/database/unlock'));
    expectProblem('wrong_passphrase', await unlock(server, { ...body, passphrase: 'another one' }, headers), 403);
    expect(await isLocked(server)).toBe(true);
    expect((await unlock(server, body, headers)).status).toBe(200);
  });

  test('unlocking what is open tries the passphrase, and leaves it open', async () => {
    const server = await serve(url);
    await unlock(server);
    expectProblem('wrong_passphrase', await unlock(server, { ...body, passphrase: 'another one' }), 403);
    expect(await isLocked(server)).toBe(false);
    expect((await unlock(server)).status).toBe(200);
    expect(await isLocked(server)).toBe(false);
  });

  test('wrong passphrases are slowed, and the right one has to wait as well', async () => {
    let now = Date.now();
    const server = await serve(url, { authority: { database: url, clock: () => new Date(now) } });
    const wrong = { ...body, passphrase: 'another one' };
    for (let attempt = 0; attempt < 4; attempt++) expectProblem('wrong_passphrase', await unlock(server, wrong), 403);
    const slowed = expectProblem('rate_limited', await unlock(server), 429);
    expect(slowed.headers['retry-after']).toBe('1');
    now += 1000;
    expectProblem('wrong_passphrase', await unlock(server, wrong), 403);
    expect(expectProblem('rate_limited', await unlock(server), 429).headers['retry-after']).toBe('2');
    now += 2000;
    expect((await unlock(server)).status).toBe(200);
    expectProblem('wrong_passphrase', await unlock(server, wrong), 403);
    expect((await unlock(server)).status).toBe(200);
  });

  test('what is asked of validate is what the invocation says, less the passphrase', async () => {
    const { make, bearer } = await letBobIn(url);
    const server = await serve(url);
    const args = { method: 'passphrase', security_level: 'sensitive' };
    const headers = await bearer(await make('/database/validate', { args }));
    const validate = (json: unknown, given: Readonly<Record<string, string>> = headers) =>
      ask(server.url, '/api/crypto/validate', { json, headers: given });
    expect((await validate(args)).json).toEqual({ valid: true, warnings: [] });
    expect((await validate({ ...args, passphrase })).json).toEqual({ valid: true, warnings: [] });
    expectProblem('not_authorized', await validate({ ...args, security_level: 'balanced' }), 403);
    expectProblem('not_authorized', await validate({ method: 'passphrase' }), 403);
    expectProblem('not_authorized', await validate(args, await bearer(await make('/database/unlock', { args }))), 403);
    expectProblem('token_missing', await validate(args, {}), 401);
  });

  test('no answer, event or log line of it holds the passphrase', async () => {
    const server = await serve(url);
    const secret = 'a passphrase that must not be told';
    const answers = [
      await unlock(server, { ...body, passphrase: secret }),
      await unlock(server, { passphrase: secret, more: secret }),
      await ask(server.url, '/api/crypto/unlock', {
        body: `{"passphrase":"${secret}`,
        headers: { 'Content-Type': 'application/json' },
      }),
      await ask(server.url, '/api/crypto/unlock', { body: `passphrase=${secret}` }),
    ];
    for (const { text, status } of answers) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(text).not.toContain(secret);
    }
    const told = JSON.stringify([
      server.events,
      server.requests,
      server.requests.map(({ error }) => String((error as Error)?.stack)),
    ]);
    expect(told).not.toContain(secret);
  });
});

test('a vault that opens by a raw key alone is opened by no passphrase', async () => {
  const [sqlite] = engines;
  const url = (await sqlite?.createUrl()) ?? '';
  await initialize(url, { slot: 'raw', credential: byRawKey(1) });
  const server = await serve(url);
  expectProblem('wrong_passphrase', await unlock(server), 403);
  const open = await serve(url, { credential: byRawKey(1) });
  expect(open.locked).toBe(false);
});

test('one passphrase is tried at a time, and everything else is answered meanwhile', async () => {
  const [sqlite] = engines;
  const url = (await sqlite?.createUrl()) ?? '';
  await initialize(url, { costs: { memoryKib: 96 * 1024, passes: 4, lanes: 1 } });
  const server = await serve(url);
  derivations.each = [];
  derivations.most = 0;
  let isDone = false;
  const unlocking = Promise.all([unlock(server), unlock(server), unlock(server)]).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await ask(server.url, '/healthz');
    derivations.answers++;
  }
  for (const { status } of await unlocking) expect(status).toBe(200);
  expect(derivations.each).toHaveLength(3);
  expect(derivations.most).toBe(1);
  for (const answers of derivations.each) expect(answers).toBeGreaterThan(0);
});

test('a body that is too long, or cut off, is refused, and is no attempt', async () => {
  const [sqlite] = engines;
  const url = (await sqlite?.createUrl()) ?? '';
  await initialize(url);
  const server = await serve(url);
  const headers = { 'Content-Type': 'application/json' };
  const long = JSON.stringify({ passphrase: 'x'.repeat(20_000) });
  expectProblem('too_large', await ask(server.url, '/api/crypto/unlock', { body: long, headers }), 413);
  const chunked = { ...headers, 'Transfer-Encoding': 'chunked' };
  expectProblem('too_large', await ask(server.url, '/api/crypto/unlock', { body: long, headers: chunked }), 413);
  const { host, port } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1');
  const head = `POST /api/crypto/unlock HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: 60\r\n\r\n`;
  socket.end(`${head}{"passphrase": "`);
  const path = '/api/crypto/unlock';
  const asked = () => server.requests.filter((request) => request.path === path);
  // What is answered early has a line of its own beside them.
  await eventually(() => expect(asked()).toHaveLength(3));
  expect(asked()).toMatchObject([
    { path, status: 413 },
    { path, status: 413 },
    { path, status: 400 },
  ]);
  expect(server.events).toEqual([]);
});

test('more passphrases than may wait are refused', async () => {
  const [sqlite] = engines;
  const url = (await sqlite?.createUrl()) ?? '';
  await initialize(url);
  const server = await serve(url);
  const answers = await Promise.all(Array.from({ length: 12 }, () => unlock(server)));
  const statuses = answers.map(({ status }) => status).toSorted();
  expect(statuses).toEqual([...Array.from({ length: 8 }, () => 200), ...Array.from({ length: 4 }, () => 429)]);
});
