import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Authority } from '../../src/authority/authority.ts';
import { bodyBytes } from '../../src/http/limits.ts';
import { encodeContainer, type InvocationClaims } from '../../src/ucan/index.ts';
import { createAuthority } from '../support/authority.ts';
import { list, map } from '../support/cbor.ts';
import { engines } from '../support/engines.ts';
import { apiOf, callerOf, Door, expectProblem } from '../support/http.ts';
import { chainOf, principal, resign } from '../support/ucan.ts';

describe.each(engines)('POST /api/invoke on $name refuses, and leaves nothing of,', ({ createUrl }) => {
  let authority: Authority;
  let door: Door;

  beforeAll(async () => {
    ({ authority } = await createAuthority(await createUrl()));
    door = new Door(apiOf(authority), await callerOf(authority, await principal('admin')));
  });
  afterAll(() => authority.close());

  const later = () => Math.floor(Date.now() / 1000);

  test.each<[string, string, () => Promise<BodyInit>]>([
    ['no body', 'malformed_token', async () => new Uint8Array(0)],
    ['text that is no container', 'malformed_token', async () => 'hello'],
    [
      'a container with a letter missing',
      'malformed_token',
      async () => (await door.createKey()).container.slice(0, -1),
    ],
    ['a container cut in half', 'malformed_token', async () => (await door.createKey('raw')).container.slice(0, 200)],
    [
      'a container with more behind it',
      'malformed_token',
      async () => new Blob([(await door.createKey('raw')).container, 'x']),
    ],
    [
      'a zipped container that is damaged',
      'malformed_token',
      async () => (await door.createKey('raw-gzip')).container.fill(0, 30, 60),
    ],
    [
      'a container in another one’s mark',
      'malformed_token',
      async () => (await door.createKey('base64')).container.fill(0x40, 0, 1),
    ],
    ['an empty container', 'bad_input', async () => encodeContainer([], 'raw')],
    [
      'delegations alone',
      'bad_input',
      async () =>
        encodeContainer(
          door.caller.proofs.map(({ bytes }) => bytes),
          'raw',
        ),
    ],
    [
      'one that is not addressed to the authority',
      'audience_mismatch',
      async () => packed({ audience: door.caller.signer.did }),
    ],
    ['one that has expired', 'token_expired', async () => packed({ expiration: later() - 120 })],
    ['one that lives too long', 'invalid_claim', async () => packed({ expiration: later() + 3600 })],
    ['one that never expires', 'invalid_claim', async () => packed({ expiration: null })],
    ['one without its proofs', 'invalid_claim', async () => packed({ proofs: [] })],
    ['one about somebody else', 'subject_mismatch', async () => packed({ subject: door.caller.signer.did })],
    ['one of no command', 'not_found', async () => packed({ command: '/no/such' })],
    ['one with other arguments', 'bad_input', async () => packed({ args: { name: 'UPPER' } })],
    ['one with an argument more', 'bad_input', async () => packed({ args: { name: 'a', colour: 'red' } })],
    ['one whose proof was left out of the container', 'proof_unavailable', async () => strangerWithoutProof()],
  ])('%s: %s', async (_, code, make) => {
    const body = await make();
    await door.expectNothingDone(async () => expectProblem(code as 'bad_input', await door.post(body)));
  });

  test('two invocations', async () => {
    const [one, two] = [await door.createKey(), await door.createKey()];
    const both = await encodeContainer(
      [one, two].map(({ invocation }) => invocation.bytes),
      'raw',
    );
    await door.expectNothingDone(async () => {
      const { details } = await expectProblem('bad_input', await door.post(both));
      expect(details).toEqual({ reason: 'not one invocation', invocations: 2 });
    });
  });

  test('a receipt', async () => {
    const receipt = new Uint8Array(await (await door.post((await door.createKey('raw')).container)).arrayBuffer());
    await door.expectNothingDone(async () => {
      const { details } = await expectProblem('bad_input', await door.post(receipt));
      expect(details).toEqual({ reason: 'receipt' });
    });
  });

  test('an invocation with a signature that is not its own', async () => {
    const { invocation } = await door.createKey();
    const forged = await encodeContainer([resign(invocation, new Uint8Array(64).fill(7)), ...proofBytes()], 'raw');
    await door.expectNothingDone(async () => expectProblem('invalid_token_signature', await door.post(forged)));
  });

  test('a chain that somebody else was given', async () => {
    const { people, delegations, invocation } = await chainOf(2);
    expect(people).toHaveLength(3);
    const body = await encodeContainer(
      [invocation, ...delegations].map(({ bytes }) => bytes),
      'raw',
    );
    await door.expectNothingDone(async () => expectProblem('subject_mismatch', await door.post(body)));
  });

  test('a body with a byte more than may be', async () => {
    const large = new Uint8Array(bodyBytes + 1).fill(0x41);
    await door.expectNothingDone(async () => {
      const { details } = await expectProblem('too_large', await door.post(large));
      expect(details).toEqual({ most_bytes: bodyBytes });
    });
    await expectProblem('malformed_token', await door.post(large.slice(1)));
  });

  test('a body that is larger than it says, or has no length', async () => {
    const large = new Uint8Array(bodyBytes + 1);
    await expectProblem('too_large', await door.post(large, { 'content-length': '10' }));
    await expectProblem('too_large', await door.post(large, { 'content-length': String(bodyBytes + 1) }));
    await expectProblem('malformed_token', await door.post(new Uint8Array(5), { 'content-length': 'many' }));
  });

  test('a body that a compression is wrapped around', async () => {
    const { container } = await door.createKey();
    const body = gzipSync(container);
    for (const encoding of ['gzip', 'br', 'GZIP', 'identity, gzip', 'aes128gcm']) {
      const { details } = await expectProblem('bad_input', await door.post(body, { 'content-encoding': encoding }));
      expect(details).toEqual({ reason: 'content encoding' });
    }
    expect((await door.post(container, { 'content-encoding': 'identity' })).status).toBe(200);
  });

  test.each(['raw-gzip', 'base64-gzip', 'base64url-gzip'] as const)(
    'a %s container that unpacks to far more',
    async (encoding) => {
      const bomb = gzipSync(map({ 'ctn-v1': list([new Uint8Array(64 * 1024 * 1024)]) }).bytes);
      const mark = (await encodeContainer([], encoding)).slice(0, 1);
      const text = encoding === 'raw-gzip' ? bomb : bomb.toString(encoding === 'base64-gzip' ? 'base64' : 'base64url');
      const before = process.memoryUsage().arrayBuffers;
      const { detail } = await expectProblem('malformed_token', await door.post(new Blob([mark, text])));
      expect(detail).toMatch(/unpack|larger|bytes/);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
    },
  );

  async function packed(claims: Partial<InvocationClaims>): Promise<Uint8Array<ArrayBuffer>> {
    return (await door.createKey('raw', claims)).container;
  }

  async function strangerWithoutProof(): Promise<Uint8Array<ArrayBuffer>> {
    const { invocation } = await door.createKey();
    return encodeContainer([invocation.bytes], 'raw');
  }

  function proofBytes(): Uint8Array[] {
    return door.caller.proofs.map(({ bytes }) => bytes);
  }
});
