import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowances } from '../../../src/authority/execution/allowances.ts';
import { resultOf } from '../../../src/authority/execution/result-of.ts';
import { addTrust, openSigner } from '../../../src/authority/index.ts';
import { encodeHex } from '../../../src/bytes.ts';
import { decodeEd25519DidKey } from '../../../src/did/did-key.ts';
import type { Delegation } from '../../../src/ucan/index.ts';
import { query } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { ask, type Door, openDoor, send } from '../../support/door.ts';
import { engines } from '../../support/engines.ts';
import { delegate, type Principal, principals } from '../../support/ucan.ts';

const tables = ['trusted_keys', 'trust_snapshots', 'ucan_invocations', 'log_entries', 'ucan_proofs'];

describe.each(engines)('what an act writes, on $name:', (engine) => {
  let door: Door;
  let alice: Principal;
  let bob: Principal;
  let carol: Principal;
  let keys: readonly string[];
  let next = 0;

  beforeAll(async () => {
    door = await openDoor(await engine.createUrl());
    const names = ['alice', 'bob', 'carol'].map((name) => `${name} who writes`);
    [alice, bob, carol] = (await principals(...names)) as [Principal, Principal, Principal];
    const vendors = await principals(...Array.from({ length: 60 }, (_, i) => `vendor ${i}`));
    keys = vendors.map(({ did }) => encodeHex(decodeEd25519DidKey(did)));
    for (let each = 0; each < 50; each++) await door.authority.executeFor('acme', addTrust, nextKey());
  });

  afterAll(() => door.authority.close());

  const nextKey = () => ({ public_key: keys[next++] ?? '' });
  const trusts = () => delegate(door.acme, alice, { command: '/trust' });
  const add = async (by: Principal, chain: readonly Delegation[]) =>
    resultOf(await send(door, await ask(door, { by, with: chain, command: '/trust/add', args: nextKey() })));
  const count = () =>
    Promise.all(tables.map(async (table) => (await query(door.url, `select count(*) as n from ${table}`))[0]?.['n']));
  const kept = async (root: { readonly did: string }) => {
    const sql = "select sum(amount) as n from kept_amounts where root = $1 and kind = 'written_bytes'";
    return Number((await query(door.url, sql, [root.did]))[0]?.['n'] ?? 0);
  };

  test('is not counted where it is little', async () => {
    await send(door, await ask(door));
    expect(await kept(door.ci)).toBe(0);
  });

  test('is counted where it is all that an organisation trusts, though little was asked for', async () => {
    await add(alice, [await trusts()]);
    expect(await kept(alice)).toBeGreaterThan(4000);
  });

  test('is counted where it is an answer that is much longer than what was asked', async () => {
    const tokens = Array.from({ length: 1000 }, () => '');
    const root = await delegate(await openSigner(door.authority, 'authority'), carol, { command: '/ucan' });
    const claims = { by: carol, on: door.authority.identity, with: [root], command: '/ucan/import-legacy' };
    await send(door, await ask(door, { ...claims, args: { tokens } }));
    expect(await kept(carol)).toBeGreaterThan(30_000);
  });

  test('is bounded for a principal and all to whom it has passed its power on, and nobody else', async () => {
    const root = await trusts();
    const passed = await delegate(alice, bob, { subject: door.acme.did, command: '/trust' });
    await query(door.url, "update kept_amounts set amount = $1 where root = $2 and kind = 'written_bytes'", [
      allowances.written_bytes,
      alice.did,
    ]);
    const before = await count();
    const { details } = await expectCode('too_large', () => add(alice, [root]));
    expect(details).toMatchObject({ reason: 'allowance', kind: 'written_bytes', root: alice.did });
    await expectCode('too_large', () => add(bob, [root, passed]));
    expect(await count()).toEqual(before);
    await add(carol, [await delegate(door.acme, carol, { command: '/trust' })]);
    await door.authority.executeFor('acme', addTrust, nextKey());
    expect(await count()).not.toEqual(before);
  });
});
