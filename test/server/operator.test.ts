import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createTempFolder, engines } from '../support/engines.ts';
import { createPerson } from '../support/remote.ts';
import { ask, expectProblem, serve, type TestServer } from '../support/server.ts';

const body = {
  method: 'passphrase',
  passphrase: 'orange lantern kettle 47',
  custom_params: { memory_kib: 19_456, passes: 2, lanes: 1 },
};
const hash = 'ab'.repeat(32);

function init(server: TestServer, operator: unknown) {
  const headers = { 'Hanaper-Setup-Token': readFileSync(server.setupToken ?? '', 'utf8').trimEnd() };
  return ask(server.url, '/api/crypto/init', { json: { ...body, operator }, headers });
}

describe.each(engines)('$name', (engine) => {
  test('the operator that an initialisation names has everything, with headers that ucan bearer makes', async () => {
    const server = await serve(await engine.createUrl());
    const { cli, did } = await createPerson('me');
    const made = await init(server, did);
    expect(made.status, made.text).toBe(201);
    const { operator } = made.json as { operator: { did: string; delegations: string } };
    expect(operator.did).toBe(did);
    cli.write('me.ucan', operator.delegations);
    const as = ['--server', server.url, '--as', 'me.pem', '--proof', 'me.ucan'];
    const bearer = async (command: string, args: object, ...more: readonly string[]) => {
      const header = await cli.says('ucan', 'bearer', command, '--args', JSON.stringify(args), ...as, ...more);
      const [, value = ''] = /^Authorization: (Bearer [\w-]+)\n$/.exec(header) ?? [];
      return { Authorization: value };
    };
    const post = async (path: string, command: string, json: object, ...more: readonly string[]) =>
      ask(server.url, path, { json, headers: await bearer(command, json, ...more) });
    expect((await post('/api/orgs', '/org/create', { name: 'acme' })).status).toBe(200);
    // The only organisation need not be named.
    expect((await post('/api/orgs/acme/keys', '/key/create', { name: 'release' })).status).toBe(200);
    const args = { hash, name: 'plugin.wasm', key: 'release' };
    const signed = await post('/api/orgs/acme/packages/sign', '/package/sign', args, '--org', 'acme');
    expect(signed.json).toMatchObject({ organisation: 'acme', key: 'release' });
    const list = await ask(server.url, '/api/packages?key=release', {
      headers: await bearer('/package/list', { key: 'release' }),
    });
    expect(list.json).toMatchObject({ signatures: [{ name: 'plugin.wasm', hash, issuer: did, organisation: 'acme' }] });
    // A header is good for its own request alone.
    const other = await ask(server.url, '/api/orgs', {
      json: { name: 'globex' },
      headers: await bearer('/org/create', { name: 'initech' }),
    });
    expectProblem('not_authorized', other, 403);
    await cli.refuses('not_found', 'ucan', 'bearer', '/no/command', ...as);
    await cli.refuses('bad_input', 'ucan', 'bearer', '/org/create', '--args', '{"nam": "x"}', ...as);
    await cli.refuses('usage', 'ucan', 'bearer', '/org/create', '--args', '{"name": "x"}');
  });
});

test('what cannot be an operator is refused, and nothing is initialised', async () => {
  const server = await serve(`sqlite:${await createTempFolder()}/hanaper.db`);
  for (const operator of ['me', 'did:key:z6Mk', 'did:web:example.com', 7, null]) {
    expectProblem('bad_input', await init(server, operator), 400);
  }
  expect((await ask(server.url, '/api/crypto/status')).json).toEqual({ initialized: false });
});
