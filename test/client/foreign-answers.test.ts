import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Authority,
  createOrganisation,
  listOrganisations,
  openSigner,
  showOrganisation,
} from '../../src/authority/index.ts';
import { encodeUtf8 } from '../../src/bytes.ts';
import { connect } from '../../src/client/index.ts';
import { clientLimits } from '../../src/client/limits.ts';
import { readJson } from '../../src/client/read-json.ts';
import type { ErrorCode, HanaperError } from '../../src/errors.ts';
import { encodeContainer, type Signer } from '../../src/ucan/index.ts';
import { createAuthority } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { json, problem, startServer, type TestAnswer } from '../support/stand-in-server.ts';
import { delegate, type Principal, principal } from '../support/ucan.ts';

const [sqlite] = engines;
const container = { 'content-type': 'application/vnd.ucan.container' };

let authority: Authority;
let own: Signer;
let admin: Principal;

beforeAll(async () => {
  ({ authority } = await createAuthority((await sqlite?.createUrl()) ?? ''));
  own = await openSigner(authority, 'authority');
  admin = await principal('admin of a foreign server');
});

afterAll(() => authority.close());

/** What a client makes of a server that answers every invocation alike. */
async function refuse(code: ErrorCode, answer: TestAnswer, isWrite = false): Promise<HanaperError> {
  await using server = await startServer(authority, {
    intercept: (request, usual) => (request.path.startsWith('/api/invoke') ? answer : usual),
  });
  const client = await connect({ server: server.url, signer: admin, proofs: [await delegate(own, admin)] });
  const act = () =>
    isWrite ? client.execute(createOrganisation, { name: 'x' }) : client.execute(listOrganisations, {});
  return await expectCode(code, act);
}

const plain = (body: string): TestAnswer => ({ status: 200, headers: { 'content-type': 'application/json' }, body });
const notFound = (details: string): TestAnswer => ({
  status: 404,
  headers: { 'content-type': 'application/problem+json' },
  body: `{"code":"not_found","detail":"No such key.","details":${details}}`,
});
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

describe('an answer in JSON is not built where it has', () => {
  test('more values than an answer of a server has', () => {
    const list = (count: number) => readJson({ bytes: encodeUtf8(`[${'1,'.repeat(count)}1]`) });
    expect(list(clientLimits.values - 3)).toHaveLength(clientLimits.values - 2);
    expect(list(clientLimits.values)).toBeUndefined();
  });

  test('more levels, in a result or in the details of a refusal', async () => {
    await refuse('unavailable', plain(`{"result":${nested(200_000)}}`));
    await refuse('unavailable', notFound(`{"a":${nested(200_000)}}`));
  });
});

test('what stands in a text of JSON is no value and no level', async () => {
  const text = `\\"${'[{,'.repeat(20_000)}\\\\`;
  const { details } = await refuse('not_found', notFound(`{"text":"${text}"}`));
  expect(details).toMatchObject({ text: expect.stringContaining('[{,') });
});

test('of the details of a refusal no more are passed on than can be read', async () => {
  expect((await refuse('not_found', notFound('{"a":1}'))).details).toEqual({ a: 1 });
  expect((await refuse('not_found', notFound(`{"a":"${'x'.repeat(100_000)}"}`))).details).toEqual({});
});

test('a server that cannot tell whether it was done is believed, however long its details are', async () => {
  const answer = problem(503, 'unavailable', 'Later.', { may_be_done: true, pad: 'x'.repeat(100_000) });
  const { details } = await refuse('unavailable', answer, true);
  expect(details).toEqual({ may_be_done: true });
});

test('a receipt is not built where it has more values than a receipt of a server has', async () => {
  const many = await delegate(own, admin, { meta: { pad: Array.from({ length: 200_000 }, () => new Uint8Array()) } });
  const body = await encodeContainer([many.bytes], 'raw-gzip');
  const { details } = await refuse('unavailable', { status: 200, headers: container, body }, true);
  expect(details).toMatchObject({ may_be_done: true, reason: 'too_large' });
});

test('a chain is not built where it has more values than a chain of a server has', async () => {
  const many = await delegate(own, admin, { meta: { pad: Array.from({ length: 200_000 }, () => new Uint8Array()) } });
  const zipped = await encodeContainer([many.bytes], 'base64url-gzip');
  const answer = json(200, { result: { container: Buffer.from(zipped).toString(), chain: [] } });
  await using server = await startServer(authority, {
    intercept: (request, usual) => (request.path.startsWith('/api/invoke') ? answer : usual),
  });
  const proofs = [await delegate(own, admin, { command: '/delegation/find' })];
  const client = await connect({ server: server.url, signer: admin, proofs });
  await expectCode('too_large', () => client.execute(listOrganisations, {}));
});

test('of many organisations some are named where one has to be chosen', async () => {
  const organisations = Array.from({ length: 10_000 }, (_, i) => ({ id: `${i}`, name: `org-${i}`, did: own.did }));
  await using server = await startServer(authority, {
    intercept: (request, usual) =>
      request.path.startsWith('/api/invoke') ? json(200, { result: { organisations } }) : usual,
  });
  const client = await connect({ server: server.url, signer: admin, proofs: [await delegate(own, admin)] });
  const { message, details } = await expectCode('usage', () => client.executeFor(undefined, showOrganisation, {}));
  expect(message.length).toBeLessThan(1000);
  expect(details['organisations']).toHaveLength(clientLimits.names);
});
