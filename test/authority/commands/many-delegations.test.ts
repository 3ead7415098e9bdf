import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { executeRequest } from '../../../src/authority/commands/dispatch.ts';
import { allowances } from '../../../src/authority/execution/allowances.ts';
import { resultOf } from '../../../src/authority/execution/result-of.ts';
import { type Authority, findStoredChain, listStoredDelegations, openSigner } from '../../../src/authority/index.ts';
import { type Delegation, type DelegationClaims, signRevocation } from '../../../src/ucan/index.ts';
import { query } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { type Door, interrupt, openDoor } from '../../support/door.ts';
import { engines } from '../../support/engines.ts';
import { cidOf, cidsOfAll, containerOf, keep } from '../../support/tokens.ts';
import { delegate, invoke, now, type Principal, principals } from '../../support/ucan.ts';

const most = 1000;

describe.each(engines)('very many delegations, on $name:', (engine) => {
  let door: Door;
  let authority: Authority;
  // New people for each test.
  let alice: Principal;
  let bob: Principal;
  let carol: Principal;
  let mallory: Principal;
  let round = 0;

  beforeAll(async () => {
    door = await openDoor(await engine.createUrl());
    ({ authority } = door);
  });

  beforeEach(async () => {
    round++;
    const names = ['alice', 'bob', 'carol', 'mallory'].map((name) => `${name} among many ${round}`);
    [alice, bob, carol, mallory] = (await principals(...names)) as [Principal, Principal, Principal, Principal];
  });

  afterAll(() => authority.close());

  const about = (issuer: Principal, audience: Principal, claims: Partial<DelegationClaims> = {}) =>
    delegate(issuer, audience, { subject: alice.did, ...claims });
  const many = (count: number, make: (claims: Partial<DelegationClaims>) => Promise<Delegation>) =>
    Promise.all(Array.from({ length: count }, (_, i) => make({ nonce: Uint8Array.of(i % 256, i / 256) })));
  const put = (...delegations: readonly Delegation[]) => keep(authority.database, delegations);
  const find = (invoker: Principal) =>
    authority.execute(findStoredChain, { invoker: invoker.did, subject: alice.did, command: '/x', args: {} });

  test('a chain is found behind what strangers have put before it', async () => {
    const chain = [await about(alice, bob), await about(bob, carol)];
    await put(...chain, ...(await many(1200, (claims) => about(mallory, carol, claims))));
    expect((await find(carol)).chain).toEqual(cidsOfAll(chain));
  });

  test('a search that ends for its bound does not say that there is no chain', async () => {
    const [dave] = (await principals(`dave ${round}`)) as [Principal];
    await put(
      ...(await many(600, (claims) => about(mallory, carol, claims))),
      ...(await many(600, (claims) => about(alice, bob, claims))),
    );
    await expectCode('too_large', () => find(carol));
    await put(await about(bob, carol));
    expect((await find(carol)).chain).toHaveLength(2);
    await expectCode('not_authorized', () => find(dave));
  });

  test('large delegations are searched as far as their bytes may be held', async () => {
    const meta = { pad: 'a'.repeat(200_000) };
    await put(...(await many(8, (claims) => about(alice, bob, { ...claims, command: '/other', meta }))));
    await expectCode('too_large', () => find(bob));
    const small = await about(alice, bob);
    await put(small);
    expect((await find(bob)).chain).toEqual([cidOf(small)]);
  });

  test('a list goes on where a page has cost enough, and every delegation comes once', async () => {
    const layers = await principals(...Array.from({ length: 6 }, (_, i) => `layer ${i} ${round}`));
    const between = layers.slice(1).flatMap((audience, i) => {
      const issuer = layers[i];
      return issuer ? [many(30, (claims) => about(issuer, audience, claims))] : [];
    });
    const [top = alice, last = bob] = [layers[0], layers.at(-1)];
    await put(await about(alice, top), ...(await Promise.all(between)).flat());
    const leaves = await many(400, (claims) => about(last, carol, { ...claims, command: '/x' }));
    await put(...leaves);
    const seen: string[] = [];
    let pages = 0;
    for (let before: number | undefined, more = true; more; more = before !== undefined) {
      const args = { issuer: last.did, limit: most, ...(before !== undefined && { before }) };
      const page = await authority.execute(listStoredDelegations, args);
      seen.push(...page.delegations.map(({ cid }) => cid));
      expect(page.delegations.every(({ state }) => state === 'live')).toBe(true);
      before = page.next;
      pages++;
    }
    expect(seen).toEqual(
      cidsOfAll(leaves)
        .toReversed()
        .filter((cid) => seen.includes(cid)),
    );
    expect(new Set(seen).size).toBe(400);
    expect(pages).toBeGreaterThan(1);
  });

  test('a list of long policies goes on where a page has read enough values, and a search of them is too large', async () => {
    const policy = Array.from({ length: 60 }, (_, i) => ['!=', '.m', Array.from({ length: 20 }, () => i)]);
    const heavy = await many(60, (claims) => about(alice, bob, { ...claims, command: '/other', policy }));
    await put(...heavy);
    await expectCode('too_large', () => find(bob));
    const seen: string[] = [];
    const pages: number[] = [];
    for (let before: number | undefined, more = true; more; more = before !== undefined) {
      const args = { issuer: alice.did, limit: most, ...(before !== undefined && { before }) };
      const page = await authority.execute(listStoredDelegations, args);
      seen.push(...page.delegations.map(({ cid }) => cid));
      pages.push(page.delegations.length);
      before = page.next;
    }
    expect(seen).toEqual(cidsOfAll(heavy).toReversed());
    expect(Math.max(...pages)).toBeLessThan(40);
  });

  test('what could not be found out of a delegation is said, and never that it is revoked or unproven', async () => {
    await put(
      ...(await many(200, (claims) => about(mallory, bob, claims))),
      await about(bob, carol),
      await about(mallory, mallory),
    );
    const states = async () =>
      (await authority.execute(listStoredDelegations, { audience: carol.did })).delegations.map(({ state }) => state);
    expect(await states()).toEqual(['undecided']);
    await put(await about(alice, bob));
    expect(await states()).toEqual(['live']);
  });

  test('a circle that strangers have revoked is listed within the bound', async () => {
    const circle = [...(await many(8, (c) => about(bob, carol, c))), ...(await many(8, (c) => about(carol, bob, c)))];
    await put(...circle);
    for (const each of circle) {
      const [stranger] = (await principals(`stranger ${cidOf(each)}`)) as [Principal];
      const sql = 'insert into ucan_revocations (delegation_cid, revoked_by, invocation_cid, revoked_at)';
      const time = new Date(now * 1000).toISOString();
      await query(door.url, `${sql} values ($1, $2, $3, $4)`, [cidOf(each), stranger.did, 'x', time]);
    }
    const page = await authority.execute(listStoredDelegations, { subject: alice.did });
    expect(new Set(page.delegations.map(({ state }) => state))).toEqual(new Set(['undecided']));
    await query(door.url, "delete from ucan_revocations where invocation_cid = 'x'");
  });

  describe('by a holder of the power to store them', () => {
    async function holder() {
      const root = await openSigner(authority, 'authority');
      return delegate(root, bob, { command: '/delegation/store' });
    }
    async function storeBy(by: Principal, proofs: readonly Delegation[], given: readonly Delegation[]) {
      const args = { delegations: given.map(({ cid }) => cid) };
      const asked = { command: '/delegation/store', args, expiration: now + 300 };
      const invocation = await invoke(by, { did: authority.identity.did }, proofs, asked);
      const container = await containerOf([invocation, ...proofs, ...given]);
      return resultOf(await authority.executeContainer(new TextEncoder().encode(container)));
    }
    const count = async () =>
      Promise.all(
        ['ucan_delegations', 'log_entries', 'did_documents', 'ucan_proofs'].map(
          async (table) => (await query(door.url, `select count(*) as n from ${table}`))[0]?.['n'],
        ),
      );

    test('their bytes are bounded by the root of the power, whatever keys it is passed on to, and nothing is left', async () => {
      const root = await holder();
      await storeBy(bob, [root], [await about(alice, carol)]);
      await query(door.url, "update kept_amounts set amount = $1 where root = $2 and kind = 'stored_bytes'", [
        allowances.stored_bytes,
        bob.did,
      ]);
      const passed = await delegate(bob, mallory, { subject: authority.identity.did, command: '/delegation/store' });
      const before = await count();
      const fresh = await about(alice, carol, { command: '/y' });
      await expectCode('too_large', () => storeBy(bob, [root], [fresh]));
      await expectCode('too_large', () => storeBy(mallory, [root, passed], [fresh]));
      expect(await count()).toEqual(before);
      const other = await delegate(await openSigner(authority, 'authority'), carol, { command: '/delegation/store' });
      expect(await storeBy(carol, [other], [fresh])).toMatchObject({ stored: [cidOf(fresh)] });
    });

    test('what has expired no longer counts', async () => {
      const root = await holder();
      const brief = await about(alice, carol, { expiration: now + 60 });
      await storeBy(bob, [root], [brief]);
      await query(door.url, 'update kept_amounts set amount = $1 where root = $2', [allowances.stored_bytes, bob.did]);
      await expectCode('too_large', async () => storeBy(bob, [root], [await about(alice, carol)]));
      door.time = now + 3 * 86_400;
      const later = await about(alice, carol, { command: '/later' });
      const args = { delegations: [later.cid] };
      const asked = { command: '/delegation/store', args, expiration: door.time + 300 };
      const invocation = await invoke(bob, { did: authority.identity.did }, [root], asked);
      const container = await containerOf([invocation, root, later]);
      const answer = await authority.executeContainer(new TextEncoder().encode(container));
      expect(resultOf(answer)).toMatchObject({ stored: [cidOf(later)] });
      door.time = now;
    });
  });

  test('what falls with one is found out before the turn to write', async () => {
    const root = await about(alice, bob);
    const below = await about(bob, carol);
    await put(root, below);
    const host = interrupt(authority, async () => put(await about(bob, mallory)));
    const invocation = await signRevocation(alice, { target: root.cid });
    const answer = await executeRequest(host, { invocation, given: [], isLocal: true });
    expect(resultOf(answer)).toMatchObject({ is_new: true, fallen: cidsOfAll([root, below]) });
    const states = await authority.execute(listStoredDelegations, { audience: mallory.did, revoked: true });
    expect(states.delegations.map(({ state }) => state)).toEqual(['revoked']);
  });
});
