import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Authority } from '../../src/authority/authority.ts';
import { containerTypes } from '../../src/http/invoke.ts';
import { type ContainerEncoding, containerEncodings, decodeContainer, decodeInvocation } from '../../src/ucan/index.ts';
import { readReceipt } from '../../src/ucan/receipt.ts';
import { createAuthority } from '../support/authority.ts';
import { engines } from '../support/engines.ts';
import { apiOf, type Caller, callerOf, type TestApi } from '../support/http.ts';
import { principal } from '../support/ucan.ts';

describe.each(engines)('POST /api/invoke on $name', ({ createUrl }) => {
  let authority: Authority;
  let api: TestApi;
  let caller: Caller;

  beforeAll(async () => {
    ({ authority } = await createAuthority(await createUrl()));
    api = apiOf(authority);
    caller = await callerOf(authority, await principal('admin'));
  });
  afterAll(() => authority.close());

  function post(body: BodyInit, headers: Record<string, string> = {}, query = ''): Promise<Response> {
    return api.send(`/api/invoke${query}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/vnd.ucan.container', ...headers },
    });
  }

  async function createKey(name: string, encoding: ContainerEncoding = 'base64url') {
    const invocation = await caller.invoke('/key/create', { name }, 'acme');
    return { invocation, container: await caller.pack(invocation, encoding) };
  }

  async function receiptIn(response: Response) {
    const [token, ...others] = await decodeContainer(new Uint8Array(await response.arrayBuffer()));
    expect(others).toEqual([]);
    return readReceipt(decodeInvocation(token ?? new Uint8Array(0)));
  }

  test.each(containerEncodings)('a write in %s is answered with its receipt in the same encoding', async (encoding) => {
    const { invocation, container } = await createKey(`key-${encoding}`, encoding);
    const response = await post(container);
    const bytes = new Uint8Array(await response.clone().arrayBuffer());
    const receipt = await receiptIn(response);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/vnd.ucan.container');
    expect(response.headers.get('hanaper-receipt')).toBe(receipt.invocation.cid.toString());
    expect(response.headers.get('hanaper-replay')).toBeNull();
    expect(bytes[0]).toBe(container[0]);
    expect(receipt.executor).toBe(authority.identity.did);
    expect(receipt.ran.equals(invocation.cid)).toBe(true);
  });

  test('the same invocation again is answered with the same receipt, which says so', async () => {
    const { container } = await createKey('replayed');
    const first = await receiptIn(await post(container));
    const again = await post(container);
    expect(again.headers.get('hanaper-replay')).toBe('true');
    expect((await receiptIn(again)).invocation.bytes).toEqual(first.invocation.bytes);
  });
});
