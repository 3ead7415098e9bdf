import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Authority } from '../../src/authority/index.ts';
import { connect, type Pins } from '../../src/client/index.ts';
import { parseServerAddress } from '../../src/client/server-address.ts';
import { createAuthority } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { json, startServer, type TestAnswer, type TestServer } from '../support/stand-in-server.ts';
import { type Principal, principal } from '../support/ucan.ts';

const [sqlite] = engines;

describe('the address of a server', () => {
  test.each([
    ['https://hanaper.example', 'https://hanaper.example'],
    ['https://hanaper.example/', 'https://hanaper.example'],
    ['https://Hanaper.Example:8443', 'https://hanaper.example:8443'],
    ['http://localhost:7373', 'http://localhost:7373'],
    ['http://127.0.0.1:7373', 'http://127.0.0.1:7373'],
    ['http://127.1.2.3', 'http://127.1.2.3'],
    ['http://[::1]:7373', 'http://[::1]:7373'],
  ])('%s is one', (text, origin) => {
    expect(parseServerAddress(text).origin).toBe(origin);
  });

  test.each([
    '',
    'hanaper.example',
    'localhost:7373',
    'ftp://hanaper.example',
    'file:///etc/passwd',
    'https://user@hanaper.example',
    'https://user:word@hanaper.example',
    'https://hanaper.example/api',
    'https://hanaper.example/?a=b',
    'https://hanaper.example/#a',
    'http://hanaper.example',
    'http://localhost.example:7373',
    'http://127.0.0.1.example',
    'http://128.0.0.1',
    'http://[::2]',
    'http://0.0.0.0:7373',
  ])('"%s" is not an address', async (text) => {
    await expectCode('usage', () => parseServerAddress(text));
  });

  test('may be plain http elsewhere where that was allowed', () => {
    expect(parseServerAddress('http://hanaper.example', true).origin).toBe('http://hanaper.example');
  });
});

describe('a server is', () => {
  let authority: Authority;
  let signer: Principal;
  let server: TestServer;

  beforeAll(async () => {
    ({ authority } = await createAuthority((await sqlite?.createUrl()) ?? ''));
    signer = await principal('ci');
    server = await startServer(authority);
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await authority.close();
  });

  const pinsOf = (pinned?: string): Pins & { readonly remembered: string[][] } => {
    const remembered: string[][] = [];
    return { find: () => pinned, remember: (origin, did) => void remembered.push([origin, did]), remembered };
  };

  test('remembered by its origin at its first use, and known after', async () => {
    const pins = pinsOf();
    const client = await connect({ server: `${server.url}/`, signer, pins });
    expect(client.identity.did).toBe(authority.identity.did);
    expect(pins.remembered).toEqual([[server.url, authority.identity.did]]);
    const known = pinsOf(authority.identity.did);
    await connect({ server: server.url, signer, pins: known });
    expect(known.remembered).toEqual([]);
  });

  test('refused where it is that of another authority than was known or named', async () => {
    const options = { server: server.url, signer };
    const error = await expectCode('authority_changed', () => connect({ ...options, pins: pinsOf(signer.did) }));
    expect(error.details).toEqual({
      server: server.url,
      expected: signer.did,
      actual: authority.identity.did,
      remedy: 'accept_authority',
    });
    await expectCode('authority_changed', () => connect({ ...options, authority: signer.did }));
    const named = pinsOf(signer.did);
    await connect({ ...options, authority: authority.identity.did, pins: named });
    expect(named.remembered).toEqual([]);
  });

  test.each<[string, TestAnswer]>([
    ['a document without a DID', json(200, { name: 'somebody' })],
    ['a DID of another method', json(200, { id: 'did:web:hanaper.example' })],
    ['an invalid DID', json(200, { id: 'did:key:z6Mk' })],
    ['a web page', { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>Hello' }],
    ['nothing', { status: 404, headers: {}, body: '' }],
    ['a redirect', { status: 301, headers: { location: '/elsewhere' }, body: '' }],
    ['much', { status: 200, headers: { 'content-type': 'application/json' }, body: ' '.repeat(70_000) }],
  ])('none where it answers with %s', async (_, answer) => {
    await using other = await startServer(authority, { intercept: () => answer });
    const pins = pinsOf();
    await expectCode('unavailable', () => connect({ server: other.url, signer, pins }));
    expect(pins.remembered).toEqual([]);
    expect(other.requests).toHaveLength(1);
  });

  test('asked again where it does not answer yet', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    await new Promise((resolve) => silent.close(resolve));
    const error = await expectCode('unavailable', () => connect({ server: `http://127.0.0.1:${port}`, signer }));
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.message).not.toContain('Whether it was done');
  });

  test('not waited for where it sends its answer slowly', async () => {
    const slow = createServer((_, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => outgoing.write(' '), 20);
      outgoing.on('close', () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    const { port } = slow.address() as AddressInfo;
    const error = await expectCode('unavailable', () =>
      connect({ server: `http://127.0.0.1:${port}`, signer, timeout: 200 }),
    );
    expect(error.message).toContain('did not answer');
    slow.closeAllConnections();
    slow.close();
  });
});
