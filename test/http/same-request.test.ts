import { expect, test } from 'vitest';
import type { Request } from '../../src/authority/execution/request.ts';
import { type PlainRequest, requireSameArguments } from '../../src/http/request/match-request.ts';
import { fromJsonValue } from '../../src/ucan/index.ts';
import { expectCode } from '../support/codes.ts';
import { invoke, principal } from '../support/ucan.ts';

const link = { '/': 'zdpuAydUxPq5oafZBSHkVAM7E1zJBS5ux9z23ptsF457DDXzf' };
const bytes = { '/': { bytes: 'AQID' } };

async function invocationOf(args: object): Promise<Request> {
  const somebody = await principal('somebody');
  return { invocation: await invoke(somebody, somebody, [], { args: fromJsonValue(args) }), given: [] };
}

async function hold(args: object, request: Partial<PlainRequest>): Promise<void> {
  requireSameArguments(await invocationOf(args), { path: {}, query: [], ...request });
}

test.each<[object, Partial<PlainRequest>]>([
  [{}, {}],
  [{}, { body: {} }],
  [{ name: 'a' }, { path: { name: 'a' } }],
  [
    { name: 'a', limit: 2, all: false },
    { path: { name: 'a' }, query: Object.entries({ all: 'false', limit: '2' }) },
  ],
  [
    { name: 'a', limit: 2 },
    { path: { name: 'a' }, body: { limit: 2 } },
  ],
  [{ limit: 0.5, low: -1 }, { query: Object.entries({ limit: '0.5', low: '-1' }) }],
  [{ link, bytes, list: [null, [link]] }, { body: { list: [null, [link]], bytes, link } }],
  [{ n: 1 }, { body: { n: 1.0 } }],
  [{ é: 'é' }, { query: [['é', 'é']] }],
])('%o is what %o asks for', async (args, request) => {
  await expect(hold(args, request)).resolves.toBeUndefined();
});

const prototype: unknown = JSON.parse('{"__proto__":{}}');

test.each<[object, Partial<PlainRequest>, string]>([
  [{ name: 'real' }, { path: { name: 'shown' }, query: [['name', 'real']] }, 'name'],
  [{ name: 'real' }, { path: { name: 'real' }, query: [['name', 'real']] }, 'name'],
  [
    { name: 'real' },
    {
      query: [
        ['name', 'real'],
        ['name', 'real'],
      ],
    },
    'name',
  ],
  [{ name: 'real' }, { path: { name: 'real' }, body: { name: 'real' } }, 'args'],
  [{ name: 'real' }, { query: [['name', 'real']], body: { name: 'real' } }, 'name'],
  [{ name: 'real' }, {}, 'args'],
  [{}, { query: [['name', '']] }, 'name'],
  [{}, { query: [['name', 'undefined']] }, 'name'],
  [{}, { query: [['__proto__', 'x']] }, '__proto__'],
  [{}, { query: [['toString', 'x']] }, 'toString'],
  [{}, { path: { constructor: 'x' } }, 'constructor'],
  [{ name: null }, { query: [['name', 'null']] }, 'name'],
  [{ name: ['a'] }, { query: [['name', 'a']] }, 'name'],
  [{ name: {} }, { query: [['name', '[object Object]']] }, 'name'],
  [{ cid: link }, { query: [['cid', link['/']]] }, 'cid'],
  [{ limit: 2 }, { query: [['limit', '2 ']] }, 'limit'],
  [{ limit: 2 }, { query: [['limit', '+2']] }, 'limit'],
  [{ é: 'é' }, { query: [['é', 'e\u0301']] }, 'é'],
  [{}, { body: null }, 'args'],
  [{}, { body: [] }, 'args'],
  [{}, { body: '{}' }, 'args'],
  [{}, { body: prototype }, 'args'],
  [{ n: 1 }, { body: { n: 1.5 } }, 'args'],
  [{ n: 1 }, { body: { n: '1' } }, 'args'],
  [{ n: 1 }, { body: { n: true } }, 'args'],
  [{ link }, { body: { link: link['/'] } }, 'args'],
  [{ bytes }, { body: { bytes: 'AQID' } }, 'args'],
  [{ list: [1, 2] }, { body: { list: [2, 1] } }, 'args'],
])('%o is not what %o asks for: %s', async (args, request, field) => {
  const { details } = await expectCode('not_authorized', () => hold(args, request));
  expect(details).toEqual({ reason: 'another request', field });
});

test('a body that the data model has no place for is bad input', async () => {
  for (const body of [{ n: 2 ** 60 }, { '/': 1 }, { link: { '/': 'no CID' } }, { text: '\ud800' }]) {
    await expectCode('bad_input', () => hold({}, { body }));
  }
});
