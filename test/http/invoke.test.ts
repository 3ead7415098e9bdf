import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Authority } from '../../src/authority/authority.ts';
import { containerEncodings, formatCid, type Invocation } from '../../src/ucan/index.ts';
import { byRawKey, createAuthority } from '../support/authority.ts';
import { engines } from '../support/engines.ts';
import { apiOf, callerOf, containerType, Door, expectProblem, receiptIn } from '../support/http.ts';
import { principal } from '../support/ucan.ts';

describe.each(engines)('POST /api/invoke on $name', ({ createUrl }) => {
  let authority: Authority;
  let door: Door;

  beforeAll(async () => {
    ({ authority } = await createAuthority(await createUrl()));
    door = new Door(apiOf(authority), await callerOf(authority, await principal('admin')));
  });
  afterAll(() => authority.close());

  test.each(containerEncodings)('a write in %s is answered with its receipt in the same encoding', async (encoding) => {
    const { invocation, container } = await door.createKey(encoding);
    const response = await door.post(container);
    const bytes = new Uint8Array(await response.clone().arrayBuffer());
    const receipt = await receiptIn(response);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(containerType);
    expect(response.headers.get('hanaper-receipt')).toBe(formatCid(receipt.invocation.cid));
    expect(response.headers.get('hanaper-replay')).toBeNull();
    expect(bytes[0]).toBe(container[0]);
    expect(receipt.executor).toBe(authority.identity.did);
    expect(receipt.ran.equals(invocation.cid)).toBe(true);
  });

  test.each([
    containerType,
    'application/octet-stream',
    'application/vnd.ipld.dag-cbor',
    'text/plain',
    'text/plain; charset=utf-8',
    'TEXT/PLAIN',
  ])('a container is taken as %s', async (type) => {
    const { container } = await door.createKey();
    expect((await door.post(container, { 'content-type': type })).status).toBe(200);
  });

  test.each(['application/json', 'multipart/form-data', 'application/x-www-form-urlencoded', 'text/html', ''])(
    'a container is not taken as "%s"',
    async (type) => {
      const { container } = await door.createKey();
      await door.expectNothingDone(async () => {
        const { details } = await expectProblem('bad_input', await door.post(container, { 'content-type': type }));
        expect(details['reason']).toBe('content type');
      });
    },
  );

  test('the same invocation again is answered with the same receipt, which says so', async () => {
    const { container } = await door.createKey();
    const first = await receiptIn(await door.post(container));
    await door.expectNothingDone(async () => {
      const again = await door.post(container);
      expect(again.headers.get('hanaper-replay')).toBe('true');
      expect((await receiptIn(again)).invocation.bytes).toEqual(first.invocation.bytes);
    });
  });

  test('a receipt is readable JSON for whoever accepts that', async () => {
    const { name, invocation, container } = await door.createKey();
    const response = await door.post(container, { accept: 'application/json' });
    const { receipt, ...others } = await response.json();
    expect(others).toEqual({});
    expect(receipt).toEqual({
      cid: response.headers.get('hanaper-receipt'),
      ran: formatCid(invocation.cid),
      executor: authority.identity.did,
      issued_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/),
      out: { ok: expect.objectContaining({ name }) },
    });
  });

  test.each([
    ['*/*', containerType],
    ['application/*', containerType],
    ['application/json;q=0', containerType],
    [`application/json;q=0.5, ${containerType}`, containerType],
    ['text/html, application/json;q=0.9, */*;q=0.8', 'application/json'],
  ])('what is accepted as "%s" is %s', async (accept, type) => {
    const { container } = await door.createKey();
    expect((await door.post(container, { accept })).headers.get('content-type')).toBe(type);
  });

  test('what a handler refuses is a receipt too, under the status of its code', async () => {
    const args = { name: 'not-there' };
    const container = await door.caller.pack(await door.caller.invoke('/key/revoke', args, 'acme'));
    const response = await door.post(container);
    expect(response.status).toBe(404);
    expect((await receiptIn(response)).out).toMatchObject({ error: { code: 'not_found' } });
    const readable = await door.post(container, { accept: 'application/json' });
    expect([readable.status, readable.headers.get('hanaper-replay')]).toEqual([404, 'true']);
    expect((await readable.json()).receipt.out.error.code).toBe('not_found');
    expect(door.api.entries.at(-2)).toMatchObject({ path: '/api/invoke', status: 404, code: 'not_found' });
  });

  test.each([undefined, containerType, 'application/json'])(
    'a read is answered in JSON, accepting %s',
    async (accept) => {
      const invocation = await door.caller.invoke('/org/show', {}, 'acme');
      await door.expectNothingDone(async () => {
        const response = await door.post(await door.caller.pack(invocation), accept === undefined ? {} : { accept });
        expect(response.headers.get('content-type')).toBe('application/json');
        expect(response.headers.get('hanaper-receipt')).toBeNull();
        expect(await response.json()).toEqual({ result: expect.objectContaining({ name: 'acme' }) });
      });
    },
  );

  test('the organisation can be named besides, and must be that of the subject', async () => {
    const send = async (query: string) =>
      door.post(await door.caller.pack(await door.caller.invoke('/org/show', {}, 'acme')), {}, query);
    const did = encodeURIComponent((await door.caller.invoke('/org/show', {}, 'acme')).subject);
    expect((await send('?org=acme')).status).toBe(200);
    expect((await send(`?org=${did}`)).status).toBe(200);
    const other = authority.identity.did;
    for (const name of ['nobody', 'ACME', '', encodeURIComponent(other), '%00', 'a'.repeat(5000)]) {
      await expectProblem('subject_mismatch', await send(`?org=${name}`));
    }
  });

  test('while the database is locked what is written is refused, and can be asked for again; what is read is read', async () => {
    const url = await createUrl();
    const { authority: locked } = await createAuthority(url);
    const other = apiOf(locked);
    const admin = await callerOf(locked, await principal('admin'));
    const write: Invocation = await admin.invoke('/key/create', { name: 'later' }, 'acme');
    const read = await admin.invoke('/key/list', {}, 'acme');
    locked.lock();
    const send = async (invocation: Invocation) =>
      other.send('/api/invoke', {
        method: 'POST',
        body: await admin.pack(invocation),
        headers: { 'content-type': containerType },
      });
    await expectProblem('locked', await send(write));
    expect(await (await send(read)).json()).toEqual({ result: { keys: [] } });
    await locked.unlock(byRawKey(1));
    expect((await send(write)).status).toBe(200);
    await locked.close();
  });

  test('a database that is gone is unavailable, and its name is not told', async () => {
    const { authority: gone } = await createAuthority(await createUrl());
    const admin = await callerOf(gone, await principal('admin'));
    const container = await admin.pack(await admin.invoke('/key/create', { name: 'never' }, 'acme'));
    const other = apiOf(gone);
    const { name } = gone.database;
    await gone.database.close();
    const response = await other.send('/api/invoke', {
      method: 'POST',
      body: container,
      headers: { 'content-type': containerType },
    });
    const text = await response.clone().text();
    expect(text).not.toContain(name);
    expect(['unavailable', 'internal']).toContain((await response.json()).code);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(other.entries[0]?.error).toBeInstanceOf(Error);
  });
});
