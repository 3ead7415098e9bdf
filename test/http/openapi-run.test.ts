import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Authority } from '../../src/authority/authority.ts';
import type { AnyCommand } from '../../src/authority/command.ts';
import { commands } from '../../src/authority/commands/list.ts';
import { createKey, listOrganisations, setOrganisation } from '../../src/authority/index.ts';
import { type ErrorCode, errorCodes } from '../../src/errors.ts';
import { createOpenApi } from '../../src/http/openapi.ts';
import { statuses } from '../../src/http/statuses.ts';
import { containerEncodings, type Delegation, encodeContainer, fromJsonValue } from '../../src/ucan/index.ts';
import { createAuthority } from '../support/authority.ts';
import { engines } from '../support/engines.ts';
import { fuzzRuns } from '../support/fuzz.ts';
import { apiOf, type TestApi } from '../support/http.ts';
import { findStray, type OperationDocument, operationsOf, valuesOf } from '../support/openapi.ts';
import { createOutsider, type Outsider } from '../support/outsider.ts';
import { createPlace } from '../support/place.ts';
import { containerOf } from '../support/tokens.ts';

// What locks the vault would have everything after it refused.
const operations = operationsOf(createOpenApi()).filter(({ path }) => path !== '/api/crypto/lock');
const plain = operations.flatMap((operation) => {
  const command = commands.find(({ route }) => route.method === operation.method && route.path === operation.path);
  return command && !operation.path.startsWith('/api/crypto/') ? [{ command, operation }] : [];
});

/** A request without its origin. */
interface Sent {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

type Args = Readonly<Record<string, unknown>>;

// Names that are there, beside those that are not.
const known = ['acme', 'release', 'globex'];

describe.each(engines)('Of what the OpenAPI document describes, on $name,', ({ createUrl }) => {
  let authority: Authority;
  let api: TestApi;
  let outsider: Outsider;

  beforeAll(async () => {
    ({ authority } = await createAuthority(await createUrl()));
    api = apiOf(authority, { rate: { perSecond: 1e6, burst: 1e6 } });
    await authority.executeFor('acme', createKey, { name: 'release' });
    await authority.executeFor('acme', setOrganisation, { public_verification: 'on', hash_signatures: 'on' });
    outsider = await createOutsider(authority, 'admin');
  });
  afterAll(() => authority.close());

  async function sendAs({ path, method, headers, body }: Sent): Promise<Response> {
    const response = await api.send(path, { method, headers, ...(body !== undefined && method !== 'GET' && { body }) });
    await expectNoFault(response);
    return response;
  }

  async function sign(command: AnyCommand, args: unknown): Promise<string> {
    const wish = { command: command.name, args: args as object };
    const { container } = await (command.subject === 'organisation' ? outsider.signFor(wish) : outsider.sign(wish));
    return container;
  }

  test.each(plain)('$command.name: well-formed requests are answered as it says', async ({ command, operation }) => {
    const seen = new Set<string>();
    const run = async (args: Args) => {
      const bearer = await sign(command, fromJsonValue(args));
      const response = await sendAs(plainRequest(operation, command, args, bearer));
      const answer = await response.json();
      seen.add(answer.code ?? 'done');
      expect(answer.code === 'not_authorized' ? answer.details : {}, JSON.stringify(args)).not.toMatchObject({
        reason: 'another request',
      });
      if (response.status === 200) expect(findStray(operation, answer), JSON.stringify(answer)).toEqual([]);
    };
    await fc.assert(fc.asyncProperty(argsOf(operation, command), run), { numRuns: fuzzRuns(12) });
    expect([...seen].filter((code) => ['token_missing', 'malformed_token', 'subject_mismatch'].includes(code))).toEqual(
      [],
    );
  });

  test.each(plain)('$command.name: arguments of any other kind are bad input', async ({ command, operation }) => {
    const run = async (args: Args) => {
      const bearer = await sign(command, fromJsonValue(args));
      const response = await sendAs(plainRequest(operation, command, args, bearer));
      if (!command.args.safeParse(fromJsonValue(args)).success) expect(response.status).not.toBe(200);
    };
    await fc.assert(fc.asyncProperty(wrongArgsOf(operation, command), run), { numRuns: fuzzRuns(8) });
  });

  test('a container with anything changed in it is refused', async () => {
    const { invocation } = await outsider.sign({ command: listOrganisations.name, args: {} });
    const proofs: readonly Delegation[] = outsider.ofAuthority;
    const tokens = [invocation, ...proofs].map(({ bytes }) => bytes);
    const run = async (encoding: (typeof containerEncodings)[number], place: number, bit: number, cut: number) => {
      const container = await encodeContainer(tokens, encoding);
      const at = place % container.length;
      container[at] = (container[at] ?? 0) ^ (1 << bit);
      const body = container.slice(0, container.length - (cut % 4));
      const headers = { 'content-type': 'application/octet-stream' };
      const response = await sendAs({ path: '/api/invoke', method: 'POST', headers, body });
      // The head of gzip has a time and the name of a system, which say nothing.
      if (!encoding.endsWith('gzip')) expect(response.status).toBeGreaterThanOrEqual(400);
    };
    const places = [fc.nat(), fc.nat({ max: 7 }), fc.nat()] as const;
    await fc.assert(fc.asyncProperty(fc.constantFrom(...containerEncodings), ...places, run), {
      numRuns: fuzzRuns(200),
    });
  });

  test('the process has told of no fault', () => {
    expect(api.entries.length).toBeGreaterThan(500);
    expect(api.entries.filter(({ status }) => status >= 500)).toEqual([]);
  });
});

test.each(engines)('Whatever is sent to a server on $name is no fault of it', async (engine) => {
  const place = await createPlace(engine);
  const signed = await containerOf((await place.sign({ command: listOrganisations })).tokens);
  const run = async ({ path, method, headers, body }: Sent) => {
    const hasBody = body !== undefined && method !== 'GET';
    await expectNoFault(await fetch(`${place.server.url}${path}`, { method, headers, ...(hasBody && { body }) }));
  };
  for (const operation of operations) {
    await fc.assert(fc.asyncProperty(disorderOf(operation, signed), run), { numRuns: fuzzRuns(20) });
  }
  expect(place.server.requests.length).toBeGreaterThan(500);
  expect(place.server.requests.filter(({ status }) => status >= 500)).toEqual([]);
  expect(place.server.failures).toEqual([]);
});

async function expectNoFault(response: Response): Promise<void> {
  if (response.status < 400) return;
  const text = await response.clone().text();
  expect(response.status, text).toBeLessThan(500);
  expect(response.headers.get('content-type'), text).toBe('application/problem+json');
  const { code, status, detail } = JSON.parse(text);
  expect(errorCodes).toContain(code);
  expect({ code, status, detail }).toEqual({
    code,
    status: statuses[code as ErrorCode],
    detail: expect.stringMatching(/\.$/),
  });
  expect(text).not.toMatch(/\n {4}at |node_modules|\.ts:\d|sqlite|postgres/i);
}

function plainRequest({ path, method }: OperationDocument, command: AnyCommand, args: Args, bearer: string): Sent {
  const rest = { ...args };
  const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'org' && command.subject === 'organisation') return 'acme';
    const value = rest[name];
    delete rest[name];
    return encodeURIComponent(String(value));
  });
  const headers = { authorization: `Bearer ${bearer}` };
  if (method !== 'GET') {
    return {
      path: target,
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(rest),
    };
  }
  const query = new URLSearchParams(Object.entries(rest).map(([name, value]) => [name, String(value)]));
  return { path: `${target}?${query}`, method, headers };
}

/** Arguments as the document describes them, with names among them that are known. */
function argsOf({ parameters, body }: OperationDocument, command: AnyCommand): fc.Arbitrary<Args> {
  const described = parameters.filter(({ name }) => name !== 'org' || command.subject !== 'organisation');
  const places = Object.fromEntries(described.map(({ name, schema }) => [name, withKnown(name, valuesOf(schema))]));
  const required = described.filter((each) => each.required === true).map(({ name }) => name);
  const fields = Object.entries(body?.properties ?? {}).map(
    ([name, schema]) => [name, withKnown(name, valuesOf(schema))] as const,
  );
  const requiredKeys: string[] = [...required, ...(body?.required ?? [])];
  const args: fc.Arbitrary<Args> = fc.record({ ...places, ...Object.fromEntries(fields) }, { requiredKeys });
  return args.filter(
    (each) =>
      isOfTheModel(each) &&
      isWithinPath(
        each,
        described.map(({ name }) => name),
      ),
  );
}

/** The same with one of them of another kind, missing, or one more; what stands in the path stays. */
function wrongArgsOf(operation: OperationDocument, command: AnyCommand): fc.Arbitrary<Args> {
  const inPath = operation.parameters.filter((each) => each.in === 'path').map(({ name }) => name);
  const isQuery = operation.method === 'GET';
  const value = isQuery ? fc.oneof(fc.string(), fc.integer(), fc.boolean()) : fc.jsonValue({ maxDepth: 3 });
  return fc
    .tuple(argsOf(operation, command), fc.string({ maxLength: 8 }), value, fc.nat())
    .map(([args, name, any, choice]) => {
      const changeable = [...Object.keys(args).filter((each) => !inPath.includes(each)), name];
      return { ...args, [changeable[choice % changeable.length] ?? name]: any };
    })
    .filter((args) => isOfTheModel(args));
}

function withKnown(name: string, values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return ['name', 'key', 'child'].includes(name) ? fc.oneof(values, fc.constantFrom(...known)) : values;
}

/** Requests in which nothing fits, or only some of it. */
function disorderOf({ path, method, body }: OperationDocument, signed: string): fc.Arbitrary<Sent> {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string(),
    fc.constantFrom(...known, '..', '%', '\0', '😀', ''),
  );
  const segment = text
    .filter((each) => each.isWellFormed() && each !== '.' && each !== '..')
    .map((each) => encodeURIComponent(each) || '%20');
  const target = fc
    .tuple(fc.array(segment, { minLength: 3, maxLength: 3 }), fc.array(fc.tuple(segment, segment), { maxLength: 3 }))
    .map(([segments, pairs]) => {
      const left = [...segments];
      const query = pairs.map((pair) => pair.join('=')).join('&');
      return `${path.replaceAll(/\{\w+\}/g, () => left.pop() ?? 'x')}${query === '' ? '' : `?${query}`}`;
    });
  const token = fc.oneof(
    fc.constant(signed),
    fc.stringMatching(/^[BCOP][A-Za-z0-9+/_=-]{0,80}$/),
    fc.stringMatching(/^[!-~]*$/),
  );
  const authorization = fc.oneof(
    fc.tuple(fc.constantFrom('Bearer ', 'bearer ', 'Basic ', ''), token).map((parts) => parts.join('')),
  );
  const type = fc.constantFrom(
    'application/json',
    'application/octet-stream',
    'text/plain',
    'text/html',
    'application/json; charset=utf-16',
  );
  const anyBody = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json(),
    fc.constantFrom(
      '{"__proto__":{"a":1}}',
      '[',
      '"',
      '{"/":"x"}',
      '\ufeff{}',
      `${'['.repeat(5000)}`,
      '{"a":1e999}',
      signed,
    ),
    ...(body ? [valuesOf(body).map((value) => JSON.stringify(value))] : []),
  );
  return fc
    .record({
      path: target,
      method: fc.constantFrom(method, method, method, 'GET', 'POST', 'PATCH', 'DELETE', 'PUT'),
      headers: fc.record(
        { authorization, 'content-type': type, accept: fc.constantFrom('*/*', 'application/json', 'x') },
        { requiredKeys: [] },
      ),
      body: anyBody,
    })
    .map((sent) => sent as Sent);
}

function isOfTheModel(args: Args): boolean {
  try {
    fromJsonValue(args);
    return JSON.stringify(JSON.parse(JSON.stringify(args))) === JSON.stringify(args);
  } catch {
    return false;
  }
}

// An empty segment of a path, or one of dots, is none.
function isWithinPath(args: Args, names: readonly string[]): boolean {
  return names.every((name) => !['', '.', '..'].includes(String(args[name])));
}
