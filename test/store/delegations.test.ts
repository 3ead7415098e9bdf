import fc from 'fast-check';
import { base16 } from 'multiformats/bases/base16';
import { base32 } from 'multiformats/bases/base32';
import { base36 } from 'multiformats/bases/base36';
import { base58btc } from 'multiformats/bases/base58';
import { base64url } from 'multiformats/bases/base64';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import type { Database } from '../../src/store/engine/database.ts';
import { getDelegationByCid, insertDelegations, listDelegations } from '../../src/store/tables/ucan-delegations.ts';
import {
  computeCid,
  type Delegation,
  type DelegationClaims,
  decodeDelegation,
  formatCid,
  parseCid,
  signDelegation,
  toDagJson,
  type Verified,
  verifyToken,
} from '../../src/ucan/index.ts';
import { openStore, query, queryOne } from '../support/authority.ts';
import { failureOf } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { keep, rowTime, twinOf } from '../support/tokens.ts';
import { delegate, keyTypes, now, type Principal, principal, principals } from '../support/ucan.ts';

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

  const get = ({ cid }: Pick<Delegation, 'cid'>) =>
    database.transact('read', (transaction) => getDelegationByCid(transaction, cid));
  const count = async () => Number((await queryOne(url, 'select count(*) as count from ucan_delegations'))['count']);

  test('a token that is stored twice, in one call or in two, is one row', async () => {
    const token = await delegate(alice, bob);
    const again = decodeDelegation(token.bytes);
    const before = await count();
    expect(await keep(database, [token, again, token])).toBe(1);
    const row = await get(token);
    expect(await keep(database, [again], '2030-01-01T00:00:00.000Z')).toBe(0);
    expect(await keep(database, [again, await delegate(alice, bob)])).toBe(1);
    expect(await get(token)).toEqual(row);
    expect(await count()).toBe(before + 2);
  });

  test('the envelope is kept byte for byte, under the CID of these very bytes in base58btc', async () => {
    for (const keyType of keyTypes) {
      const token = await delegate(await principal('alice', keyType), bob, { version: '1.0.0' });
      await keep(database, [token]);
      const row = await get(token);
      expect(new Uint8Array(row?.envelope ?? [])).toEqual(token.bytes);
      expect(row?.cid).toBe(computeCid(token.bytes).toString(base58btc));
      expect(row?.cid).toMatch(/^zdpu/);
    }
  });

  test('a token and its twin with the other signature are two rows, each under its own CID', async () => {
    const token = await delegate(await principal('alice', 'p256'), bob);
    const twin = decodeDelegation(twinOf(token));
    expect(await keep(database, [token, twin])).toBe(2);
    expect((await get(token))?.cid).not.toBe((await get(twin))?.cid);
  });

  test('a delegation is found by its CID in any base', async () => {
    const token = await delegate(alice, bob);
    await keep(database, [token]);
    for (const base of [base58btc, base32, base36, base16, base64url]) {
      expect((await get({ cid: parseCid(token.cid.toString(base)) }))?.cid).toBe(formatCid(token.cid));
    }
    expect(await get(await delegate(alice, bob))).toBeUndefined();
  });

  const claims: fc.Arbitrary<Partial<DelegationClaims>> = fc.record({
    subject: fc.constantFrom<'self' | 'other' | null>('self', 'other', null).map((kind) => {
      if (kind === null) return null;
      return kind === 'self' ? alice.did : bob.did;
    }),
    command: fc.constantFrom('/', '/a', '/a/b', '/ä/ö', "/it's", '/a_%'),
    policy: fc.constantFrom([], [['==', '.name', 'plug"in\u0000\u2028']], [['any', '.l', ['<', '.', 1.5]]]),
    expiration: fc.oneof(fc.constant(null), fc.constant(most), fc.nat(), fc.maxSafeNat()),
    notBefore: fc.oneof(fc.constant(undefined), fc.constant(most), fc.maxSafeNat()),
    meta: fc.constantFrom(undefined, { note: 'x' }),
    version: fc.constantFrom('1.0.0', '1.0.0-rc.1'),
  });

  test('the columns are what the envelope says, whatever that is', async () => {
    await fc.assert(
      fc.asyncProperty(claims, async (changes) => {
        const token = await delegate(alice, bob, changes);
        await keep(database, [token]);
        const { id, didId, envelope, ...row } = (await get(token)) ?? {};
        expect(row).toEqual({
          cid: formatCid(token.cid),
          iss: alice.did,
          aud: bob.did,
          sub: token.subject,
          cmd: token.command,
          pol: toDagJson(token.policy.source),
          nbf: token.notBefore ?? null,
          exp: token.expiration,
          isRoot: token.subject === alice.did ? 1 : 0,
          isPowerline: token.subject === null ? 1 : 0,
          createdAt: rowTime,
        });
        expect(didId).toBe(await idOf(token.subject ?? alice.did));
        expect(typeof id).toBe('number');
      }),
      { numRuns: 60 },
    );
  });

  test.each([0, 1, 2 ** 31, 2 ** 32, 2 ** 40 + 1, most - 1, most])('%d seconds come back as they are', async (time) => {
    const token = await delegate(alice, bob, { expiration: time, notBefore: time });
    await keep(database, [token]);
    expect(await get(token)).toMatchObject({ exp: time, nbf: time });
    const all = await database.transact('read', (transaction) =>
      listDelegations(transaction, { audience: bob.did, liveAt: time, limit: 1000 }),
    );
    expect(all.map(({ cid }) => cid)).toContain(formatCid(token.cid));
    const stored = await queryOne(url, 'select cast(exp as text) as exp from ucan_delegations where cid = $1', [
      formatCid(token.cid),
    ]);
    expect(stored).toEqual({ exp: String(time) });
  });

  test('a root is what its subject issues about itself, a powerline what is about nobody', async () => {
    const carol = await principal('carol');
    const cases: [Delegation, { isRoot: 0 | 1; isPowerline: 0 | 1 }][] = [
      [await delegate(alice, bob), { isRoot: 1, isPowerline: 0 }],
      [await delegate(alice, bob, { subject: carol.did }), { isRoot: 0, isPowerline: 0 }],
      [await delegate(alice, bob, { subject: bob.did }), { isRoot: 0, isPowerline: 0 }],
      [await delegate(alice, bob, { subject: null }), { isRoot: 0, isPowerline: 1 }],
    ];
    for (const [token, bits] of cases) {
      await keep(database, [token]);
      expect(await get(token)).toMatchObject(bits);
    }
  });

  test('two thousand delegations are stored by one call', async () => {
    const nonce = (index: number) => Uint8Array.of(index & 0xff, index >> 8, 7);
    const tokens = await Promise.all(
      Array.from({ length: 2000 }, (_, index) =>
        delegate(alice, bob, { command: '/many', nonce: nonce(index), expiration: now }),
      ),
    );
    expect(await keep(database, tokens)).toBe(2000);
    expect(await keep(database, tokens)).toBe(0);
    const [row] = await query(url, `select count(*) as count from ucan_delegations where cmd = '/many'`);
    expect(Number(row?.['count'])).toBe(2000);
  });

  test('no delegation is stored by a call without any', async () => {
    expect(await keep(database, [])).toBe(0);
  });

  test("one whose principal has no row is the program's mistake, and nothing is written", async () => {
    const [good, other] = [await delegate(alice, bob), await delegate(await principal('nobody'), bob)];
    const ids = new Map([[alice.did, await idOf(alice.did)]]);
    const tokens = [await verifyToken(good), await verifyToken(other)];
    const before = await count();
    const failure = await failureOf(() =>
      database.transact('write', (transaction) => insertDelegations(transaction, tokens, ids, rowTime)),
    );
    expect(failure).toBeInstanceOf(TypeError);
    expect(await count()).toBe(before);
  });

  test('only delegations whose signatures were verified have the type that is stored', async () => {
    type Stored = Parameters<typeof insertDelegations>[1][number];
    const token = await signDelegation(alice, { audience: bob.did, subject: null, command: '/', expiration: null });
    const verified: Verified<Delegation> = await verifyToken(token);
    const copy = { ...verified, command: '/a' };
    expectTypeOf(verified).toExtend<Stored>();
    expectTypeOf(token).not.toExtend<Stored>();
    expectTypeOf(copy).not.toExtend<Stored>();
  });

  async function idOf(did: string): Promise<number> {
    return Number((await queryOne(url, 'select id from did_documents where did = $1', [did]))['id']);
  }
});
