import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Authority, createOrganisation, listOrganisations, openSigner } from '../../src/authority/index.ts';
import { type Client, connect, type LogMemory, type SeenLog } from '../../src/client/index.ts';
import type { ErrorCode } from '../../src/errors.ts';
import type { Signer } from '../../src/ucan/index.ts';
import { createAuthority } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { startServer, type TestAnswer, type TestServer } from '../support/stand-in-server.ts';
import { delegate, type Principal, principal } from '../support/ucan.ts';

type Proof = Record<string, unknown> & {
  readonly inclusion: readonly string[];
  readonly consistency?: readonly string[];
};

let authority: Authority;
let own: Signer;
let admin: Principal;
let server: TestServer;
let client: Client;
let seen: SeenLog[] = [];
/** What becomes of the proof of an answer: another text, or none. */
let alter: (proof: Proof) => string | undefined = JSON.stringify;
let organisations = 0;

const memory: LogMemory = {
  list: (did) => seen.filter((each) => each.authority === did),
  remember: (latest) => {
    seen = [...seen.filter(({ source }) => source !== latest.source), latest];
  },
};

const write = () => client.execute(createOrganisation, { name: `org-${++organisations}` });
const proofOf = ({ headers }: TestAnswer): Proof =>
  JSON.parse(Buffer.from(headers['hanaper-proof'] ?? '', 'base64url').toString());

beforeAll(async () => {
  ({ authority } = await createAuthority((await engines[0]?.createUrl()) ?? ''));
  own = await openSigner(authority, 'authority');
  admin = await principal('admin');
  server = await startServer(authority, {
    intercept: (_, answer) => {
      if (answer.headers['hanaper-proof'] === undefined) return answer;
      const { 'hanaper-proof': __, ...headers } = answer.headers;
      const altered = alter(proofOf(answer));
      const proof = altered === undefined ? {} : { 'hanaper-proof': Buffer.from(altered).toString('base64url') };
      return { ...answer, headers: { ...headers, ...proof } };
    },
  });
  client = await connect({ server: server.url, signer: admin, proofs: [await delegate(own, admin)], logs: memory });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await authority.close();
});

beforeEach(() => {
  seen = [];
  alter = JSON.stringify;
});

test('what is written is proven to stand in the log, and its checkpoint is remembered', async () => {
  await write();
  const [first] = seen;
  await write();
  expect(seen).toMatchObject([{ authority: authority.identity.did, source: server.url }]);
  expect(seen[0]?.size).toBeGreaterThan(first?.size ?? 0);
});

test('a server is told what was seen before it acts: of a write anywhere, of a read at its own address', async () => {
  await write();
  const seenHere = seen[0];
  if (seenHere === undefined) throw new TypeError('a write is remembered');
  seen = [{ ...seenHere, source: 'export' }];
  const before = server.requests.length;
  await client.execute(listOrganisations, {});
  await write();
  const told = server.requests.slice(before).map(({ headers }) => headers['hanaper-seen']);
  expect(told).toEqual([undefined, Buffer.from(seenHere.checkpoint).toString('base64url')]);
});

test('who remembers nothing is asked for nothing', async () => {
  const forgetful = await connect({ server: server.url, signer: admin, proofs: [await delegate(own, admin)] });
  await forgetful.execute(createOrganisation, { name: `org-${++organisations}` });
  const headers = server.requests.at(-1)?.headers;
  expect([headers?.['hanaper-proof'], headers?.['hanaper-seen']]).toEqual([undefined, undefined]);
});

test('a server that has never proven anything is believed by its receipt, and nothing is remembered', async () => {
  alter = () => undefined;
  await write();
  expect(seen).toEqual([]);
});

describe('of a log that was seen, a write is refused that comes', () => {
  let old: Proof | undefined;

  test.each<[string, ErrorCode, (proof: Proof) => string | undefined]>([
    ['without a proof', 'unavailable', () => undefined],
    ['with no JSON', 'log_tampered', () => '{'],
    ['with an invalid proof', 'log_tampered', () => '{}'],
    ['with a proof of text', 'log_tampered', () => '"proof"'],
    ['without a proof of consistency', 'log_rolled_back', ({ consistency: _, ...proof }) => JSON.stringify(proof)],
    [
      'with one that lacks a hash',
      'log_rolled_back',
      ({ consistency = [], ...proof }) => JSON.stringify({ ...proof, consistency: consistency.slice(1) }),
    ],
    ['with the proof of an earlier write', 'log_tampered', () => JSON.stringify(old)],
    ['with another index', 'log_tampered', (proof) => JSON.stringify({ ...proof, index: Number(proof['index']) - 1 })],
    ['with an invalid inclusion', 'log_tampered', (proof) => JSON.stringify({ ...proof, inclusion: 'all' })],
    [
      'with a checkpoint that was changed',
      'log_tampered',
      (proof) => JSON.stringify({ ...proof, checkpoint: String(proof['checkpoint']).replace(/\n\d+\n/, '\n9\n') }),
    ],
    [
      'under the key of another log',
      'log_tampered',
      (proof) => JSON.stringify({ ...proof, log_key: { statement: 'AA==', signature: 'AA==' } }),
    ],
  ])('%s: %s', async (_, code, change) => {
    alter = (proof) => {
      old = proof;
      return JSON.stringify(proof);
    };
    await write();
    await write();
    const [remembered] = seen;
    alter = change;
    const { details } = await expectCode(code, write);
    expect(details).toMatchObject({ may_be_done: true, receipt: expect.stringMatching(/^zdpu/) });
    expect(seen).toEqual([remembered]);
  });
});

test('a memory of another log is refused by the server before anything is done', async () => {
  await write();
  const [mine] = seen;
  if (mine === undefined) throw new TypeError('a write is remembered');
  const before = (await authority.execute(listOrganisations, {})).organisations.length;
  seen = [{ ...mine, checkpoint: mine.checkpoint.replace(/\n\d+\n/, '\n9999\n'), size: 9999 }];
  await expectCode('log_tampered', write);
  expect((await authority.execute(listOrganisations, {})).organisations).toHaveLength(before);
});
