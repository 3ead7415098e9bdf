import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { encodeHex } from '../../src/bytes.ts';
import type { Database } from '../../src/store/engine/database.ts';
import { insertDidDocuments, listDidIds } from '../../src/store/tables/did-documents.ts';
import {
  findInvocationByPayload,
  getInvocationByCid,
  insertInvocation,
} from '../../src/store/tables/ucan-invocations.ts';
import {
  decodeInvocation,
  formatCid,
  type Invocation,
  payloadDigestOf,
  type Verified,
  verifyToken,
} from '../../src/ucan/index.ts';
import { openStore, queryOne } from '../support/authority.ts';
import { engines } from '../support/engines.ts';
import { cidsOfAll, rowTime, twinOf } from '../support/tokens.ts';
import { delegate, invoke, keyTypes, now, type Principal, principal, principals } from '../support/ucan.ts';

const most = Number.MAX_SAFE_INTEGER;

describe.each(engines)('$name', (engine) => {
  let url: string;
  let database: Database;
  let alice: Principal;
  let bob: Principal;

  beforeAll(async () => {
    url = await engine.createUrl();
    database = await openStore(url, true);
    [alice, bob] = (await principals('alice', 'bob')) as [Principal, Principal];
  });

  afterAll(() => database.close());

  async function insert(invocation: Invocation, executedAt = rowTime, receipt?: Invocation): Promise<boolean> {
    const verified = await verifyToken(invocation);
    const row = { did: invocation.issuer, document: '{}', kind: 'stranger', createdAt: rowTime } as const;
    return database.transact('write', async (transaction) => {
      await insertDidDocuments(transaction, [row]);
      const didId = (await listDidIds(transaction, [invocation.issuer])).get(invocation.issuer) ?? 0;
      return insertInvocation(transaction, verified, {
        didId,
        now: executedAt,
        ...(receipt && { resultCid: receipt.cid }),
      });
    });
  }
  const get = ({ cid }: Invocation) => database.transact('read', (transaction) => getInvocationByCid(transaction, cid));
  const findTwin = ({ envelope }: Invocation) =>
    database.transact('read', (transaction) => findInvocationByPayload(transaction, payloadDigestOf(envelope)));

  test('the columns are what the envelope says', async () => {
    const proofs = [await delegate(alice, bob), await delegate(alice, bob)];
    const claims = { audience: alice.did, expiration: most, issuedAt: most, meta: { note: 'x' } };
    const invocation = await invoke(bob, alice, proofs, claims);
    const receipt = await invoke(alice, alice);
    expect(await insert(invocation, '2026-02-03T04:05:06.789Z', receipt)).toBe(true);
    const { id, didId, envelope, ...row } = (await get(invocation)) ?? {};
    expect(row).toEqual({
      cid: formatCid(invocation.cid),
      payloadDigest: encodeHex(payloadDigestOf(invocation.envelope)),
      iss: bob.did,
      sub: alice.did,
      aud: alice.did,
      cmd: '/package/sign',
      prf: JSON.stringify(cidsOfAll(proofs)),
      exp: most,
      iat: most,
      executedAt: '2026-02-03T04:05:06.789Z',
      resultCid: formatCid(receipt.cid),
      createdAt: '2026-02-03T04:05:06.789Z',
    });
    expect(typeof id).toBe('number');
    expect(new Uint8Array(envelope ?? [])).toEqual(invocation.bytes);
    const issuer = await queryOne(url, 'select id from did_documents where did = $1', [bob.did]);
    expect(didId).toBe(issuer['id']);
  });

  test('what is left out is null', async () => {
    const invocation = await invoke(alice, alice, [], { expiration: null });
    await insert(invocation);
    expect(await get(invocation)).toMatchObject({ aud: null, exp: null, iat: null, prf: '[]', resultCid: null });
  });

  test('what was executed stays as it is when it comes again, whatever receipt it then has', async () => {
    const invocation = await invoke(alice, alice);
    await insert(invocation, rowTime, await invoke(alice, alice));
    const row = await get(invocation);
    for (const receipt of [undefined, await invoke(alice, alice)]) {
      expect(await insert(decodeInvocation(invocation.bytes), '2031-01-01T00:00:00.000Z', receipt)).toBe(false);
      expect(await get(invocation)).toEqual(row);
    }
  });

  test('what was kept without a receipt is given the one that it has when it comes again, and is the same row', async () => {
    const invocation = await invoke(alice, alice);
    await insert(invocation);
    const row = await get(invocation);
    const receipt = await invoke(alice, alice);
    expect(await insert(invocation, '2031-01-01T00:00:00.000Z', receipt)).toBe(true);
    const executedAt = '2031-01-01T00:00:00.000Z';
    expect(await get(invocation)).toEqual({ ...row, executedAt, resultCid: formatCid(receipt.cid) });
  });

  test.each(keyTypes.filter((keyType) => keyType !== 'ed25519'))(
    'the twin of an invocation by a %s key, under another signature, is found by its payload and not executed again',
    async (keyType) => {
      const issuer = await principal('invoker', keyType);
      const invocation = await invoke(issuer, issuer);
      const twin = decodeInvocation(twinOf(invocation));
      expect(formatCid(twin.cid)).not.toBe(formatCid(invocation.cid));
      await insert(invocation, rowTime, await invoke(alice, alice));
      expect(await insert(twin, rowTime, await invoke(alice, alice))).toBe(false);
      expect((await findTwin(twin))?.cid).toBe(formatCid(invocation.cid));
      expect(await findTwin(invocation)).toEqual(await get(invocation));
      expect(await get(twin)).toBeUndefined();
    },
  );

  test('another payload is another act, however alike', async () => {
    const nonce = new Uint8Array(0);
    const one = await invoke(alice, alice, [], { nonce, expiration: now });
    const two = await invoke(alice, alice, [], { nonce, expiration: now + 1 });
    expect([await insert(one), await insert(two)]).toEqual([true, true]);
    expect((await findTwin(two))?.cid).toBe(formatCid(two.cid));
    expect(await findTwin(await invoke(alice, alice))).toBeUndefined();
  });

  test('only an invocation whose signature was verified has the type that is stored', () => {
    expectTypeOf<Verified<Invocation>>().toExtend<Parameters<typeof insertInvocation>[1]>();
    expectTypeOf<Invocation>().not.toExtend<Parameters<typeof insertInvocation>[1]>();
  });
});
