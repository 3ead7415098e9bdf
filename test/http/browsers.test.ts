import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { statuses } from '../../src/http/request/statuses.ts';
import { apiOf, host } from '../support/http.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

async function expectProblem(code: ErrorCode, answer: Response): Promise<Readonly<Record<string, unknown>>> {
  const { details, ...problem } = await answer.json();
  expect({ ...problem, status: answer.status }).toMatchObject({ code, status: statuses[code] });
  return details;
}

describe('A request', () => {
  const api = apiOf();

  test.each([
    ['another name', { host: 'evil.example' }],
    ['the name without its port', { host: 'localhost' }],
    ['another port', { host: 'localhost:80' }],
    ['a name that ours begins', { host: 'localhost:7373.evil.example' }],
    ['a name in front of ours', { host: 'evil.example@localhost:7373' }],
    ['an address', { host: '127.0.0.1:7373' }],
    ['an empty name', { host: '' }],
  ])('to %s is refused', async (_, headers) => {
    const details = await expectProblem('bad_input', await api.send('/healthz', { headers }));
    expect(details).toEqual({ reason: 'host' });
  });

  test('that names no host is refused', async () => {
    await expectProblem('bad_input', await api.app.request(`http://${host}/healthz`));
  });

  test('is let in by the host in any case', async () => {
    expect((await api.send('/healthz', { headers: { host: 'LocalHost:7373' } })).status).toBe(200);
  });

  test('is let in by a host that was added later', async () => {
    const hosts = new Set<string>();
    const later = apiOf(undefined, { hosts });
    await expectProblem('bad_input', await later.send('/healthz'));
    hosts.add(host);
    expect((await later.send('/healthz')).status).toBe(200);
  });

  test.each([
    ['an origin of another site', { origin: 'https://evil.example' }],
    ['an origin without a name', { origin: 'null' }],
    ['an origin on another port', { origin: 'http://localhost:3000' }],
    ['an origin of an extension', { origin: 'chrome-extension://localhost:7373' }],
    ['an invalid origin', { origin: 'localhost:7373' }],
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }],
    ['a page of another port of this machine', { 'sec-fetch-site': 'same-site' }],
    ['a form of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
  ])('by %s is refused', async (_, headers: Record<string, string>) => {
    const details = await expectProblem('not_authorized', await api.send('/api/invoke', { method: 'POST', headers }));
    expect(details).toEqual({ reason: 'another site' });
  });

  test.each([
    ['our own page', { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }],
    ['our own page over TLS', { origin: `https://${host}`, 'sec-fetch-site': 'same-origin' }],
    ['a person who typed the address', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }],
    ['a link that was followed', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
  ])('by %s is let in', async (_, headers: Record<string, string>) => {
    expect((await api.send('/docs', { headers })).status).toBe(200);
  });

  test('never opens the way for another site (CORS)', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const preflight = await api.send('/api/invoke', { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(403);
    expect([...preflight.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test.each(['/nothing', '/api/orgs/acme/nothing', '/api', '/..%2f..%2fetc/passwd', '/docs/'])(
    'for %s, which there is not, is told so',
    async (path) => {
      const details = await expectProblem('not_found', await api.send(path));
      expect(details).toEqual({ kind: 'route' });
    },
  );

  test('by a method that a route has not is told so', async () => {
    for (const [path, method, allowed] of [
      ['/healthz', 'DELETE', 'GET'],
      ['/docs', 'POST', 'GET'],
      ['/api/invoke', 'GET', 'POST'],
      ['/api/orgs', 'PUT', 'GET, POST'],
    ] as const) {
      const answer = await api.send(path, { method });
      expect([answer.status, answer.headers.get('Allow')], path).toEqual([405, allowed]);
      expect(await answer.json()).toMatchObject({ code: 'not_found', details: { kind: 'route' } });
    }
  });
});

describe('An answer', () => {
  const api = apiOf();

  test.each([
    ['/healthz', {}],
    ['/openapi.json', {}],
    ['/docs', {}],
    ['/nothing', {}],
    ['/api/orgs', {}],
    ['/healthz', { host: 'evil.example' }],
  ])('to %s with %o protects browsers', async (path, headers: Record<string, string>) => {
    const answer = await api.send(path, { headers });
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/^default-src 'none';/);
    for (const part of ["frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"])
      expect(policy).toContain(part);
    expect(policy).not.toMatch(/unsafe|script-src|http|\*/);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'x-request-id': expect.stringMatching(uuid),
    });
    expect(answer.headers.has('server') || answer.headers.has('x-powered-by')).toBe(false);
  });

  test('by a route that was added has all of it too', async () => {
    const { send } = apiOf(undefined, { mount: (app) => app.get('/added', (context) => context.text('here')) });
    const answer = await send('/added');
    expect(await answer.text()).toBe('here');
    expect(answer.headers.get('x-request-id')).toMatch(uuid);
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none';/);
    await expectProblem('bad_input', await send('/added', { headers: { host: 'evil.example' } }));
  });

  test('has an id of its own, whatever the caller would have', async () => {
    const headers = { 'x-request-id': 'mine' };
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await api.send('/healthz', { headers })).headers.get('x-request-id')),
    );
    expect(new Set(ids).size).toBe(3);
    expect(ids).not.toContain('mine');
  });

  test('to HEAD is that to GET without its body', async () => {
    const answer = await api.send('/healthz', { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('');
  });
});
