import { afterEach, describe, expect, test, vi } from 'vitest';
import { type DidWebRequest, didWebLimits, didWebUrl, isDidWeb, resolveDidWeb } from '../../src/did/did-web.ts';
import { createDidDocument } from '../../src/did/document.ts';
import { generatePrivateKey, publicKeyOfPrivate } from '../../src/did/private-key.ts';
import { HanaperError } from '../../src/errors.ts';
import { expectCode } from '../support/codes.ts';

const did = 'did:web:example.com';
using key = await generatePrivateKey('ed25519');
const publicKey = await publicKeyOfPrivate(key);
const document = JSON.stringify(createDidDocument({ did, publicKey }));

interface Answer {
  readonly status?: number;
  readonly type?: string | null;
  readonly body?: BodyInit | null;
  readonly url?: string;
  readonly redirected?: boolean;
}

function answer({ status = 200, type = 'application/did+json', body = document, url, redirected }: Answer): Response {
  const response = new Response(body, { status });
  response.headers.delete('content-type');
  if (type !== null) response.headers.set('content-type', type);
  if (url !== undefined) Object.defineProperty(response, 'url', { value: url });
  if (redirected !== undefined) Object.defineProperty(response, 'redirected', { value: redirected });
  return response;
}

function resolve(given: Answer) {
  return resolveDidWeb(did, { fetch: async () => answer(given) });
}

// The examples of the did:web method, section 2.5.2.
describe('the document of a did:web', () => {
  test.each([
    ['did:web:w3c-ccg.github.io', 'https://w3c-ccg.github.io/.well-known/did.json'],
    ['did:web:w3c-ccg.github.io:user:alice', 'https://w3c-ccg.github.io/user/alice/did.json'],
    ['did:web:example.com%3A3000', 'https://example.com:3000/.well-known/did.json'],
    ['did:web:example.com%3A3000:user:alice', 'https://example.com:3000/user/alice/did.json'],
    ['did:web:example.com%3A443', 'https://example.com/.well-known/did.json'],
    ['did:web:localhost%3A8443', 'https://localhost:8443/.well-known/did.json'],
    ['did:web:xn--bcher-kva.example:A.b_c-1', 'https://xn--bcher-kva.example/A.b_c-1/did.json'],
  ])('%s lies at %s', (text, url) => {
    expect(didWebUrl(text)).toBe(url);
    expect(isDidWeb(text)).toBe(true);
    expect(new URL(url).href).toBe(url);
  });
});

describe('no did:web, and never fetched, is', () => {
  test.each([
    ['nothing', ''],
    ['the scheme alone', 'did:web:'],
    ['another method', 'did:key:example.com'],
    ['an upper-case scheme', 'DID:web:example.com'],
    ['a host in capital letters', 'did:web:Example.com'],
    ['a fragment', 'did:web:example.com#key-1'],
    ['a query', 'did:web:example.com?a=b'],
    ['a path', 'did:web:example.com/user'],
    ['a user', 'did:web:user@example.com'],
    ['a port after a bare colon, but as a path that is a number', 'did:web:example.com::3000'],
    ['a port in lower case', 'did:web:example.com%3a3000'],
    ['no port after its mark', 'did:web:example.com%3A'],
    ['port 0', 'did:web:example.com%3A0'],
    ['a port too great', 'did:web:example.com%3A65536'],
    ['a port with a zero before it', 'did:web:example.com%3A0443'],
    ['two ports', 'did:web:example.com%3A1%3A2'],
    ['an IPv4 address', 'did:web:127.0.0.1'],
    ['an IPv4 address as one number', 'did:web:2130706433'],
    ['an IPv4 address in hexadecimal', 'did:web:0x7f000001'],
    ['an IPv4 address whose last part is hexadecimal', 'did:web:127.0.0.0x1'],
    ['an IPv6 address', 'did:web:%5B%3A%3A1%5D'],
    ['a dot behind the host', 'did:web:example.com.'],
    ['an empty label', 'did:web:example..com'],
    ['a label that begins with a hyphen', 'did:web:-example.com'],
    ['a label of 64 characters', `did:web:${'a'.repeat(64)}.com`],
    ['a host of 254 characters', `did:web:${'a.'.repeat(126)}aa`],
    ['a host with an underscore', 'did:web:a_b.com'],
    ['a host beyond ASCII', 'did:web:bücher.example'],
    ['an empty segment', 'did:web:example.com:'],
    ['a segment that goes up', 'did:web:example.com:..:a'],
    ['a segment that stays', 'did:web:example.com:.'],
    ['an escape in a segment', 'did:web:example.com:%2E%2E'],
    ['a slash in a segment', 'did:web:example.com:a/b'],
    ['white space', 'did:web:example.com '],
    ['a newline', 'did:web:example.com\n'],
    ['a text of a million characters', `did:web:${'a'.repeat(1_000_000)}`],
  ])('%s', async (_, text) => {
    const fetch = vi.fn();
    expect(isDidWeb(text)).toBe(false);
    await expectCode('bad_input', () => resolveDidWeb(text, { fetch }));
    expect(fetch).not.toHaveBeenCalled();
  });
});

test('a document is asked for without redirects, cookies or caches, and its keys read', async () => {
  const asked: [string, DidWebRequest][] = [];
  const fetch = async (url: string, init: DidWebRequest) => {
    asked.push([url, init]);
    return answer({});
  };
  const now = new Date('2026-01-31T12:00:00.000Z');
  const resolved = await resolveDidWeb(did, { fetch, now: () => now });
  expect(resolved).toMatchObject({ did, resolvedAt: now, verificationMethods: [{ publicKey }] });
  expect(asked).toHaveLength(1);
  expect(asked[0]?.[0]).toBe('https://example.com/.well-known/did.json');
  expect(asked[0]?.[1]).toMatchObject({ redirect: 'error', credentials: 'omit', cache: 'no-store' });
  expect(asked[0]?.[1].signal).toBeInstanceOf(AbortSignal);
});

test('the time is that at which the document was asked for, not that at which it came', async () => {
  const order: string[] = [];
  const fetch = async () => {
    order.push('fetch');
    return answer({});
  };
  const now = () => {
    order.push('now');
    return new Date();
  };
  await resolveDidWeb(did, { fetch, now });
  expect(order).toEqual(['now', 'fetch']);
});

test("the time is the system's where none is given", async () => {
  const before = Date.now();
  const { resolvedAt } = await resolve({});
  expect(resolvedAt.getTime()).toBeGreaterThanOrEqual(before);
  expect(resolvedAt.getTime()).toBeLessThanOrEqual(Date.now());
});

describe('read is what is served as', () => {
  test.each([
    'application/json',
    'application/did+json',
    'application/did+ld+json',
    'application/did',
    'application/ld+json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/ld+json; profile="https://www.w3.org/ns/did/v1"',
  ])('%s', async (type) => {
    expect((await resolve({ type })).verificationMethods).toHaveLength(1);
  });
});

describe('refused is', () => {
  test.each<[string, Answer]>([
    ['a page', { type: 'text/html' }],
    ['a text', { type: 'text/plain; charset=utf-8' }],
    ['what says nothing of itself', { type: null }],
    ['another JSON', { type: 'application/problem+json' }],
    ['another charset', { type: 'application/json; charset=utf-16' }],
    ['what is no JSON', { body: 'document' }],
    ['JSON with a byte-order mark', { body: `\ufeff${document}` }],
    ['JSON that is no UTF-8', { body: Uint8Array.of(0x22, 0xff, 0x22) }],
    ['nothing', { body: '' }],
    ['no body', { body: null }],
    ['a list', { body: '[]' }],
    ['the document of another', { body: document.replaceAll('example.com', 'example.org') }],
    ['one that was redirected', { redirected: true }],
    ['one from another place', { url: 'https://example.org/.well-known/did.json' }],
    ['a redirect', { status: 302, body: null }],
    ['a permanent redirect', { status: 308, body: null }],
  ])('%s', async (_, given) => {
    await expectCode('bad_input', () => resolve(given));
  });

  test.each([404, 410])('status %i: it is not there', async (status) => {
    await expectCode('not_found', () => resolve({ status }));
  });

  test.each([201, 206, 400, 401, 403, 429, 500, 503])('status %i: it cannot be had now', async (status) => {
    await expectCode('unavailable', () => resolve({ status }));
  });

  test('a fetch that fails, whose reason is kept', async () => {
    const reason = new TypeError('fetch failed');
    const error = await expectCode('unavailable', () => resolveDidWeb(did, { fetch: () => Promise.reject(reason) }));
    expect(error.cause).toBe(reason);
  });

  test('a connection that ends within the document', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.error(new Error('reset'));
      },
    });
    await expectCode('unavailable', () => resolve({ body }));
  });
});

describe('a document that does not end', () => {
  test('is given up after 64 KiB, and its connection closed', async () => {
    let sent = 0;
    let isClosed = false;
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(1000).fill(0x20));
        sent += 1000;
      },
      cancel() {
        isClosed = true;
      },
    });
    await expectCode('too_large', () => resolve({ body }));
    expect(sent).toBeLessThan(70_000);
    expect(isClosed).toBe(true);
  });

  test('of exactly 64 KiB is read, and of a byte more is not', async () => {
    const padded = document + ' '.repeat(64 * 1024 - document.length);
    expect((await resolve({ body: padded })).verificationMethods).toHaveLength(1);
    await expectCode('too_large', () => resolve({ body: `${padded} ` }));
  });
});

describe('what takes too long is given up', () => {
  afterEach(() => vi.restoreAllMocks());

  function stopAtOnce(): AbortController {
    const controller = new AbortController();
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(controller.signal);
    return controller;
  }

  test('by its limit', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout');
    await resolve({});
    expect(timeout).toHaveBeenCalledWith(didWebLimits.milliseconds);
  });

  test('where the fetch itself does not listen', async () => {
    const controller = stopAtOnce();
    const late = resolveDidWeb(did, { fetch: () => new Promise(() => undefined) });
    controller.abort(new Error('late'));
    await expectCode('unavailable', () => late);
  });

  test('where the body comes byte by byte', async () => {
    const controller = stopAtOnce();
    let isClosed = false;
    const body = new ReadableStream({
      cancel() {
        isClosed = true;
      },
    });
    const late = resolve({ body });
    setTimeout(() => controller.abort(new Error('late')), 5);
    await expectCode('unavailable', () => late);
    expect(isClosed).toBe(true);
  });

  test('where the time was over before the answer', async () => {
    stopAtOnce().abort(new Error('late'));
    await expectCode('unavailable', () => resolve({}));
  });
});

test('the body of what is refused is not left open', async () => {
  let isClosed = false;
  const body = new ReadableStream({
    cancel() {
      isClosed = true;
    },
  });
  await expectCode('bad_input', () => resolve({ body, type: 'text/html' }));
  expect(isClosed).toBe(true);
});

test('a failure is a HanaperError that names no bytes of the answer', async () => {
  const error = await expectCode('bad_input', () => resolve({ body: '{"secret-answer"' }));
  expect(error).toBeInstanceOf(HanaperError);
  expect(`${error.message}${JSON.stringify(error.details)}${String(error.cause)}`).not.toContain('secret-answer');
});
