import { describe, expect, test } from 'vitest';
import { listStoredDelegations } from '../../src/authority/commands/delegation.ts';
import { createKey, exportKey, listKeys } from '../../src/authority/commands/key.ts';
import { createOrganisation, listOrganisations } from '../../src/authority/commands/org.ts';
import { engines } from '../support/engines.ts';
import { type Asking, createPlace, type Place, plainRequest } from '../support/place.ts';
import { type Answered, ask } from '../support/server.ts';
import { containerOf } from '../support/tokens.ts';
import { expectHeaders, expectTold, leavingNothing } from '../support/told.ts';
import { resign } from '../support/ucan.ts';

const text = { 'Content-Type': 'text/plain' };

interface Reshaped {
  readonly path?: string;
  readonly json?: unknown;
  readonly method?: string;
}

const sent = { command: createKey, args: { name: 'release', trusted: false } };
const read = { command: exportKey, args: { name: 'release' } };
const filtered = { command: listStoredDelegations, args: { limit: 2, revoked: true, command: '/mail' } };
const keys = '/api/orgs/acme/keys';
const list = '/api/delegations?limit=2&revoked=true&command=%2Fmail';

const others: readonly (readonly [string, Asking, Reshaped])[] = [
  ['another command', { command: listKeys }, { path: '/api/orgs/acme/trust' }],
  ['a command that writes', { command: listKeys }, { path: keys, method: 'POST', json: {} }],
  ['another organisation', { command: listKeys }, { path: '/api/orgs/beta/keys' }],
  ['an organisation that is unknown', { command: listKeys }, { path: '/api/orgs/nobody/keys' }],
  ['an organisation in another case', { command: listKeys }, { path: '/api/orgs/ACME/keys' }],
  ['the authority as organisation', { command: listOrganisations }, { path: '/api/orgs/acme' }],
  ['another name in the path', read, { path: `${keys}/spare` }],
  ['another case in the path', read, { path: `${keys}/Release` }],
  ['a path that is encoded twice', read, { path: `${keys}/%2572elease` }],
  ['a path that is encoded badly', read, { path: `${keys}/%zzrelease` }],
  ['a space in the path', read, { path: `${keys}/release%20` }],
  ['a NUL in the path', read, { path: `${keys}/release%00` }],
  ['an argument in the path and the query', read, { path: `${keys}/release?name=spare` }],
  ['a query on a path without one', { command: listKeys }, { path: `${keys}?limit=2` }],
  ['another value in the query', filtered, { path: list.replace('limit=2', 'limit=3') }],
  ['a parameter less', filtered, { path: list.replace('limit=2&', '') }],
  ['a parameter more', filtered, { path: `${list}&expired=true` }],
  ['an unknown parameter', filtered, { path: `${list}&x=` }],
  ['a number in another form', filtered, { path: list.replace('limit=2', 'limit=02') }],
  ['a number with a fraction', filtered, { path: list.replace('limit=2', 'limit=2.0') }],
  ['a boolean in another form', filtered, { path: list.replace('true', '1') }],
  ['a name in another case', filtered, { path: list.replace('limit', 'Limit') }],
  ['a query that is encoded twice', filtered, { path: list.replace('%2Fmail', '%252Fmail') }],
  ['another value in the body', sent, { json: { name: 'spare', trusted: false } }],
  ['another kind of value in the body', sent, { json: { name: 'release', trusted: 'false' } }],
  ['a key less in the body', sent, { json: { name: 'release' } }],
  ['a key more in the body', sent, { json: { ...sent.args, more: null } }],
  ['a key in another case', sent, { json: { Name: 'release', trusted: false } }],
  ['a prototype', sent, { json: JSON.parse('{"name":"release","trusted":false,"__proto__":{}}') }],
  ['an argument in the query and the body', sent, { path: `${keys}?name=release`, json: sent.args }],
  ['an argument in the query instead', sent, { path: `${keys}?name=release`, json: { trusted: false } }],
  ['a list for a body', sent, { json: [sent.args] }],
  ['an empty body', sent, { json: {} }],
];

async function askOther(here: Place, asking: Asking, { path, method, json }: Reshaped): Promise<Answered> {
  const [own, plain] = plainRequest(asking, await containerOf((await here.sign(asking)).tokens));
  const changed = { ...plain, ...(method && { method }), ...(json !== undefined && { json }) };
  return ask(here.server.url, path ?? own, changed);
}

describe.each(engines)('on $name', (engine) => {
  const place = () => createPlace(engine);

  test('an invocation of another request is refused, and nothing is done', async () => {
    const here = await place();
    await here.authority.execute(createOrganisation, { name: 'beta' });
    await here.authority.executeFor('acme', createKey, { name: 'release' });
    await leavingNothing(here, async () => {
      for (const [what, asking, reshaped] of others) {
        const answered = await askOther(here, asking, reshaped);
        expect({ what, status: answered.status, code: answered.json['code'] }).toEqual({
          what,
          status: 403,
          code: 'not_authorized',
        });
        expectTold('not_authorized', answered);
        expect(answered.json['details'], what).toMatchObject({ reason: 'another request' });
      }
    });
  });

  test('who signs nothing is not told what is hosted here', async () => {
    const here = await place();
    const { invocation, tokens } = await here.sign({ command: listKeys });
    const forged = { bytes: resign(invocation, new Uint8Array(64).fill(1)) };
    const container = await containerOf([forged, ...tokens.slice(1)]);
    await leavingNothing(here, async () => {
      for (const name of ['acme', 'beta', await here.didOf('acme')]) {
        const headers = { Authorization: `Bearer ${container}` };
        expectTold('invalid_token_signature', await ask(here.server.url, `/api/orgs/${name}/keys`, { headers }));
        const invoked = await ask(here.server.url, `/api/invoke?org=${name}`, { body: container, headers: text });
        expectTold('invalid_token_signature', invoked);
      }
    });
  });

  test('a parameter that stands twice is bad input wherever it stands, the same value or another', async () => {
    const here = await place();
    await here.authority.execute(createOrganisation, { name: 'beta' });
    const container = await containerOf((await here.sign({ command: createKey, args: { name: 'release' } })).tokens);
    const expectTwice = (field: string, answered: Answered) => {
      const { json } = expectTold('bad_input', answered);
      expect(json['details']).toEqual({ reason: 'repeated parameter', field });
    };
    await leavingNothing(here, async () => {
      for (const more of ['&limit=2', '&limit=3', '&%6Cimit=2', '&limit', '&&limit=']) {
        expectTwice('limit', await askOther(here, filtered, { path: `${list}${more}` }));
      }
      for (const query of [
        'org=acme&org=beta',
        'org=beta&org=acme',
        'org=acme&org=acme',
        'org=acme&o%72g=acme',
        'org&org',
      ]) {
        expectTwice('org', await ask(here.server.url, `/api/invoke?${query}`, { body: container, headers: text }));
      }
      expectTwice('name', await askOther(here, sent, { path: `${keys}?name=release&name=release` }));
      for (const path of ['/healthz', '/docs', '/openapi.json', '/no/such/path', '/api/crypto/status']) {
        expectTwice('a b', await ask(here.server.url, `${path}?a+b=1&c=1&a%20b=1`));
      }
    });
    const once = await ask(here.server.url, '/api/invoke?org=acme', { body: container, headers: text });
    expect(once.status, once.text).toBe(200);
  });

  test('the same request in another writing is the same request', async () => {
    const here = await place();
    await here.authority.executeFor('acme', createKey, { name: 'release' });
    const did = await here.didOf('acme');
    const same: readonly (readonly [Asking, Reshaped])[] = [
      [read, { path: `${keys}/%72elease` }],
      [read, { path: `/api/orgs/${encodeURIComponent(did)}/keys/release` }],
      [read, { path: `/api/orgs/${did}/keys/release` }],
      [filtered, { path: '/api/delegations?command=/mail&revoked=true&limit=%32' }],
      [{ ...sent, args: { name: 'spare', trusted: false } }, { json: { trusted: false, name: 'spare' } }],
    ];
    for (const [asking, reshaped] of same) {
      const answered = await askOther(here, asking, reshaped);
      expect(answered.status, answered.text).toBe(200);
      expectHeaders(answered);
    }
  });
});
