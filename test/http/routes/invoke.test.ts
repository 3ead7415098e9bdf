import { describe, expect, test } from 'vitest';
import { createKey, listKeys } from '../../../src/authority/commands/key.ts';
import { createOrganisation, listOrganisations } from '../../../src/authority/commands/org.ts';
import { rotateKey } from '../../../src/authority/commands/rotate-key.ts';
import { addTrust } from '../../../src/authority/commands/trust.ts';
import { readAnswer, resultOf } from '../../../src/client/answer.ts';
import { HanaperError } from '../../../src/errors.ts';
import { encodingOf } from '../../../src/ucan/encoding/container.ts';
import {
  type ContainerEncoding,
  containerEncodings,
  decodeContainer,
  decodeInvocation,
  encodeContainer,
  formatCid,
  readReceipt,
} from '../../../src/ucan/index.ts';
import { verifyToken } from '../../../src/ucan/token/verified.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import { createPlace, type Place, plainRequest, type Signed } from '../../support/place.ts';
import { type Answered, ask, expectProblem } from '../../support/server.ts';
import { containerOf } from '../../support/tokens.ts';

const type = 'application/vnd.ucan.container';

interface Received {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

/** The same as `ask`, with the bytes of the answer. */
async function send(
  { server }: Place,
  { tokens }: Signed,
  encoding: ContainerEncoding,
  headers: Readonly<Record<string, string>> = {},
): Promise<Received> {
  const body = await encodeContainer(
    tokens.map(({ bytes }) => bytes),
    encoding,
  );
  const answer = await fetch(`${server.url}/api/invoke`, {
    method: 'POST',
    body,
    headers: { 'Content-Type': type, ...headers },
  });
  return { status: answer.status, headers: answer.headers, bytes: new Uint8Array(await answer.arrayBuffer()) };
}

async function receiptIn(bytes: Uint8Array) {
  const [token, ...others] = await decodeContainer(bytes);
  expect(others).toEqual([]);
  const receipt = readReceipt(decodeInvocation(token ?? new Uint8Array()));
  await verifyToken(receipt.invocation);
  return receipt;
}

describe.each(engines)('on $name', (engine) => {
  test('the remedy of an error receipt is beside it, and a client has it in the details', async () => {
    const place = await createPlace(engine);
    const signed = await place.sign({ command: rotateKey, args: { name: 'nobody' } });
    const answer = await send(place, signed, 'base64url');
    expect(answer.headers.get('hanaper-remedy')).toBe('list_signing_keys');
    const { server, authority } = place;
    const asked = { server: server.url, authority: authority.identity.did, invocation: signed.invocation };
    const read = await readAnswer(
      { ...answer, type, bytes: new Uint8Array(answer.bytes) },
      { ...asked, access: 'write' },
    );
    const { details } = await expectCode('not_found', () => resultOf(read));
    expect(details).toEqual({ remedy: 'list_signing_keys' });
  });

  test.each(containerEncodings)('a receipt comes back in the encoding of its request: %s', async (encoding) => {
    const place = await createPlace(engine);
    const signed = await place.sign({ command: createKey, args: { name: 'release' } });
    const { status, headers, bytes } = await send(place, signed, encoding);
    expect(status).toBe(200);
    expect(headers.get('Content-Type')).toBe(type);
    expect(encodingOf(bytes)).toBe(encoding);
    const receipt = await receiptIn(bytes);
    expect(receipt.executor).toBe(place.authority.identity.did);
    expect(receipt.ran.equals(signed.invocation.cid)).toBe(true);
    expect(receipt.out).toMatchObject({ ok: { name: 'release' } });
    expect(headers.get('Hanaper-Receipt')).toBe(formatCid(receipt.invocation.cid));
    expect(headers.get('Hanaper-Replay')).toBeNull();
    const again = await send(place, signed, encoding);
    expect(again.headers.get('Hanaper-Replay')).toBe('true');
    expect(formatCid((await receiptIn(again.bytes)).invocation.cid)).toBe(headers.get('Hanaper-Receipt'));
    const json = await send(place, signed, encoding, { Accept: 'application/json' });
    expect(json.headers.get('Content-Type')).toBe('application/json');
    expect(JSON.parse(Buffer.from(json.bytes).toString())).toEqual({
      receipt: {
        cid: formatCid(receipt.invocation.cid),
        ran: formatCid(signed.invocation.cid),
        executor: place.authority.identity.did,
        issued_at: receipt.invocation.issuedAt,
        out: { ok: expect.objectContaining({ name: 'release' }) },
      },
    });
  });

  test.each(containerEncodings)('what was read is JSON, whatever the encoding: %s', async (encoding) => {
    const place = await createPlace(engine);
    for (const headers of [{}, { Accept: type }, { Accept: 'application/json' }]) {
      const answer = await send(place, await place.sign({ command: listOrganisations }), encoding, headers);
      expect(answer.headers.get('Content-Type')).toBe('application/json');
      expect(answer.headers.get('Hanaper-Receipt')).toBeNull();
      const { result } = JSON.parse(Buffer.from(answer.bytes).toString()) as { result: { organisations: object[] } };
      expect(result.organisations).toMatchObject([{ name: 'acme' }]);
    }
  });

  test.each(['base64', 'base64url', 'base64-gzip', 'base64url-gzip'] as const)(
    'the header takes a container of text: %s',
    async (encoding) => {
      const place = await createPlace(engine);
      const asking = { command: createKey, args: { name: 'release' } };
      const [path, plain] = plainRequest(asking, await containerOf((await place.sign(asking)).tokens, encoding));
      expect((await ask(place.server.url, path, plain)).json).toMatchObject({ name: 'release' });
    },
  );

  test('every type of a container is taken, and a file of text may end in a newline', async () => {
    const place = await createPlace(engine);
    const signed = await place.sign({ command: listKeys });
    const container = await containerOf(signed.tokens);
    for (const accepted of [
      type,
      'application/octet-stream',
      'application/vnd.ipld.dag-cbor',
      'text/plain',
      'TEXT/Plain; charset=utf-8',
    ]) {
      const body = `${container}\r\n`;
      const answered = await ask(place.server.url, '/api/invoke', { body, headers: { 'Content-Type': accepted } });
      expect(answered.status, answered.text).toBe(200);
    }
  });

  test('an error receipt has the status of its code, as a container and as JSON', async () => {
    const place = await createPlace(engine);
    const signed = await place.sign({ command: addTrust, args: { public_key: '00'.repeat(32) } });
    const { status, bytes, headers } = await send(place, signed, 'raw');
    expect(status).toBe(400);
    expect(headers.get('Content-Type')).toBe(type);
    expect((await receiptIn(bytes)).out).toMatchObject({ error: { code: 'weak_key', message: expect.any(String) } });
    const json = await send(place, signed, 'raw', { Accept: 'text/html;q=0.9, Application/JSON' });
    expect(json.status).toBe(400);
    expect(JSON.parse(Buffer.from(json.bytes).toString()).receipt.out).toEqual({
      error: { code: 'weak_key', message: expect.any(String) },
    });
    const plainly = await place.askPlainly({ command: addTrust, args: { public_key: '00'.repeat(32) } }, signed);
    expectProblem('weak_key', plainly, 400);
    const { detail } = plainly.json;
    // However it was answered, the log tells the same.
    expect(place.server.requests).toHaveLength(3);
    for (const entry of place.server.requests) {
      expect(entry).toMatchObject({ status: 400, code: 'weak_key' });
      const { error } = entry;
      expect(error instanceof HanaperError ? error.message : error).toBe(detail);
    }
  });

  test('the organisation that the caller names must be the subject', async () => {
    const place = await createPlace(engine);
    await place.authority.execute(createOrganisation, { name: 'beta' });
    const askAs = async (organisation: string): Promise<Answered> => {
      const body = await containerOf((await place.sign({ command: listKeys })).tokens);
      const path = `/api/invoke?org=${encodeURIComponent(organisation)}`;
      return ask(place.server.url, path, { body, headers: { 'Content-Type': 'text/plain' } });
    };
    const did = await place.didOf('acme');
    for (const right of ['acme', did]) expect((await askAs(right)).json).toEqual({ result: { keys: [] } });
    const beta = await place.didOf('beta');
    for (const wrong of ['beta', 'nobody', 'ACME', '', beta, `${did}x`, place.authority.identity.did]) {
      const answered = expectProblem('subject_mismatch', await askAs(wrong), 403);
      expect(answered.json['details']).toMatchObject({ subject: did, organisation: wrong });
    }
    expectProblem('subject_mismatch', await askAs('x'.repeat(5000)), 403);
    const before = await place.countRows();
    const signed = await place.sign({ command: createKey, args: { name: 'release' } });
    const body = await containerOf(signed.tokens);
    const headers = { 'Content-Type': 'text/plain' };
    expectProblem('subject_mismatch', await ask(place.server.url, '/api/invoke?org=beta', { body, headers }), 403);
    expect(await place.countRows()).toEqual(before);
  });
});
