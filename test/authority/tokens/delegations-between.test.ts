import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listLinksBetween } from '../../../src/authority/tokens/delegations-between.ts';
import { Budget } from '../../../src/budget.ts';
import type { Database } from '../../../src/store/engine/database.ts';
import { listDelegationsById } from '../../../src/store/tables/delegation-links.ts';
import type { Delegation, DelegationClaims } from '../../../src/ucan/index.ts';
import { openStore } from '../../support/authority.ts';
import { engines } from '../../support/engines.ts';
import { cidsOfAll, keep } from '../../support/tokens.ts';
import { delegate, type Principal, principals } from '../../support/ucan.ts';

type Five = [Principal, Principal, Principal, Principal, Principal];

describe.each(engines)('$name', (engine) => {
  let database: Database;
  // New people for each test.
  let subject: Principal;
  let one: Principal;
  let two: Principal;
  let three: Principal;
  let stranger: Principal;
  let round = 0;

  beforeAll(async () => {
    database = await openStore(await engine.createUrl(), true);
  });

  beforeEach(async () => {
    round++;
    const names = ['subject', 'one', 'two', 'three', 'stranger'].map((name) => `${name} in between ${round}`);
    [subject, one, two, three, stranger] = (await principals(...names)) as Five;
  });

  afterAll(() => database.close());

  const about = (issuer: Principal, audience: Principal, claims: Partial<DelegationClaims> = {}) =>
    delegate(issuer, audience, { subject: subject.did, ...claims });
  const between = (audience: Principal, budget = new Budget(), of = subject) =>
    database.transact('read', async (transaction) => {
      const { links, isWhole } = await listLinksBetween(transaction, of.did, audience.did, budget);
      const rows = await listDelegationsById(
        transaction,
        links.map(({ id }) => id),
      );
      return { cids: rows.map(({ cid }) => cid), isWhole };
    });
  const many = (count: number, make: (index: number) => Promise<Delegation>) =>
    Promise.all(Array.from({ length: count }, (_, index) => make(index)));
  const nonce = (index: number) => ({ nonce: Uint8Array.of(index % 256, index / 256) });

  test('what may lead from a subject to an audience is found, through circles and powerlines', async () => {
    const used = [
      await about(subject, one),
      await delegate(one, two, { subject: null }),
      await about(two, three, { command: '/a', expiration: 0 }),
      await about(three, two),
    ];
    const [leaf] = (await principals(`leaf in between ${round}`)) as [Principal];
    const others = [
      await about(stranger, two),
      await about(one, leaf),
      await about(three, leaf),
      await delegate(one, three),
      await delegate(stranger, one),
    ];
    await keep(database, [...used, ...others]);
    const found = await between(three);
    expect(found.cids.toSorted()).toEqual(cidsOfAll(used).toSorted());
    expect(found.isWhole).toBe(true);
    expect(await between(one)).toEqual({ cids: cidsOfAll(used.slice(0, 1)), isWhole: true });
    expect(await between(subject)).toEqual({ cids: [], isWhole: true });
    expect((await between(one, new Budget(), stranger)).cids).toEqual(cidsOfAll(others.slice(4)));
    expect(await between(stranger, new Budget(), three)).toEqual({ cids: [], isWhole: true });
  });

  test('what strangers address to an audience is in nobody else’s way, however much it is', async () => {
    const chain = [await about(subject, one), await about(one, two)];
    await keep(database, [...chain, ...(await many(1200, (index) => about(stranger, two, nonce(index))))]);
    const budget = new Budget({ rows_read: 2000 });
    expect(await between(two, budget)).toEqual({ cids: cidsOfAll(chain).toReversed(), isWhole: true });
    expect(budget.spentOn('rows_read')).toBeLessThan(600);
  });

  test('nor is what one principal has passed on to very many', async () => {
    const chain = [await about(subject, one), await about(one, two)];
    await keep(database, [...(await many(1200, (index) => about(one, three, nonce(index)))), ...chain]);
    const budget = new Budget({ rows_read: 2000 });
    expect(await between(two, budget)).toEqual({ cids: cidsOfAll(chain).toReversed(), isWhole: true });
    expect(budget.spentOn('rows_read')).toBeLessThan(600);
  });

  test('where both ends have more than is looked at, what was found is not called all', async () => {
    await keep(database, [
      ...(await many(600, (index) => about(stranger, two, nonce(index)))),
      ...(await many(600, (index) => about(subject, three, nonce(index)))),
    ]);
    const budget = new Budget({ rows_read: 2000 });
    expect(await between(two, budget)).toEqual({ cids: [], isWhole: false });
    expect(budget.left('rows_read')).toBeGreaterThan(0);
    const root = await about(subject, two);
    await keep(database, [root]);
    expect((await between(two)).cids).toEqual(cidsOfAll([root]));
  });
});
