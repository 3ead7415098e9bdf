import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Authority,
  explainByDatabase,
  findStoredChain,
  listStoredDelegations,
  openSigner,
  validateAuthority,
} from '../../src/authority/index.ts';
import { getDelegationByCid } from '../../src/store/tables/ucan-delegations.ts';
import { type Delegation, decodeDelegation } from '../../src/ucan/index.ts';
import { createAuthority, query } from '../support/authority.ts';
import { expectCode, failureOf } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { cidOf, cidsOfAll, keep, revoke, rowTime, store, storeAtOnce } from '../support/tokens.ts';
import { delegate, invoke, later, now, type Principal, principals, rawDelegation, resign } from '../support/ucan.ts';
import { flipBit } from '../support/vectors.ts';

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  let alice: Principal;
  let bob: Principal;
  let carol: Principal;
  let root: Delegation;
  let next: Delegation;

  beforeEach(async () => {
    url = await engine.createUrl();
    ({ authority } = await createAuthority(url, { clock: () => new Date(now * 1000) }));
    [alice, bob, carol] = (await principals('alice', 'bob', 'carol')) as [Principal, Principal, Principal];
    root = await delegate(alice, bob, { command: '/package', expiration: later });
    next = await delegate(bob, carol, { subject: alice.did, command: '/package/sign', expiration: later });
    await store(authority, root, next);
  });

  afterEach(() => authority.close());

  const explain = async (command = '/package/sign', at = now) =>
    (
      await explainByDatabase(authority, await invoke(carol, alice, [root, next], { command, expiration: null }), {
        proofs: [],
        revocationsOf: () => [],
        now: at,
      })
    ).failure?.code;
  const find = async (command = '/package/sign', invoker = carol) =>
    authority.execute(findStoredChain, { invoker: invoker.did, subject: alice.did, command, args: {} });
  const list = () => authority.execute(listStoredDelegations, { subject: alice.did, expired: true, revoked: true });
  const alter = (column: string, value: unknown, token = root) =>
    query(url, `update ucan_delegations set ${column} = $1 where cid = $2`, [value, cidOf(token)]);

  describe('an envelope', () => {
    const alterations: [string, () => Promise<Uint8Array> | Uint8Array][] = [
      ['with one bit of its signature turned', () => flipBit(root.bytes, 8 * 20)],
      ['with one bit of its payload turned', () => flipBit(root.bytes, 8 * (root.bytes.length - 3))],
      ['of another delegation', () => next.bytes],
      ['of a wider delegation by the same issuer', async () => (await delegate(alice, bob)).bytes],
      ['that is cut', () => root.bytes.subarray(0, 40)],
      ['that is empty', () => new Uint8Array(0)],
      ['of an invocation', async () => (await invoke(alice, alice)).bytes],
      ['that is no token', () => new Uint8Array(300).fill(0x82)],
    ];
    test.each(alterations)('%s is a damaged database for all that reads it', async (_, change) => {
      await alter('envelope', await change());
      for (const act of [explain, find, list]) {
        const error = await expectCode('database_corrupt', () => act());
        expect(error.details).toEqual({ cid: cidOf(root) });
      }
      await expectCode('database_corrupt', () => revoke(authority, alice, root));
      await expectCode('database_corrupt', () => revoke(authority, alice, next));
      expect(await query(url, 'select id from ucan_revocations')).toEqual([]);
    });

    test('that is forged, in a row that fits it, is never believed', async () => {
      const forged = decodeDelegation(resign(root, flipBit(root.envelope.signature, 5)));
      await alter('envelope', forged.bytes);
      await alter('cid', cidOf(forged));
      expect(await explain()).toBe('proof_unavailable');
      const invocation = await invoke(carol, alice, [forged, next]);
      const about = { proofs: [], revocationsOf: () => [], now };
      const { failure } = await explainByDatabase(authority, invocation, about);
      expect(failure?.code).toBe('invalid_token_signature');
      await expectCode('database_corrupt', () => find());
    });

    test('that is forged makes nobody an issuer above, who could revoke', async () => {
      const mallory = (await principals('mallory'))[0] as Principal;
      const bytes = await rawDelegation(mallory, {
        iss: alice.did,
        aud: bob.did,
        sub: alice.did,
        nonce: Uint8Array.of(1),
      });
      const forged = decodeDelegation(bytes);
      await alter('envelope', forged.bytes);
      await alter('cid', cidOf(forged));
      await expectCode('not_authorized', () => revoke(authority, mallory, next));
    });
  });

  describe('a column', () => {
    test('that gives a wider command is not believed', async () => {
      await alter('cmd', '/', root);
      await alter('cmd', '/', next);
      expect(await explain('/key/create')).toBe('command_not_covered');
      await expectCode('not_authorized', () => find('/key/create'));
      expect((await find()).chain).toEqual(cidsOfAll([root, next]));
    });

    test('that gives a longer life is not believed', async () => {
      for (const value of [null, later + 1000]) {
        await alter('exp', value);
        expect(await explain('/package/sign', later + 1)).toBe('token_expired');
        expect(await explain('/package/sign', later)).toBeUndefined();
      }
    });

    test('that names another audience gives that one nothing', async () => {
      const mallory = (await principals('mallory'))[0] as Principal;
      await alter('aud', mallory.did, next);
      await expectCode('not_authorized', () => find('/package/sign', mallory));
      const about = { proofs: [], revocationsOf: () => [], now };
      const invocation = await invoke(mallory, alice, [root, next]);
      expect((await explainByDatabase(authority, invocation, about)).failure?.code).toBe('audience_mismatch');
    });

    test('that names another issuer hides a chain at most, and makes none', async () => {
      await alter('iss', alice.did, next);
      expect(await explain()).toBeUndefined();
      await expectCode('not_authorized', () => find());
      await alter('iss', bob.did, next);
      expect((await find()).chain).toEqual(cidsOfAll([root, next]));
      await alter('iss', bob.did, root);
      await expectCode('not_authorized', () => find());
    });

    test('that names another subject or policy makes no root', async () => {
      await alter('sub', null, next);
      await alter('is_root', 1, next);
      await alter('pol', '[["==",".a",1]]', next);
      expect(await explain()).toBeUndefined();
      expect((await find()).chain).toEqual(cidsOfAll([root, next]));
      const listed = (await authority.execute(listStoredDelegations, { audience: carol.did })).delegations;
      expect(listed).toMatchObject([{ iss: bob.did, sub: alice.did, pol: [], is_root: false, is_powerline: false }]);
    });

    test('that names another CID hides the delegation, or is a damaged database', async () => {
      await alter('cid', cidOf(await delegate(alice, bob)));
      expect(await explain()).toBe('proof_unavailable');
      await expectCode('database_corrupt', () => find());
    });

    test('with a time that no token can have is a damaged database, or is not believed', async () => {
      for (const value of ['9223372036854775807', '-1']) {
        await query(url, `update ucan_delegations set exp = ${value} where cid = $1`, [cidOf(root)]);
        for (const act of [explain, find, list]) {
          const failure = await failureOf(() => act());
          if (failure !== undefined) expect(failure).toMatchObject({ name: 'HanaperError', code: 'database_corrupt' });
        }
      }
    });
  });

  test.each<[string, unknown]>([
    ['cmd', '/'],
    ['exp', null],
    ['nbf', 1],
    ['iss', 'did:key:z6MkOther'],
    ['aud', 'did:key:z6MkOther'],
    ['sub', null],
    ['pol', '[["==",".a",1]]'],
    ['is_root', 0],
    ['is_powerline', 1],
    ['cid', 'zdpuOther'],
    ['envelope', new Uint8Array(10)],
  ])('another %s is found when the database is validated', async (column, value) => {
    expect(await validateAuthority(authority)).toMatchObject({ valid: true, delegations: 3, revocations: 0 });
    await alter(column, value);
    await expectCode('database_corrupt', () => validateAuthority(authority));
  });

  test.each<[string, unknown]>([
    ['revoked_by', 'did:key:z6MkOther'],
    ['delegation_cid', 'zdpuOther'],
    ['invocation_cid', 'zdpuOther'],
  ])('a revocation with another %s is found when the database is validated', async (column, value) => {
    await revoke(authority, alice, root);
    expect(await validateAuthority(authority)).toMatchObject({ valid: true, revocations: 1 });
    await query(url, `update ucan_revocations set ${column} = $1`, [value]);
    await expectCode('database_corrupt', () => validateAuthority(authority));
  });

  test('a row that was put in without a right to it gives nothing', async () => {
    const mallory = (await principals('mallory'))[0] as Principal;
    await keep(authority.database, [
      await delegate(mallory, carol, { subject: alice.did }),
      await delegate(mallory, carol, { subject: null }),
    ]);
    await query(url, `update ucan_delegations set is_root = 1, iss = $1 where iss = $2`, [alice.did, mallory.did]);
    await expectCode('not_authorized', () => find('/key/create'));
  });

  test('a revocation in front of the first row is found when the database is validated, too', async () => {
    await revoke(authority, alice, root);
    await query(url, "update ucan_revocations set id = -7, revoked_by = 'did:key:z6MkOther'");
    await expectCode('database_corrupt', () => validateAuthority(authority));
  });

  test('a revocation that was taken out does not come back, and one that was altered counts for whom it names', async () => {
    await revoke(authority, bob, next);
    expect(await explain()).toBe('token_revoked');
    await query(url, 'update ucan_revocations set revoked_by = $1', [carol.did]);
    expect(await explain()).toBeUndefined();
    await query(url, 'update ucan_revocations set revoked_by = $1, revoked_at = $2', [alice.did, rowTime]);
    expect(await explain()).toBe('token_revoked');
  });

  test("an organisation's altered root delegation gives the authority no wider power", async () => {
    const signer = await openSigner(authority, { organisation: 'acme' });
    const [row] = await query(url, 'select cid from ucan_delegations where iss = $1', [signer.did]);
    const narrow = await delegate(signer, authority.identity, { command: '/package', expiration: now - 1 });
    await query(url, 'delete from ucan_delegations where cid = $1', [row?.['cid']]);
    await storeAtOnce(authority, [narrow]);
    await query(url, `update ucan_delegations set cmd = '/', exp = null where cid = $1`, [cidOf(narrow)]);
    const stored = await authority.database.transact('read', (transaction) =>
      getDelegationByCid(transaction, narrow.cid),
    );
    expect(stored).toMatchObject({ cmd: '/', exp: null });
    const wish = { invoker: authority.identity.did, subject: signer.did, args: {} };
    for (const command of ['/package', '/key/create']) {
      await expectCode('not_authorized', () => authority.execute(findStoredChain, { ...wish, command }));
    }
  });
});
