import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listAcls } from '../../src/authority/commands/acl.ts';
import { lockDatabase } from '../../src/authority/commands/database.ts';
import { listStoredDelegations } from '../../src/authority/commands/delegation.ts';
import { createKey, listKeys } from '../../src/authority/commands/key.ts';
import { createOrganisation, listOrganisations } from '../../src/authority/commands/org.ts';
import { addTrust, listTrust } from '../../src/authority/commands/trust.ts';
import { openSigner } from '../../src/authority/issue-delegation.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { bodyBytes } from '../../src/http/limits.ts';
import { engines } from '../support/engines.ts';
import { fuzzRuns } from '../support/fuzz.ts';
import { type Asking, createPlace, inSeconds, type Named, type Place, plainRequest } from '../support/place.ts';
import { type Answered, type Asked, ask, serve } from '../support/server.ts';
import { containerOf, revoke } from '../support/tokens.ts';
import { expectTold, leavingNothing } from '../support/told.ts';
import { delegate, invoke, principals, resign } from '../support/ucan.ts';

const text = { 'Content-Type': 'text/plain' };
/** Says what it is given to a connection, ends its half, and gives what comes back. */
function say(url: string, parts: readonly (string | Uint8Array)[], isEnded = true): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? undefined : reject(error),
    );
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    for (const part of parts) socket.write(part);
    if (isEnded) socket.end();
  });
}

function headOf(url: string, ...headers: readonly string[]): string {
  const lines = ['POST /api/invoke HTTP/1.1', `Host: ${new URL(url).host}`, 'Content-Type: text/plain', ...headers];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function post(here: Place, body: string | Uint8Array, headers: Asked['headers'] = text): Promise<Answered> {
  return ask(here.server.url, '/api/invoke', { body, headers });
}

describe.each(engines)('on $name', (engine) => {
  const place = () => createPlace(engine);

  test('what is no container is malformed, whatever it is', async () => {
    const here = await place();
    const { tokens } = await here.sign({ command: createKey, args: { name: 'release' } });
    const container = Buffer.from(await containerOf(tokens));
    const raw = Buffer.concat([Buffer.from('@'), Buffer.from(container.subarray(1).toString(), 'base64url')]);
    const cut = (length: number) => raw.subarray(0, length);
    await leavingNothing(here, async () => {
      for (const body of ['', ' ', '{}', 'C', '@', 'M', 'Mnot gzip', 'P----', cut(9), cut(100), cut(raw.length - 1)]) {
        expectTold('malformed_token', await post(here, body));
      }
      expectTold('malformed_token', await post(here, Buffer.concat([raw, Buffer.from([0])])));
      expectTold('malformed_token', await post(here, gzipSync(raw), { ...text, 'Content-Encoding': 'gzip' }));
      await fc.assert(
        fc.asyncProperty(fc.nat(raw.length - 1), fc.integer({ min: 1, max: 255 }), async (offset, bits) => {
          const broken = Buffer.from(raw);
          broken[offset] = (broken[offset] ?? 0) ^ bits;
          const answered = await post(here, broken);
          expect([400, 403, 404]).toContain(answered.status);
          expectTold(answered.json['code'] as ErrorCode, answered);
        }),
        { numRuns: fuzzRuns(150) },
      );
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...'@BCMOPx'), fc.uint8Array({ maxLength: 300 }), async (mark, bytes) => {
          expectTold('malformed_token', await post(here, Buffer.concat([Buffer.from(mark), bytes])));
        }),
        { numRuns: fuzzRuns(100) },
      );
    });
  });

  test('a container of another content is refused', async () => {
    const here = await place();
    const [one, two] = [
      await here.sign({ command: createKey, args: { name: 'one' } }),
      await here.sign({ command: createKey, args: { name: 'two' } }),
    ];
    const done = await here.askByContainer(await here.sign({ command: createKey, args: { name: 'release' } }));
    expect(done.status, done.text).toBe(200);
    await leavingNothing(here, async () => {
      const both = expectTold('bad_input', await post(here, await containerOf([...one.tokens, ...two.tokens])));
      expect(both.json['details']).toMatchObject({ invocations: 2 });
      expectTold('bad_input', await post(here, await containerOf(one.tokens.slice(1))));
      expectTold('bad_input', await post(here, await containerOf([])));
      const receipt = expectTold('bad_input', await post(here, done.text));
      expect(receipt.json['details']).toEqual({ reason: 'receipt' });
      const bearer = { headers: { Authorization: `Bearer ${done.text}` } };
      expectTold('bad_input', await ask(here.server.url, '/api/orgs', bearer));
    });
  });

  test('a body of another type, or none that is stated, is refused', async () => {
    const here = await place();
    const asking = { command: createKey, args: { name: 'release' } };
    const container = await containerOf((await here.sign(asking)).tokens);
    const [path, plain] = plainRequest(asking, container);
    await leavingNothing(here, async () => {
      for (const type of ['application/json', 'multipart/form-data; boundary=x', 'text/html', 'text', '']) {
        expectTold('bad_input', await post(here, container, { 'Content-Type': type }));
      }
      expectTold('bad_input', await post(here, container, {}));
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', '']) {
        const headers = { ...plain.headers, 'Content-Type': type };
        expectTold('bad_input', await ask(here.server.url, path, { ...plain, headers }));
      }
      for (const body of ['{', 'null', '[]', '"release"', '{"name":"release"}x', '\ufeff{"name":"release"}', '\xff']) {
        const { json: _, ...rest } = plain;
        const headers = { ...plain.headers, 'Content-Type': 'application/json' };
        const answered = await ask(here.server.url, path, { ...rest, headers, body: Buffer.from(body, 'latin1') });
        expect([400, 403]).toContain(answered.status);
        expectTold(answered.json['code'] as ErrorCode, answered);
      }
    });
  });

  test('a body that is too large is refused, whether it says so or not', async () => {
    const here = await place();
    const { url } = here.server;
    const large = Buffer.alloc(bodyBytes + 1, 'C');
    await leavingNothing(here, async () => {
      expectTold('too_large', await post(here, large));
      expectTold('too_large', await post(here, large, { ...text, 'Transfer-Encoding': 'chunked' }));
      const stated = await say(url, [headOf(url, `Content-Length: ${bodyBytes + 1}`, 'Connection: close')], false);
      expect(stated).toMatch(/^HTTP\/1\.1 413 [\s\S]*"code":"too_large"/);
      const chunk = `10000\r\n${'C'.repeat(65_536)}\r\n`;
      const endless = await say(
        url,
        [headOf(url, 'Transfer-Encoding: chunked', 'Connection: close'), ...Array(40).fill(chunk)],
        false,
      );
      expect(endless).toMatch(/^HTTP\/1\.1 413 [\s\S]*"code":"too_large"/);
      const asking = { command: createKey, args: { name: 'release' } };
      const [path, plain] = plainRequest(asking, await containerOf((await here.sign(asking)).tokens));
      expectTold('too_large', await ask(url, path, { ...plain, json: { name: 'x'.repeat(bodyBytes) } }));
    });
  });

  test('a body that does not arrive whole, or contradicts itself, is refused', async () => {
    const here = await place();
    const { url } = here.server;
    const container = await containerOf((await here.sign({ command: createKey, args: { name: 'release' } })).tokens);
    const half = container.slice(0, container.length / 2);
    const size = container.length.toString(16);
    await leavingNothing(here, async () => {
      for (const said of [
        [headOf(url, `Content-Length: ${container.length}`), half],
        [headOf(url, 'Transfer-Encoding: chunked'), `${size}\r\n${half}`],
        [headOf(url, 'Transfer-Encoding: chunked'), `${size}\r\n${container}\r\n`],
        [headOf(url, 'Transfer-Encoding: chunked'), `zz\r\n${container}\r\n`],
        [headOf(url, 'Transfer-Encoding: chunked', `Content-Length: ${container.length}`), container],
        [headOf(url, 'Content-Length: -1'), container],
        [headOf(url, 'Content-Length: 1', `Content-Length: ${container.length}`), container],
      ]) {
        expect(await say(url, said)).not.toMatch(/^HTTP\/1\.1 [25]/);
      }
    });
  });

  test('what unzips beyond bounds is malformed, in a body and in a header', async () => {
    const here = await place();
    const bomb = gzipSync(Buffer.alloc(512 * 1024 * 1024));
    const small = gzipSync(Buffer.alloc(12 * 1024 * 1024)).toString('base64url');
    await leavingNothing(here, async () => {
      const before = process.memoryUsage.rss();
      for (const [mark, body] of [
        ['M', bomb],
        ['O', Buffer.from(bomb.toString('base64'))],
        ['P', Buffer.from(bomb.toString('base64url'))],
      ] as const) {
        expectTold('malformed_token', await post(here, Buffer.concat([Buffer.from(mark), body])));
      }
      expect(process.memoryUsage.rss() - before).toBeLessThan(256 * 1024 * 1024);
      const bearer = { headers: { Authorization: `Bearer P${small}` } };
      expectTold('malformed_token', await ask(here.server.url, '/api/orgs', bearer));
    });
  });

  test('an invocation that may not be executed is refused by either way, and consumes nothing', async () => {
    const here = await place();
    const [stranger] = await principals('stranger');
    if (!stranger) throw new TypeError('there is one');
    const own = { command: createKey, args: { name: 'release' } };
    const cases: readonly (readonly [ErrorCode, Asking['claims']])[] = [
      ['audience_mismatch', { audience: stranger.did }],
      ['token_expired', { expiration: inSeconds(-120) }],
      ['invalid_claim', { expiration: inSeconds(3600) }],
      ['invalid_claim', { expiration: null }],
      ['proof_unavailable', { proofs: [(await delegate(stranger, here.admin)).cid] }],
    ];
    await leavingNothing(here, async () => {
      for (const [code, claims] of cases) {
        const signed = await here.sign({ ...own, ...(claims && { claims }) });
        expectTold(code, await here.askPlainly(own, signed));
        expectTold(code, await here.askByContainer(signed));
      }
      const unknown = await here.sign({ ...own, claims: { command: '/key/forge' } });
      expectTold('not_found', await here.askByContainer(unknown));
      const nobody = await here.sign({ ...own, claims: { subject: stranger.did } });
      expectTold('subject_mismatch', await here.askByContainer(nobody));
      const noPower = await here.sign({ ...own, signer: stranger, claims: { subject: await here.didOf('acme') } });
      expectTold('invalid_claim', await here.askByContainer(noPower));
      const { invocation, tokens } = await here.sign(own);
      const forged = { bytes: resign(invocation, new Uint8Array(64).fill(1)) };
      expectTold('invalid_token_signature', await post(here, await containerOf([forged, ...tokens.slice(1)])));
      const bearer = { ...own, args: { name: 'Not a name' } };
      expectTold('bad_input', await here.askPlainly(bearer));
    });
  });

  test('no invocation, or another scheme, is asked for one', async () => {
    const here = await place();
    await leavingNothing(here, async () => {
      for (const headers of [{}, { Authorization: 'Basic eDp5' }, { Authorization: 'Bearer' }, { Authorization: '' }]) {
        const answered = expectTold('token_missing', await ask(here.server.url, '/api/orgs', { headers }));
        expect(answered.headers['www-authenticate']).toBe('Bearer');
      }
      expectTold('not_found', await ask(here.server.url, '/api/orgs/acme/nothing'));
      expectTold('not_found', await ask(here.server.url, '/%2e%2e/%2e%2e/etc/passwd'));
    });
  });

  test('an invocation that was executed gives its stored receipt again, even once its proof is revoked', async () => {
    const here = await place();
    const asking = { command: createKey, args: { name: 'release' } };
    const signed = await here.sign(asking);
    const done = await here.askPlainly(asking, signed);
    expect(done.headers['hanaper-replay']).toBeUndefined();
    const proof = await here.proofOf('acme');
    const expectAgain = () =>
      leavingNothing(here, async () => {
        const again = await here.askPlainly(asking, signed);
        expect(again).toMatchObject({ status: 200, json: done.json });
        expect(again.headers).toMatchObject({
          'hanaper-receipt': done.headers['hanaper-receipt'],
          'hanaper-replay': 'true',
        });
        const other = await here.askByContainer(signed, { headers: { Accept: 'application/json' } });
        expect(other.headers['hanaper-replay']).toBe('true');
        expect(other.json['receipt']).toMatchObject({ cid: done.headers['hanaper-receipt'], out: { ok: done.json } });
      });
    await expectAgain();
    await revoke(here.authority, await openSigner(here.authority, { organisation: 'acme' }), proof, {}, [proof]);
    await expectAgain();
    await leavingNothing(here, async () => {
      expectTold('token_revoked', await here.askPlainly({ command: createKey, args: { name: 'spare' } }));
      expectTold('token_revoked', await here.askPlainly({ command: listKeys }));
    });
  });

  test('a refusal of what was begun is a receipt, which is given again too', async () => {
    const here = await place();
    const asking = { command: addTrust, args: { public_key: '00'.repeat(32) } };
    const signed = await here.sign(asking);
    const refused = expectTold('weak_key', await here.askPlainly(asking, signed));
    expect(refused.headers['hanaper-receipt']).toMatch(/^zdpu/);
    await leavingNothing(here, async () => {
      const again = expectTold('weak_key', await here.askPlainly(asking, signed));
      expect(again.headers).toMatchObject({
        'hanaper-receipt': refused.headers['hanaper-receipt'],
        'hanaper-replay': 'true',
      });
      expect(again.json['detail']).toBe(refused.json['detail']);
    });
  });

  test('a locked database is read, and not written', async () => {
    const here = await place();
    const reads: readonly Named[] = [listOrganisations, listKeys, listTrust, listAcls, listStoredDelegations];
    const locked = await here.askPlainly({ command: lockDatabase });
    expect(locked.json).toEqual({ did: here.authority.identity.did, locked: true });
    await leavingNothing(here, async () => {
      for (const command of reads) expect((await here.askPlainly({ command })).status).toBe(200);
      for (const asking of [
        { command: createOrganisation, args: { name: 'beta' } },
        { command: createKey, args: { name: 'release' } },
        { command: lockDatabase },
      ]) {
        expectTold('locked', await here.askPlainly(asking));
        expectTold('locked', await here.askByContainer(await here.sign(asking)));
      }
      expect((await ask(here.server.url, '/readyz')).json).toEqual({ ready: true, locked: true });
    });
  });

  test('another host, or a page of another site, is turned away before anything else', async () => {
    const here = await place();
    const { url } = here.server;
    const { host, port } = new URL(url);
    const asking = { command: createKey, args: { name: 'release' } };
    const [path, plain] = plainRequest(asking, await containerOf((await here.sign(asking)).tokens));
    const askAs = (headers: Readonly<Record<string, string>>) =>
      ask(url, path, { ...plain, headers: { ...plain.headers, ...headers } });
    await leavingNothing(here, async () => {
      for (const other of ['evil.example', `evil.example:${port}`, 'localhost', `localhost.evil.example:${port}`]) {
        expectTold('bad_input', await askAs({ Host: other }));
        expectTold('bad_input', await ask(url, '/docs', { headers: { Host: other } }));
      }
      for (const origin of ['https://evil.example', 'null', `https://${host}.evil.example`, '']) {
        expectTold('not_authorized', await askAs({ Origin: origin }));
      }
      for (const site of ['cross-site', 'same-site', 'anything']) {
        expectTold('not_authorized', await askAs({ 'Sec-Fetch-Site': site }));
        expectTold('not_authorized', await askAs({ 'Sec-Fetch-Site': site, Origin: url }));
      }
    });
    expect((await ask(url, '/healthz', { headers: { 'Sec-Fetch-Site': 'cross-site' } })).status).toBe(200);
    const own = await askAs({ Host: host.toUpperCase(), Origin: url, 'Sec-Fetch-Site': 'same-origin' });
    expect(own.status, own.text).toBe(200);
  });

  test('ten links fit into the header; for more, the answer names the other way', async () => {
    const here = await place();
    const people = await principals(...Array.from({ length: 10 }, (_, index) => `person ${index}`));
    const issuers = [await openSigner(here.authority, { organisation: 'acme' }), ...people.slice(0, -1)];
    const did = await here.didOf('acme');
    const policy = [
      [
        'or',
        [
          ['==', '.name', 'plugin.wasm'],
          ['like', '.name', 'plugin-*.wasm'],
        ],
      ],
    ];
    const chain = await Promise.all(
      people.map((audience, index) =>
        delegate(issuers[index] ?? audience, audience, {
          subject: did,
          policy: index === 0 ? [] : policy,
          command: '/key',
          expiration: inSeconds(86_400),
          meta: { note: 'for the continuous integration of the plugins' },
        }),
      ),
    );
    const invoker = people.at(-1) ?? here.admin;
    const invocation = await invoke(invoker, { did }, chain, {
      command: '/key/create',
      args: { name: 'plugin.wasm' },
      audience: here.authority.identity.did,
      expiration: inSeconds(300),
    });
    for (const encoding of ['base64', 'base64url', 'base64url-gzip'] as const) {
      const container = await containerOf([invocation, ...chain], encoding);
      expect(container.length).toBeLessThan(16 * 1024);
      const answered = await ask(
        here.server.url,
        ...plainRequest({ command: createKey, args: { name: 'plugin.wasm' } }, container),
      );
      // Every link was admitted: it is the name that no key may have.
      expectTold('bad_input', answered);
      expect(answered.json['details']).not.toMatchObject({ reason: 'another request' });
    }
    const long = await ask(here.server.url, '/api/orgs', {
      headers: { Authorization: `Bearer C${'A'.repeat(33 * 1024)}` },
    });
    expect(long.status).toBe(431);
    expect(long.json).toMatchObject({ code: 'too_large', detail: expect.stringContaining('POST /api/invoke') });
  });

  test('before there is a database everything but its making is told so', async () => {
    const bare = await serve(await engine.createUrl());
    for (const path of ['/api/orgs', '/readyz', '/.well-known/did.json']) {
      expectTold('not_initialized', await ask(bare.url, path));
    }
    expectTold('not_initialized', await ask(bare.url, '/api/invoke', { body: 'C', headers: text }));
    expect((await ask(bare.url, '/healthz')).status).toBe(200);
    expect((await ask(bare.url, '/openapi.json')).status).toBe(200);
  });
});
