import type { CID } from 'multiformats/cid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/store/engine/database.ts';
import type { RevocationRow } from '../../src/store/engine/schema.ts';
import { deleteExpiredDelegations } from '../../src/store/tables/ucan-delegations.ts';
import { insertRevocation, isDelegationRevoked, listRevocations } from '../../src/store/tables/ucan-revocations.ts';
import { cidsOf, computeCid, type Delegation } from '../../src/ucan/index.ts';
import { openStore, query } from '../support/authority.ts';
import { engines } from '../support/engines.ts';
import { cidOf, keep, rowTime, twinOf } from '../support/tokens.ts';
import { delegate, keyTypes, now, type Principal, principal, principals } from '../support/ucan.ts';

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

  const rowOf = (target: { cid: CID }, changes: Partial<RevocationRow> = {}): RevocationRow => ({
    delegationCid: cidOf(target),
    revokedBy: alice.did,
    invocationCid: 'zdpuInvocation',
    reason: null,
    revokedAt: rowTime,
    ...changes,
  });
  const insert = (row: RevocationRow) =>
    database.transact('write', (transaction) => insertRevocation(transaction, row));
  const list = (...cids: CID[]) => database.transact('read', (transaction) => listRevocations(transaction, cids));
  const isRevoked = (cids: readonly CID[], ...issuers: string[]) =>
    database.transact('read', (transaction) => isDelegationRevoked(transaction, cids, issuers));

  test('a revocation is listed as it was written, whether its delegation is known or not', async () => {
    const [stored, unknown] = [await delegate(alice, bob), await delegate(alice, bob)];
    await keep(database, [stored]);
    const rows = [rowOf(stored, { reason: "it's gone" }), rowOf(unknown)];
    for (const row of rows) expect(await insert(row)).toBe(true);
    expect(await list(stored.cid)).toEqual([rows[0]]);
    expect(await list(unknown.cid)).toEqual([rows[1]]);
    expect(await list(stored.cid, unknown.cid)).toHaveLength(2);
    expect(await list()).toEqual([]);
  });

  test('a second revocation by the same revoker moves nothing', async () => {
    const target = await delegate(alice, bob);
    const first = rowOf(target, { reason: 'lost' });
    await insert(first);
    const second = rowOf(target, { reason: null, invocationCid: 'zdpuOther', revokedAt: '2031-01-01T00:00:00.000Z' });
    expect(await insert(second)).toBe(false);
    expect(await list(target.cid)).toEqual([first]);
  });

  test('two revokers have a row each', async () => {
    const target = await delegate(alice, bob);
    expect(await insert(rowOf(target))).toBe(true);
    expect(await insert(rowOf(target, { revokedBy: bob.did }))).toBe(true);
    expect((await list(target.cid)).map(({ revokedBy }) => revokedBy).sort()).toEqual([alice.did, bob.did].sort());
  });

  test('a delegation is revoked by its issuers alone', async () => {
    const target = await delegate(alice, bob);
    expect(await isRevoked([target.cid], alice.did)).toBe(false);
    await insert(rowOf(target));
    expect(await isRevoked([target.cid], alice.did)).toBe(true);
    expect(await isRevoked([target.cid], bob.did, alice.did)).toBe(true);
    expect(await isRevoked([target.cid], bob.did)).toBe(false);
    expect(await isRevoked([(await delegate(alice, bob)).cid], alice.did)).toBe(false);
  });

  test('of no CID and by no issuer nothing is revoked', async () => {
    const target = await delegate(alice, bob);
    await insert(rowOf(target));
    expect(await isRevoked([], alice.did)).toBe(false);
    expect(await isRevoked([target.cid])).toBe(false);
  });

  test.each(keyTypes)('a delegation by a %s key is revoked under each CID that it can have', async (keyType) => {
    const issuer = await principal('issuer', keyType);
    const tokens: Delegation[] = [await delegate(issuer, bob), await delegate(issuer, bob)];
    for (const [index, token] of tokens.entries()) {
      const own = { cid: token.cid };
      const other = keyType === 'ed25519' ? own : { cid: computeCid(twinOf(token)) };
      await insert(rowOf(index === 0 ? own : other, { revokedBy: issuer.did }));
      expect(await isRevoked(cidsOf(token), issuer.did)).toBe(true);
      expect(await list(...cidsOf(token))).toHaveLength(1);
    }
  });

  test('a revocation may come before its delegation, and keeps it from being cleaned up', async () => {
    const target = await delegate(alice, bob, { expiration: now });
    await insert(rowOf(target));
    await keep(database, [target]);
    expect(await isRevoked(cidsOf(target), alice.did)).toBe(true);
    const other = await delegate(alice, bob, { expiration: now, command: '/other' });
    await keep(database, [other]);
    const removed = await database.transact('write', (transaction) => deleteExpiredDelegations(transaction, now + 1));
    expect(removed).toBe(1);
    expect(await list(target.cid)).toEqual([rowOf(target)]);
    expect(await keep(database, [target])).toBe(0);
    expect(await keep(database, [other])).toBe(1);
    expect(await isRevoked(cidsOf(target), alice.did)).toBe(true);
  });

  test('no reference ties a revocation to anything', async () => {
    const sql =
      engine.name === 'sqlite'
        ? 'pragma foreign_key_list(ucan_revocations)'
        : `select conname from pg_constraint where contype = 'f' and 'ucan_revocations'::regclass in (conrelid, confrelid)`;
    expect(await query(url, sql)).toEqual([]);
  });

  test('those by some revokers alone are listed', async () => {
    const target = await delegate(alice, bob);
    for (const { did } of [alice, bob]) await insert(rowOf(target, { revokedBy: did }));
    const by = (...dids: readonly string[]) =>
      database.transact('read', (transaction) => listRevocations(transaction, [target.cid], dids));
    expect((await by(bob.did)).map(({ revokedBy }) => revokedBy)).toEqual([bob.did]);
    expect(await by(alice.did, bob.did)).toHaveLength(2);
    expect(await by()).toEqual([]);
  });
});
