import type { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HanaperError } from '../../../src/errors.ts';
import { requestCost, requestRate } from '../../../src/http/limits.ts';
import { type AppOptions, createApp, type RequestLog } from '../../../src/http/listening/app.ts';
import { Callers } from '../../../src/http/request/callers.ts';
import { RateLimit } from '../../../src/http/request/rate-limit.ts';
import { openBudget } from '../../../src/http/request/request-budget.ts';

const rate = { perSecond: 2, burst: 3 };
const often = requestRate.burst + 1;

// No bucket fills meanwhile, however long the requests take.
beforeEach(() => {
  vi.spyOn(performance, 'now').mockReturnValue(0);
});

afterEach(() => {
  vi.restoreAllMocks();
});

function serveNothing(options: Partial<AppOptions> = {}): { app: Hono; requests: RequestLog[] } {
  const requests: RequestLog[] = [];
  const service = {
    isReady: false,
    authority: () => {
      throw new HanaperError('not_initialized', 'No database.');
    },
  };
  const app = createApp({
    service,
    hosts: new Set(['localhost:7373']),
    log: (entry) => void requests.push(entry),
    ...options,
  });
  return { app, requests };
}

function from(address: string | undefined, headers: Readonly<Record<string, string>> = {}) {
  const incoming = { socket: { remoteAddress: address, remotePort: 1, remoteFamily: 'IPv4' } };
  return [{ headers: { Host: 'localhost:7373', ...headers } }, { incoming }] as const;
}

async function askOften(app: Hono, times: number, ...how: ReturnType<typeof from>): Promise<Response[]> {
  const answers: Response[] = [];
  for (let i = 0; i < times; i++) answers.push(await app.request('/healthz', ...how));
  return answers;
}

test('an address has a burst, and then what time gives back', () => {
  const limit = new RateLimit(rate, 10);
  expect([1, 2, 3, 4].map(() => limit.count('192.0.2.1', 1000))).toEqual([0, 0, 0, 1]);
  expect(limit.count('192.0.2.2', 1000)).toBe(0);
  expect([1, 2].map(() => limit.count('192.0.2.1', 1500))).toEqual([0, 1]);
  expect([1, 2, 3, 4].map(() => limit.count('192.0.2.1', 60_000))).toEqual([0, 0, 0, 1]);
});

test('who goes on asking is not shut out for it', () => {
  const limit = new RateLimit({ perSecond: 1, burst: 1 }, 10);
  const passed = Array.from({ length: 101 }, (_, i) => limit.count('192.0.2.1', i * 100)).filter((each) => each === 0);
  expect(passed.length).toBeGreaterThanOrEqual(10);
  expect(passed.length).toBeLessThanOrEqual(11);
});

test('addresses of one block of IPv6 count as one, and those of IPv4 each alone', () => {
  const limit = new RateLimit({ perSecond: 1, burst: 1 }, 10);
  expect(limit.count('2001:db8:0:1::1', 0)).toBe(0);
  expect(limit.count('2001:db8:0:1:ffff::2', 0)).toBe(1);
  expect(limit.count('2001:db8::1:0:0:0:3', 0)).toBe(1);
  expect(limit.count('2001:db8:0:2::1', 0)).toBe(0);
  expect(limit.count('fe80::1%eth0', 0)).toBe(0);
  expect(limit.count('::ffff:192.0.2.1', 0)).toBe(0);
  expect(limit.count('::ffff:192.0.2.2', 0)).toBe(0);
});

test('no more addresses are remembered than there is room for', () => {
  const limit = new RateLimit({ perSecond: 1, burst: 1 }, 2);
  for (const address of ['a', 'b', 'c']) expect(limit.count(address, 0)).toBe(0);
  expect(limit.count('b', 0)).toBe(1);
  expect(limit.count('a', 0)).toBe(0);
});

test('who asks too often from elsewhere is told when to ask again', async () => {
  const { app, requests } = serveNothing();
  const answers = await askOften(app, often, ...from('203.0.113.5'));
  const last = answers.at(-1);
  expect(answers.slice(0, -1).every(({ status }) => status === 200)).toBe(true);
  expect(last?.status).toBe(429);
  expect(last?.headers.get('Retry-After')).toBe('1');
  expect(last?.headers.get('X-Content-Type-Options')).toBe('nosniff');
  expect(await last?.json()).toMatchObject({ code: 'rate_limited', status: 429, details: { retry_after: 1 } });
  expect(requests.at(-1)).toMatchObject({ status: 429, code: 'rate_limited', method: 'GET' });
  const [other] = await askOften(app, 1, ...from('203.0.113.6'));
  expect(other?.status).toBe(200);
});

test('who is on this machine is not counted, unless a proxy stands before it', async () => {
  const { app } = serveNothing();
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', undefined]) {
    const answers = await askOften(app, often, ...from(address));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
  }
  const answers = await askOften(app, often, ...from('127.0.0.1', { 'X-Forwarded-For': '192.0.2.1' }));
  expect(answers.at(-1)?.status).toBe(429);
});

test('with a proxy in front it is the address that the proxy adds which is counted, and no other that is claimed', async () => {
  const { app } = serveNothing({ callers: new Callers(true) });
  const through = (forwarded: string) => from('127.0.0.1', { 'X-Forwarded-For': forwarded });
  let count = 0;
  const answers: Response[] = [];
  // A caller can write anything in front of it.
  while (count++ < often)
    answers.push(await app.request('/healthz', ...through(`198.51.100.${count % 250}, 192.0.2.1`)));
  expect(answers.at(-1)?.status).toBe(429);
  expect((await askOften(app, 1, ...through('192.0.2.1, 192.0.2.2'))).at(-1)?.status).toBe(200);
  expect((await askOften(app, often, ...from('127.0.0.1'))).at(-1)?.status).toBe(429);
  for (const none of ['', 'unknown', '192.0.2.9, _hidden', '192.0.2.9,']) {
    expect((await askOften(app, 1, ...through(none))).at(-1)?.status, none).toBe(429);
  }
  expect((await askOften(app, often, ...from(undefined))).at(-1)?.status).toBe(200);
});

test('a fault is told in general terms, and in full to the log alone', async () => {
  const requests: RequestLog[] = [];
  const service = {
    isReady: true,
    authority: () => {
      throw new TypeError('secret-host:5432 has no /var/lib/secret');
    },
  };
  const app = createApp({ service, hosts: new Set(['localhost:7373']), log: (entry) => void requests.push(entry) });
  for (const path of ['/api/orgs', '/readyz', '/.well-known/did.json']) {
    const answer = await app.request(path, ...from('127.0.0.1'));
    expect(answer.status).toBe(500);
    const text = await answer.text();
    expect(text).not.toMatch(/secret|TypeError|\.ts/);
    expect(JSON.parse(text)).toMatchObject({ code: 'internal', title: 'Internal Server Error' });
    expect(requests.at(-1)).toMatchObject({ code: 'internal', error: expect.any(TypeError), path });
  }
});

test('the log is given the pattern of a route, and neither path, query nor header', async () => {
  const { app, requests } = serveNothing();
  await app.request('/api/orgs/acme/keys/release?x=secret', ...from('127.0.0.1', { Authorization: 'Bearer secret' }));
  await app.request('/nothing/secret', ...from('127.0.0.1'));
  expect(requests[0]).toMatchObject({ path: '/api/orgs/:org/keys/:name', status: 409, code: 'not_initialized' });
  expect(requests[1]).toMatchObject({ status: 404, code: 'not_found' });
  expect(JSON.stringify(requests.map(({ error: _, ...entry }) => entry))).not.toMatch(/secret|acme/);
});

test('what a request has cost is paid for, up to a burst that is owed', () => {
  const limit = new RateLimit({ perSecond: 1, burst: 3 }, 10);
  expect(limit.count('192.0.2.1', 0)).toBe(0);
  limit.charge('192.0.2.1', 1.5, 0);
  expect(limit.count('192.0.2.1', 0)).toBe(1);
  limit.charge('192.0.2.1', 1000, 0);
  expect(limit.count('192.0.2.1', 0)).toBe(4);
  expect(limit.count('192.0.2.1', 4000)).toBe(0);
  expect(limit.count('192.0.2.2', 0)).toBe(0);
});

describe('requests that cost as much as a chain of 64 links', () => {
  const mount = (app: Hono) => {
    app.get('/costly', (context) => {
      openBudget(context, 0).spend('signatures', 64);
      throw new HanaperError('invalid_token_signature', 'The last one was not valid.');
    });
  };
  const askCostly = async (address: string) => {
    const { app } = serveNothing({ mount });
    let times = 0;
    while (times < often && (await app.request('/costly', ...from(address))).status !== 429) times++;
    return times;
  };

  test('count as several, refused or not', async () => {
    const worth = (64 * 100) / requestCost;
    expect(await askCostly('192.0.2.7')).toBeCloseTo(requestRate.burst / worth, 0);
  });

  test('and come all at once, are refused before they check signatures for which others owe', async () => {
    let checked = 0;
    const { app } = serveNothing({
      mount: (each: Hono) => {
        each.get('/slow', async (context) => {
          const budget = openBudget(context, 0);
          for (let signature = 0; signature < 64; signature++) {
            budget.spend('signatures');
            checked++;
            await Promise.resolve();
          }
          throw new HanaperError('invalid_token_signature', 'The last one was not valid.');
        });
      },
    });
    const { burst } = requestRate;
    const ask = () => app.request('/slow', ...from('192.0.2.8'));
    const answers = await Promise.all(Array.from({ length: burst }, ask));
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(burst / 2);
    // What each may cost before it counts as several, and one more that finds out.
    expect(checked).toBeLessThan(burst * (requestCost / 100 + 4));
  });

  test('of this machine are not counted', async () => {
    expect(await askCostly('127.0.0.1')).toBe(often);
  });
});
