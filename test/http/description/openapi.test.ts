import { createHash } from 'node:crypto';
import { Validator } from '@seriousme/openapi-schema-validator';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { commands } from '../../../src/authority/commands/list.ts';
import type { AnyCommand } from '../../../src/authority/schemas/command.ts';
import { problemSchema } from '../../../src/http/description/described-problems.ts';
import type { JsonSchema } from '../../../src/http/description/json-schema.ts';
import { createOpenApi, type Operation } from '../../../src/http/description/openapi.ts';
import { createApp } from '../../../src/http/listening/app.ts';
import { statuses } from '../../../src/http/request/statuses.ts';
import { mountCrypto } from '../../../src/http/routes/crypto.ts';
import type { DatabaseService } from '../../../src/http/routes/database-service.ts';
import { fromJsonValue } from '../../../src/ucan/index.ts';
import { engines } from '../../support/engines.ts';
import { fuzzRuns } from '../../support/fuzz.ts';
import { createPlace, type Place } from '../../support/place.ts';
import { type Answered, ask, serve } from '../../support/server.ts';
import { containerOf } from '../../support/tokens.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: JsonSchema;
}

interface Described {
  readonly path: string;
  readonly method: string;
  readonly parameters: readonly Parameter[];
  readonly body: JsonSchema | undefined;
  readonly command: AnyCommand | undefined;
}

type Values = Readonly<Record<string, unknown>>;

/** One request: what it says beside its path, and what its invocation says. */
interface Draft {
  readonly values: Values;
  readonly body: unknown;
  readonly signed: 'same' | 'other' | 'garbage' | 'none';
  readonly broken: 'nothing' | 'values' | 'body' | 'text' | 'type' | 'query';
  readonly noise: string;
}

const { paths } = createOpenApi();
const problem = z.fromJSONSchema(problemSchema);
const operations: readonly Described[] = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => describeOperation(path, method.toUpperCase(), operation)),
);

function describeOperation(path: string, method: string, operation: Operation): Described {
  const { requestBody, parameters = [] } = operation as {
    requestBody?: { content: Record<string, { schema: JsonSchema }> };
    parameters?: readonly Parameter[];
  };
  const command = commands.find(({ route }) => route.path === path && route.method === method);
  return { path, method, parameters, command, body: requestBody?.content['application/json']?.schema };
}

/** Values that fit a JSON Schema, as far as the document uses it. */
function valuesOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  const { type, pattern, const: only, enum: choices, anyOf, items, prefixItems } = schema;
  if (only !== undefined) return fc.constant(only);
  if (Array.isArray(choices)) return fc.constantFrom(...(choices as unknown[]));
  if (Array.isArray(anyOf)) return fc.oneof(...anyOf.map((each: JsonSchema) => valuesOf(each)));
  if (Array.isArray(prefixItems)) return fc.tuple(...prefixItems.map((each: JsonSchema) => valuesOf(each)));
  const { minimum = -1000, maximum = 1000 } = schema as { minimum?: number; maximum?: number };
  if (type === 'integer') return fc.integer({ min: Math.max(minimum, -1000), max: Math.min(maximum, 2000) });
  if (type === 'boolean') return fc.boolean();
  if (type === 'string') return typeof pattern === 'string' ? textsLike(pattern) : fc.string({ minLength: 1 });
  if (type === 'array') return fc.array(valuesOf((items ?? {}) as JsonSchema), { minLength: 1, maxLength: 3 });
  if (type !== 'object') return fc.jsonValue();
  return schema['additionalProperties'] === true ? fc.dictionary(fc.string(), fc.jsonValue()) : objectsOf(schema);
}

function textsLike(pattern: string): fc.Arbitrary<string> {
  const time = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2999-01-01') });
  if (pattern.startsWith('^\\d{4}')) return time.map((each) => each.toISOString());
  return fc.stringMatching(new RegExp(pattern));
}

function objectsOf({ properties = {}, required = [] }: JsonSchema): fc.Arbitrary<unknown> {
  const fields = Object.entries(properties as Readonly<Record<string, JsonSchema>>);
  const model = Object.fromEntries(fields.map(([name, schema]) => [name, valuesOf(schema)]));
  return fc.record(model, { requiredKeys: required as string[], noNullPrototype: true });
}

function draftsOf({ parameters, body }: Described): fc.Arbitrary<Draft> {
  const properties = Object.fromEntries(parameters.map(({ name, schema }) => [name, schema]));
  const required = parameters.filter((each) => each.required).map(({ name }) => name);
  return fc.record({
    values: objectsOf({ properties, required }) as fc.Arbitrary<Values>,
    body: body ? valuesOf(body) : fc.constant(undefined),
    signed: fc.constantFrom('same', 'same', 'same', 'other', 'garbage', 'none'),
    broken: fc.constantFrom('nothing', 'nothing', 'nothing', 'values', 'body', 'text', 'type', 'query'),
    noise: fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.constantFrom('..', '__proto__', '%00', '\u0000'),
    ),
  });
}

async function bearerOf(place: Place, { command, parameters }: Described, { values, body, signed, noise }: Draft) {
  if (signed === 'none' || (command === undefined && signed !== 'garbage')) return undefined;
  if (signed === 'garbage') return `C${Buffer.from(noise).toString('base64url')}`;
  // One that locks the database would keep all the others from what they are to try.
  if (command === undefined || command.name === '/database/lock') return undefined;
  const named = Object.fromEntries(
    Object.entries(values).filter(
      ([name]) => parameters.some((each) => each.name === name && each.in !== 'header') && name !== 'org',
    ),
  );
  const { passphrase: _, ...rest } = (body ?? {}) as Values;
  try {
    const args = fromJsonValue(signed === 'same' ? { ...named, ...rest } : { other: noise }) as never;
    return await containerOf((await place.sign({ command, args })).tokens);
  } catch {
    // Not everything that fits a schema can be put into a token: a CID must be one.
    return undefined;
  }
}

async function send(place: Place, described: Described, draft: Draft): Promise<Answered> {
  const { path, method, parameters } = described;
  const { values, broken, noise, body } = draft;
  const statedAs = (name: string) => {
    if (broken === 'values') return noise;
    return name === 'org' ? 'acme' : String(values[name]);
  };
  const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(statedAs(name)));
  const inQuery = parameters.filter((each) => each.in === 'query' && Object.hasOwn(values, each.name));
  const query = new URLSearchParams(inQuery.map(({ name }) => [name, statedAs(name)]));
  if (broken === 'query') query.append(noise, noise);
  const bearer = await bearerOf(place, described, draft);
  const said =
    broken === 'body' ? JSON.stringify({ body, [noise]: noise }) : broken === 'text' ? noise : JSON.stringify(body);
  return ask(place.server.url, `${target}?${query}`, {
    method,
    ...(method !== 'GET' && said !== undefined && { body: said }),
    headers: {
      'Content-Type': broken === 'type' ? 'text/plain' : 'application/json',
      ...(bearer && { Authorization: `Bearer ${bearer}` }),
    },
  });
}

function expectInOrder({ command, method, path }: Described, { status, json, headers, text }: Answered): void {
  expect(status, `${method} ${path}: ${text}`).toBeLessThan(500);
  expect(headers['x-request-id']).toBeDefined();
  if (status >= 300) {
    const code = json['code'] as keyof typeof statuses;
    expect(headers['content-type']).toBe('application/problem+json');
    expect({ code, status: statuses[code] }).toEqual({ code, status });
    expect(problem.safeParse(json), text).toMatchObject({ success: true });
    return;
  }
  if (command) expect(command.result.safeParse(json), text).toMatchObject({ success: true });
}

test('the document is valid', async () => {
  const server = await serve(await (engines[0]?.createUrl() ?? ''));
  const { json, headers } = await ask(server.url, '/openapi.json');
  expect(headers['content-type']).toBe('application/json');
  const validator = new Validator();
  expect(await validator.validate(json as never)).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

test('every operation has an id of its own, a summary, and an answer', () => {
  const described = Object.values(paths).flatMap((methods) => Object.values(methods));
  expect(new Set(described.map(({ operationId }) => operationId)).size).toBe(described.length);
  for (const { summary, responses, tags } of described) {
    expect([typeof summary, typeof responses, Array.isArray(tags)]).toEqual(['string', 'object', true]);
  }
});

test('the document has every route that there is, and no other', () => {
  const service = { isReady: false, authority: () => undefined } as unknown as DatabaseService;
  const options = { service, now: () => 0, estimate: async () => ({ score: 4, reasons: [] }) };
  const mount = (mounted: Parameters<typeof mountCrypto>[0]) => mountCrypto(mounted, options as never);
  const app = createApp({ service, hosts: new Set(), log: () => undefined, publicLog: true, mount });
  const own = ['GET /openapi.json', 'GET /', 'GET /docs'];
  const routes = app.routes.filter(({ method }) => method !== 'ALL');
  const served = routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
  // One route serves all kinds of tiles.
  const described = new Set(
    operations.map(({ method, path }) => `${method} ${path.replace(/^\/log\/tile\/.*/, '/log/tile/*')}`),
  );
  expect(served.filter((route) => !own.includes(route)).toSorted()).toEqual([...described].toSorted());
  expect(new Set(served).size).toBe(served.length);
});

test('no request that is made from the document, well or badly, finds a fault', async () => {
  const [sqlite] = engines;
  if (!sqlite) throw new TypeError('there is an engine');
  const place = await createPlace(sqlite);
  const seen = new Map<number, number>();
  for (const described of operations) {
    await fc.assert(
      fc.asyncProperty(draftsOf(described), async (draft) => {
        const answered = await send(place, described, draft);
        expectInOrder(described, answered);
        seen.set(answered.status, (seen.get(answered.status) ?? 0) + 1);
      }),
      { numRuns: fuzzRuns(9) },
    );
  }
  expect(place.server.failures).toEqual([]);
  // Neither all refused nor all accepted: else this would show nothing.
  for (const status of [200, 400, 401, 403]) expect(seen.get(status) ?? 0, `${status}`).toBeGreaterThan(9);
  expect((await ask(place.server.url, '/readyz')).json).toEqual({ ready: true, locked: false });
});

test('the page for people needs no script and nothing from elsewhere', async () => {
  const server = await serve(await (engines[0]?.createUrl() ?? ''));
  const { text, headers } = await ask(server.url, '/docs');
  expect(headers['content-type']).toBe('text/html; charset=utf-8');
  expect(text).not.toMatch(/<(script|link|img|iframe|object|embed|base|form)\b|@import|url\(|\son\w+=/i);
  const links = Array.from(text.matchAll(/(?:href|src)="([^"]*)"/g), ([, link = '']) => link);
  expect(links.length).toBeGreaterThan(3);
  const ids = Array.from(text.matchAll(/\sid="([^"]*)"/g), ([, id = '']) => id);
  for (const link of links) {
    if (link.startsWith('#')) expect(ids).toContain(link.slice(1));
    else expect((await ask(server.url, link)).status).toBe(200);
  }
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(text) ?? [];
  const digest = createHash('sha256').update(style).digest('base64');
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain(`style-src 'sha256-${digest}'`);
  expect(policy).toMatch(/^default-src 'none';/);
  expect(policy).not.toContain('unsafe');
  expect(text).not.toMatch(/ style="/);
  for (const { path } of operations) expect(text).toContain(path);
  for (const { name } of commands) expect(text).toContain(name);
});
