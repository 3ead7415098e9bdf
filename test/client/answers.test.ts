import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Authority, createOrganisation, listOrganisations, openSigner } from '../../src/authority/index.ts';
import { type ConnectOptions, connect } from '../../src/client/index.ts';
import type { ErrorCode, HanaperError } from '../../src/errors.ts';
import {
  decodeInvocation,
  encodeContainer,
  formatCid,
  type Signer,
  signReceipt,
  unpackTokens,
} from '../../src/ucan/index.ts';
import { createAuthority } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import {
  type Intercept,
  json,
  problem,
  receiptOf,
  startServer,
  type TestAnswer,
  type TestRequest,
} from '../support/stand-in-server.ts';
import { delegate, type Principal, principal } from '../support/ucan.ts';

const [sqlite] = engines;
const container = { 'content-type': 'application/vnd.ucan.container' };

let authority: Authority;
let own: Signer;
let admin: Principal;
let stranger: Principal;
let organisations = 0;

beforeAll(async () => {
  ({ authority } = await createAuthority((await sqlite?.createUrl()) ?? ''));
  own = await openSigner(authority, 'authority');
  [admin, stranger] = [await principal('admin'), await principal('stranger')];
});

afterAll(() => authority.close());

/** A server that answers invocations as a test says, and a client of it. */
async function open(intercept: Intercept, options: Partial<ConnectOptions> = {}) {
  const server = await startServer(authority, {
    intercept: (request, answer) => (request.path.startsWith('/api/invoke') ? intercept(request, answer) : answer),
  });
  const proofs = [await delegate(own, admin)];
  const client = await connect({ server: server.url, signer: admin, proofs, ...options });
  return { server, client, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const newOrganisation = () => ({ name: `org-${++organisations}` });

async function invocationIn({ body }: TestRequest) {
  const tokens = await unpackTokens(new Uint8Array(body));
  const [invocation] = tokens.flatMap((bytes) => {
    try {
      return [decodeInvocation(bytes)];
    } catch {
      return [];
    }
  });
  if (invocation === undefined) throw new TypeError('a request has an invocation');
  return invocation;
}

function inType(answer: TestAnswer, type: string): TestAnswer {
  return { ...answer, headers: { 'content-type': type } };
}

async function receiptOfReceipt(request: TestRequest): Promise<TestAnswer> {
  const { cid: ran } = await signReceipt(own, { ran: (await invocationIn(request)).cid, out: { ok: {} } });
  return receiptOf(await signReceipt(own, { ran, out: { ok: {} } }));
}

async function receiptBy(signer: Signer, request: TestRequest, out: object = { ok: {} }): Promise<TestAnswer> {
  const { cid: ran } = await invocationIn(request);
  return receiptOf(await signReceipt(signer, { ran, out: out as { ok: unknown } }));
}

describe('a write was not done because of an answer that is', () => {
  test.each<[string, string, Intercept]>([
    ['a result without a receipt', 'no receipt', () => json(200, { result: { name: 'acme' } })],
    ['what a receipt says, and no receipt', 'no receipt', () => json(200, { receipt: { out: { ok: {} } } })],
    ['a plain result', 'no receipt', () => json(200, { id: '', name: 'org', did: own.did })],
    ['a plain result of no content', 'no receipt', () => ({ status: 204, headers: {}, body: '' })],
    [
      'a result in the type of a receipt',
      'malformed_token',
      () => json(200, { result: {} }, container['content-type']),
    ],
    ['a receipt in another type', 'no receipt', async (request) => inType(await receiptBy(own, request), 'text/plain')],
    ['the receipt of another authority', 'authority_changed', (request) => receiptBy(stranger, request)],
    ['a receipt of the one who asks', 'authority_changed', (request) => receiptBy(admin, request)],
    [
      'a receipt in the name of the authority, signed by another',
      'invalid_token_signature',
      (request) => receiptBy({ ...stranger, did: own.did }, request),
    ],
    [
      'the receipt of another invocation',
      'invalid_claim',
      async () => receiptOf(await signReceipt(own, { ran: (await delegate(own, admin)).cid, out: { ok: {} } })),
    ],
    [
      'a refusal of another invocation',
      'invalid_claim',
      async () => {
        const out = { error: { code: 'not_found', message: 'There is no such key.' } };
        return receiptOf(await signReceipt(own, { ran: (await delegate(own, admin)).cid, out }), 404);
      },
    ],
    ['the receipt of a receipt', 'invalid_claim', async (request) => receiptOfReceipt(request)],
    [
      'two receipts',
      'no receipt',
      async (request) => {
        const { cid: ran } = await invocationIn(request);
        const { bytes } = await signReceipt(own, { ran, out: { ok: {} } });
        const other = await signReceipt(own, { ran, out: { ok: { name: 'other' } } });
        return { status: 200, headers: container, body: await encodeContainer([bytes, other.bytes], 'raw') };
      },
    ],
    ['the invocation itself', 'malformed_token', async (request) => receiptOf(await invocationIn(request))],
    [
      'a receipt with a bit turned',
      'invalid_token_signature',
      (_, { status, headers, body }) => {
        const bytes = Buffer.from(body);
        // Behind the container's head and the head of its one token begins the signature.
        const place = bytes.indexOf(Buffer.from([0x82, 0x58, 0x40])) + 10;
        bytes[place] = (bytes[place] ?? 0) ^ 1;
        return { status, headers, body: bytes };
      },
    ],
    [
      'truncated',
      'malformed_token',
      (_, { status, headers, body }) => ({ status, headers, body: Buffer.from(body).subarray(0, -1) }),
    ],
    ['empty', 'malformed_token', () => ({ status: 200, headers: container, body: '' })],
    ['a web page', 'no receipt', () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<p>Hello' })],
    [
      'a web page that says no',
      'no receipt',
      () => ({ status: 404, headers: { 'content-type': 'text/html' }, body: '<p>' }),
    ],
    ['huge', 'too large', () => ({ status: 200, headers: container, body: Buffer.alloc(2 ** 20 + 1, 0x40) })],
  ])('%s: %s', async (_, reason, intercept) => {
    const { details } = await refuseWrite('unavailable', intercept);
    expect(details).toMatchObject({ may_be_done: true, reason });
  });

  test('a redirect, which is not followed', async () => {
    const headers = { location: 'https://elsewhere.example/' };
    for (const status of [301, 303, 307]) {
      const { details } = await refuseWrite('unavailable', () => ({ status, headers, body: '' }));
      expect(details).toMatchObject({ may_be_done: true, status });
    }
  });

  test('a problem of another version, or none', async () => {
    await refuseWrite('internal', () => problem(418, 'teapot', 'Short and stout.'));
    await refuseWrite('unavailable', () => json(400, { code: 7 }, 'application/problem+json'));
  });

  async function refuseWrite(code: ErrorCode, intercept: Intercept): Promise<HanaperError> {
    await using opened = await open(intercept);
    const { client, server } = opened;
    const { length: before } = server.requestsTo('/api/invoke');
    const error = await expectCode(code, () => client.execute(createOrganisation, newOrganisation()));
    // None of these is a lost answer, which would be asked for again.
    expect(server.requestsTo('/api/invoke')).toHaveLength(before + 1);
    return error;
  }
});

test('a write by name, and a request that is signed already, have a receipt or were not done', async () => {
  await using opened = await open(() => json(200, { result: {} }));
  const { client } = opened;
  const asking = { command: '/org/create', subject: own.did, args: newOrganisation() };
  await expectCode('unavailable', () => client.invoke({ ...asking, access: 'write' }));
  const { invocation, path } = await client.sign(asking);
  await expectCode('unavailable', () => client.executeRequest({ invocation, given: path }));
});

describe('of a read, an answer is not believed that is', () => {
  test.each<[string, ErrorCode, Intercept]>([
    ['of another form', 'unavailable', () => json(200, { result: { organisations: 'many' } })],
    ['no result', 'unavailable', () => json(200, {})],
    [
      'no JSON',
      'unavailable',
      () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: '{"result":' }),
    ],
    [
      'huge',
      'unavailable',
      () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.alloc(2 ** 24 + 1, 0x20) }),
    ],
    ['a receipt', 'unavailable', (request) => receiptBy(own, request)],
    ['a refusal', 'token_revoked', () => problem(403, 'token_revoked', 'It was revoked.', { cid: 'zdpu' })],
  ])('%s: %s', async (_, code, intercept) => {
    await using opened = await open(intercept);
    await expectCode(code, () => opened.client.execute(listOrganisations, {}));
  });
});

test('a refusal keeps its message and its details', async () => {
  await using opened = await open(() => problem(403, 'token_revoked', 'It was revoked.', { cid: 'zdpu' }));
  const error = await expectCode('token_revoked', () => opened.client.execute(listOrganisations, {}));
  expect(error).toMatchObject({ message: 'It was revoked.', details: { cid: 'zdpu' } });
});

test('a clock that is wrong is named where it can be the reason', async () => {
  const date = new Date(Date.now() + 3_600_000).toUTCString();
  const refuse: Intercept = () => ({
    ...problem(403, 'token_expired', 'It expired.'),
    headers: { date, 'content-type': 'application/problem+json' },
  });
  await using opened = await open(refuse);
  const error = await expectCode('token_expired', () => opened.client.execute(listOrganisations, {}));
  expect(error.message).toMatch(/^It expired\. The server's clock is 3\d{3} seconds ahead of this machine's/);
});

describe('a lost answer', () => {
  const countOrganisations = async () => (await authority.execute(listOrganisations, {})).organisations.length;

  test.each<[string, TestAnswer | 'cut']>([
    ['by a connection that was cut', 'cut'],
    ['by a proxy (502)', { status: 502, headers: {}, body: 'Bad gateway' }],
    ['by a proxy (504)', { status: 504, headers: { 'content-type': 'text/html' }, body: '<p>' }],
  ])('%s is asked for again, and nothing is done twice', async (_, lost) => {
    let answers = 0;
    await using opened = await open((__, answer) => (++answers < 3 ? lost : answer));
    const { client, server } = opened;
    const before = await countOrganisations();
    const args = newOrganisation();
    expect(await client.execute(createOrganisation, args)).toMatchObject(args);
    expect(await countOrganisations()).toBe(before + 1);
    const bodies = server.requestsTo('/api/invoke').map(({ body }) => body.toString('hex'));
    expect(bodies).toHaveLength(3);
    expect(new Set(bodies).size).toBe(1);
  });

  test('is given up after three more attempts, and it is said that it may have been done', async () => {
    await using opened = await open(() => 'cut');
    const before = await countOrganisations();
    const error = await expectCode('unavailable', () => opened.client.execute(createOrganisation, newOrganisation()));
    expect(error.message).toContain('Whether it was done is not known');
    expect(error.details).toMatchObject({ may_be_done: true });
    expect(opened.server.requestsTo('/api/invoke')).toHaveLength(4);
    expect(await countOrganisations()).toBe(before + 1);
  });

  test('of a server that asks for a little patience is waited for, and for more it is not', async () => {
    let answers = 0;
    const busy = (seconds: string): TestAnswer => {
      const { headers, ...answer } = problem(429, 'rate_limited', 'Too many requests.');
      return { ...answer, headers: { ...headers, 'retry-after': seconds } };
    };
    await using opened = await open((__, answer) => (++answers === 1 ? busy('1') : answer));
    const args = newOrganisation();
    expect(await opened.client.execute(createOrganisation, args)).toMatchObject(args);
    await using closed = await open(() => busy('60'));
    await expectCode('rate_limited', () => closed.client.execute(createOrganisation, newOrganisation()));
    expect(closed.server.requestsTo('/api/invoke')).toHaveLength(1);
  });

  test('by a server that takes too long is asked for again', async () => {
    let answers = 0;
    await using opened = await open((__, answer) => (++answers === 1 ? 'hang' : answer), { timeout: 500 });
    const args = newOrganisation();
    expect(await opened.client.execute(createOrganisation, args)).toMatchObject(args);
    expect(opened.server.requestsTo('/api/invoke')).toHaveLength(2);
  });

  test('of which the server says that it cannot now is its own refusal in the end', async () => {
    await using opened = await open(() => problem(503, 'unavailable', 'The database does not answer.'));
    const error = await expectCode('unavailable', () => opened.client.execute(createOrganisation, newOrganisation()));
    expect(error.message).toBe('The database does not answer.');
    expect(error.details).toEqual({});
  });

  test('of which the server says that it may be done is asked for again, and has its receipt', async () => {
    let answers = 0;
    const inDoubt = problem(503, 'unavailable', 'The database did not confirm it.', { may_be_done: true });
    await using opened = await open((__, answer) => (++answers === 1 ? inDoubt : answer));
    const args = newOrganisation();
    expect(await opened.client.execute(createOrganisation, args)).toMatchObject(args);
    expect(opened.server.requestsTo('/api/invoke')).toHaveLength(2);
  });

  test.each<[string, TestAnswer | 'cut']>([
    ['was cut off', 'cut'],
    ['was lost by a proxy', { status: 504, headers: {}, body: '' }],
    ['the server was in doubt about', problem(503, 'unavailable', 'Not confirmed.', { may_be_done: true })],
  ])('that %s may be done, also where the last attempt was refused for the time being', async (_, first) => {
    let answers = 0;
    const later = problem(503, 'unavailable', 'The database does not answer.');
    await using opened = await open(() => (++answers === 1 ? first : later));
    const error = await expectCode('unavailable', () => opened.client.execute(createOrganisation, newOrganisation()));
    expect(error.details).toMatchObject({ may_be_done: true });
  });
});

test('whether a receipt was stored before shows in the answer to a request', async () => {
  await using opened = await open((_, answer) => answer);
  const { client } = opened;
  const { invocation, path } = await client.sign({ command: '/org/create', subject: own.did, args: newOrganisation() });
  const first = await client.executeRequest({ invocation, given: path });
  const second = await client.executeRequest({ invocation, given: path });
  expect(first).toMatchObject({ kind: 'receipt', isReplay: false });
  expect(second).toMatchObject({ kind: 'receipt', isReplay: true });
  if (first.kind !== 'receipt' || second.kind !== 'receipt') throw new TypeError('a write has a receipt');
  expect(formatCid(second.receipt.invocation.cid)).toBe(formatCid(first.receipt.invocation.cid));
});
