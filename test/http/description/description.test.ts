import { expect, test } from 'vitest';
import { commands } from '../../../src/authority/commands/list.ts';
import { createOpenApi } from '../../../src/http/description/openapi.ts';
import { engines } from '../../support/engines.ts';
import { apiOf } from '../../support/http.ts';
import { type OperationDocument, operationsOf } from '../../support/openapi.ts';
import { createPlace } from '../../support/place.ts';
import { ask } from '../../support/server.ts';

const operations = operationsOf(createOpenApi());

function operationOf(method: string, path: string): OperationDocument {
  const found = operations.find((each) => each.method === method && each.path === path);
  if (found) return found;
  throw new TypeError(`${method} ${path} is not described`);
}

test.each(commands)('each argument of $name has one place, beside the organisation', ({ args, route, access }) => {
  const { parameters, body, responses } = operationOf(route.method, route.path);
  const { shape } = args as unknown as { readonly shape: Readonly<Record<string, unknown>> };
  const named = parameters.filter((each) => each.in !== 'header').map(({ name }) => name);
  const places = [...named, ...Object.keys(body?.properties ?? {})];
  const own = places.filter((name) => name !== 'org' && name !== 'passphrase');
  expect(own.toSorted()).toEqual(Object.keys(shape).toSorted());
  expect(places.includes('org')).toBe(route.path.includes('{org}'));
  expect(JSON.stringify(responses).includes('Hanaper-Receipt')).toBe(access === 'write');
});

test('what stands in a path is a parameter of it, and every parameter says what it is for', () => {
  for (const { path, parameters } of operations) {
    const inPath = parameters.filter((each) => each.in === 'path').map(({ name }) => name);
    expect(inPath, path).toEqual(Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name));
    for (const { name, description } of parameters) expect(description, `${path} ${name}`).toMatch(/\w/);
  }
});

test('a link is described as DAG-JSON has it', () => {
  const { body } = operationOf('POST', '/api/revocations');
  expect(body?.properties?.['revoke']).toMatchObject({ type: 'object', required: ['/'], additionalProperties: false });
});

test('what the fixed routes answer is as they are described', async () => {
  const [sqlite] = engines;
  if (!sqlite) throw new TypeError('there is an engine');
  const { server } = await createPlace(sqlite);
  const query = { hash: 'ab'.repeat(32), name: 'a', organisation: 'acme', signatures: [{}] };
  const asked = [
    ['GET', '/healthz', {}],
    ['GET', '/readyz', {}],
    ['GET', '/.well-known/did.json', {}],
    ['GET', '/api/crypto/status', {}],
    ['POST', '/api/verify', { json: query, headers: { 'Content-Type': 'application/json' } }],
  ] as const;
  for (const [method, path, options] of asked) {
    const { status, json, text } = await ask(server.url, path, { method, ...options });
    const { answer } = operationOf(method, path);
    expect(status, text).toBe(200);
    expect(Object.keys(answer?.properties ?? {})).toEqual(expect.arrayContaining(Object.keys(json)));
    expect(Object.keys(json)).toEqual(expect.arrayContaining([...(answer?.required ?? ['nothing'])]));
  }
});

test('the page for people closes what it opens, and gives every place a name of its own', async () => {
  const html = await (await apiOf().send('/docs')).text();
  const open: string[] = [];
  for (const [, slash, name = ''] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)(?=[\s>])[^>]*>/g)) {
    if (name === 'meta') continue;
    if (slash === '/') expect(open.pop()).toBe(name);
    else open.push(name);
  }
  expect(open).toEqual([]);
  const ids = Array.from(html.matchAll(/\sid="([^"]*)"/g), ([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { operationId } of operations) expect(ids).toContain(operationId);
  expect(html).not.toMatch(/undefined|\[object|NaN/);
  // Each plain route shows the command that makes its header.
  for (const { name } of commands) expect(html).toContain(`hanaper ucan bearer ${name}`);
});

test('a browser that opens the server is led to the page, and nobody else is', async () => {
  const led = await apiOf().send('/', { headers: { accept: 'text/html,application/xhtml+xml;q=0.9' } });
  expect([led.status, led.headers.get('location')]).toEqual([303, '/docs']);
  for (const accept of ['application/json', '*/*']) {
    expect((await apiOf().send('/', { headers: { accept } })).status).toBe(404);
  }
});
