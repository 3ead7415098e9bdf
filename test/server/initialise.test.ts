import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { initialize } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { createTempFolder, engines } from '../support/engines.ts';
import { ask, expectProblem, serve, type TestServer } from '../support/server.ts';

const passphrase = 'orange lantern kettle 47';
const cheap = { memory_kib: 19_456, passes: 2, lanes: 1 };
const body = { method: 'passphrase', passphrase, custom_params: cheap };
const header = 'Hanaper-Setup-Token';

function tokenOf({ setupToken = '' }: TestServer): string {
  return readFileSync(setupToken, 'utf8').trimEnd();
}

function init(server: TestServer, token: string | undefined, json: unknown = body) {
  return ask(server.url, '/api/crypto/init', { json, ...(token !== undefined && { headers: { [header]: token } }) });
}

describe.each(engines)('$name', (engine) => {
  test('the set-up token initialises a server once, which is open from then on', async () => {
    const server = await serve(await engine.createUrl());
    expect(server).toMatchObject({ initialized: false, locked: true });
    const before = await ask(server.url, '/api/crypto/status');
    expect(before.json).toEqual({ initialized: false });
    const token = tokenOf(server);
    const made = await init(server, token);
    expect(made.status, made.text).toBe(201);
    const status = {
      initialized: true,
      locked: false,
      version: 2,
      algorithm: expect.any(String),
      derivation_method: expect.any(String),
      public_key: expect.stringMatching(/^[0-9a-f]{64}$/),
      did: expect.stringMatching(/^did:key:z6Mk/),
      created_at: expect.any(String),
      integrity_verified: true,
    };
    expect(made.json).toEqual(status);
    expect((await ask(server.url, '/api/crypto/status')).json).toEqual(made.json);
    expect(existsSync(server.setupToken ?? '')).toBe(false);
    expectProblem('already_initialized', await init(server, token), 409);
    expectProblem('already_initialized', await init(server, undefined), 409);
  });
});

test('a server whose database is initialised has no set-up token', async () => {
  const url = `sqlite:${join(await createTempFolder(), 'hanaper.db')}`;
  await initialize(url);
  const server = await serve(url);
  expect(server).toMatchObject({ initialized: true, locked: true });
  expect(server.setupToken).toBeUndefined();
  expectProblem('already_initialized', await init(server, 'x'), 409);
});

describe('a server without a database', () => {
  const start = async (changes = {}) => serve(`sqlite:${join(await createTempFolder(), 'hanaper.db')}`, changes);

  test('has a token of 32 bytes in a file of the owner alone', async () => {
    const server = await start();
    expect(Buffer.from(tokenOf(server), 'base64url')).toHaveLength(32);
    expect(statSync(server.setupToken ?? '').mode & 0o777).toBe(0o600);
    expect(statSync(server.stateFolder).mode & 0o777).toBe(0o700);
  });

  test('is not initialised without the token, nor by another', async () => {
    const server = await start();
    expectProblem('token_missing', await init(server, undefined), 401);
    expectProblem('not_authorized', await init(server, 'A'.repeat(43)), 403);
    expect((await ask(server.url, '/api/crypto/status')).json).toEqual({ initialized: false });
  });

  test('makes a caller who guesses tokens wait', async () => {
    const server = await start();
    for (let attempt = 0; attempt < 4; attempt++) expectProblem('not_authorized', await init(server, 'no'), 403);
    const slowed = expectProblem('rate_limited', await init(server, 'no'), 429);
    expect(slowed.headers['retry-after']).toBe('1');
    expectProblem('rate_limited', await init(server, tokenOf(server)), 429);
  });

  test('takes no token that is older than an hour', async () => {
    let now = Date.parse('2026-03-01T12:00:00.000Z');
    const database = `sqlite:${join(await createTempFolder(), 'hanaper.db')}`;
    const server = await serve(database, { authority: { database, clock: () => new Date(now) } });
    const token = tokenOf(server);
    now += 60 * 60 * 1000 + 1;
    expectProblem('not_authorized', await init(server, token), 403);
    expect(existsSync(server.setupToken ?? '')).toBe(false);
  });

  /** Where the token of a database goes that has no server yet. */
  async function findPlace() {
    const database = `sqlite:${join(await createTempFolder(), 'hanaper.db')}`;
    const { stop, stateFolder, setupToken: path = '' } = await serve(database);
    await stop();
    return { database, stateFolder, path };
  }

  test('follows no link that lies where the token goes', async () => {
    const { database, stateFolder, path } = await findPlace();
    const target = join(stateFolder, 'target');
    writeFileSync(target, 'kept');
    symlinkSync(target, path);
    await expectCode('bad_config', () => serve(database, { stateFolder }));
    expect(readFileSync(target, 'utf8')).toBe('kept');
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
  });

  test('leaves the token of another database alone, in the same state folder, and names its own', async () => {
    const one = await start();
    const other = await start({ stateFolder: one.stateFolder });
    expect(other.setupToken).not.toBe(one.setupToken);
    expect(dirname(other.setupToken ?? '')).toBe(one.stateFolder);
    for (const server of [one, other]) {
      const { json } = expectProblem('token_missing', await init(server, undefined), 401);
      expect(json['detail']).toContain(`"${basename(server.setupToken ?? '')}"`);
    }
    expectProblem('not_authorized', await init(one, tokenOf(other)), 403);
    expect((await init(one, tokenOf(one))).status).toBe(201);
    expect((await init(other, tokenOf(other))).status).toBe(201);
  });

  test('takes nothing but a file for an old token', async () => {
    const { database, stateFolder, path } = await findPlace();
    mkdirSync(path);
    await expectCode('bad_config', () => serve(database, { stateFolder }));
  });

  test('replaces the token that a killed server has left, and takes its own away when it stops', async () => {
    const { database, stateFolder, path } = await findPlace();
    writeFileSync(path, 'old');
    const server = await serve(database, { stateFolder });
    expect(server.setupToken).toBe(path);
    const token = tokenOf(server);
    expect(token).not.toBe('old');
    expectProblem('not_authorized', await init(server, 'old'), 403);
    await server.stop();
    expect(existsSync(server.setupToken ?? '')).toBe(false);
  });

  test('keeps its token through an initialisation that fails', async () => {
    let score = 1;
    const server = await start({ estimate: async () => ({ score, reasons: ['It is a name.'] }) });
    const weak = expectProblem('weak_passphrase', await init(server, tokenOf(server)), 400);
    expect(weak.text).not.toContain(passphrase);
    expectProblem(
      'bad_input',
      await init(server, tokenOf(server), { ...body, custom_params: { ...cheap, passes: 1 } }),
      400,
    );
    expectProblem('bad_input', await init(server, tokenOf(server), { ...body, method: 'raw' }), 400);
    expectProblem('bad_input', await init(server, tokenOf(server), { ...body, more: 1 }), 400);
    expectProblem('bad_input', await init(server, tokenOf(server), { method: 'passphrase' }), 400);
    expectProblem('bad_input', await init(server, tokenOf(server), { ...body, passphrase: 4 }), 400);
    expectProblem('bad_input', await init(server, tokenOf(server), { ...body, passphrase: 'a\u0000' }), 400);
    expectProblem('bad_input', await init(server, tokenOf(server), [body]), 400);
    score = 3;
    expect((await init(server, tokenOf(server), { ...body, method: 'derived' })).status).toBe(201);
    expect((await ask(server.url, '/api/crypto/status')).json).toMatchObject({ locked: false });
  });

  test('is initialised once by two at the same time', async () => {
    const server = await start();
    const token = tokenOf(server);
    const answers = await Promise.all([init(server, token), init(server, token), init(server, token)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409]);
  });

  test('estimates the passphrase in a thread of its own', async () => {
    const server = await start({ estimate: undefined });
    expectProblem('weak_passphrase', await init(server, tokenOf(server), { ...body, passphrase: 'password' }), 400);
    expect((await init(server, tokenOf(server))).status).toBe(201);
  });

  test('tells a caller with the token whether a master key could be made so', async () => {
    const server = await start({ estimate: async () => ({ score: 2, reasons: ['It is a name.'] }) });
    const validate = (json: unknown, token = tokenOf(server)) =>
      ask(server.url, '/api/crypto/validate', { json, headers: { [header]: token } });
    expect((await validate({ method: 'passphrase' })).json).toEqual({ valid: true, warnings: [] });
    expect((await validate({ method: 'derived', security_level: 'interactive' })).json).toEqual({
      valid: true,
      warnings: [expect.stringContaining('memory'), expect.stringContaining('derived')],
    });
    expect((await validate({ ...body, custom_params: { ...cheap, lanes: 17 } })).json).toEqual({
      valid: false,
      warnings: [expect.stringContaining('out of bounds'), expect.stringContaining('It is a name.')],
    });
    expect((await validate({ method: 'passphrase', passphrase: 'a\u0000' })).json).toEqual({
      valid: false,
      warnings: [expect.stringContaining('control')],
    });
    expectProblem('not_authorized', await validate({ method: 'passphrase' }, 'no'), 403);
    expectProblem(
      'token_missing',
      await ask(server.url, '/api/crypto/validate', { json: { method: 'passphrase' } }),
      401,
    );
    expect(tokenOf(server)).toMatch(/./);
  });

  test('is not to be unlocked, nor locked', async () => {
    const server = await start();
    expectProblem('not_initialized', await ask(server.url, '/api/crypto/unlock', { json: { passphrase } }), 409);
  });
});
