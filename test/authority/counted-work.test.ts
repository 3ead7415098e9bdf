import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCommand } from '../../src/authority/commands/list.ts';
import { execute } from '../../src/authority/execution/execute.ts';
import type { Request } from '../../src/authority/execution/request.ts';
import { openRequestBudget } from '../../src/authority/execution/request-budget.ts';
import { findStoredChain, openSigner, storeDelegations } from '../../src/authority/index.ts';
import { Budget, type Work } from '../../src/budget.ts';
import type { Delegation, InvocationClaims, Signer } from '../../src/ucan/index.ts';
import { expectCode } from '../support/codes.ts';
import { ask, type Door, interrupt, openDoor } from '../support/door.ts';
import { engines } from '../support/engines.ts';
import { delegateSlowly, slowArgs } from '../support/hostile-requests.ts';
import { signLegacy } from '../support/legacy.ts';
import { dumpTables } from '../support/tables.ts';
import { delegate, invoke, type Principal, principal, principals } from '../support/ucan.ts';

describe.each(engines)('what is drawn on the budget of a request, on $name:', (engine) => {
  let door: Door;
  let self: Signer;
  let eve: Principal;
  let proofs: readonly Delegation[];

  beforeAll(async () => {
    door = await openDoor(await engine.createUrl());
    self = await openSigner(door.authority, 'authority');
    eve = await principal('eve');
    proofs = [await delegate(self, eve)];
  });

  afterAll(() => door.authority.close());

  /** A request of eve about the authority, with delegations beside it. */
  const askFor = async (claims: Partial<InvocationClaims>, given: readonly Delegation[] = []): Promise<Request> => {
    const request = await ask(door, { by: eve, on: door.authority.identity, with: proofs, ...claims });
    return { ...request, given: [...request.given, ...given] };
  };

  const askToStore = (given: readonly Delegation[]) =>
    askFor({ command: '/delegation/store', args: { delegations: given.map(({ cid }) => cid) } }, given);

  const powerlines = (issuers: readonly Signer[], count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, i) => delegate(issuers[i % issuers.length] ?? eve, eve, { subject: null })),
    );

  const forgeOld = async (count: number): Promise<readonly string[]> =>
    Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const token = await signLegacy(eve, door.ci, { payload: { nnc: String(i) } });
        return token.replace(/.{4}$/, (end) => (end === 'AAAA' ? 'BAAA' : 'AAAA'));
      }),
    );

  /** What a request draws in all, of some kinds of work. */
  const draw = async (request: Request, ...works: readonly Work[]): Promise<readonly number[]> => {
    const budget = new Budget();
    await door.authority.executeRequest({ ...request, budget });
    return works.map((work) => budget.spentOn(work));
  };

  /** What a request has drawn once it waits for its turn to write, and once it is done. */
  const drawBefore = async (request: Request, work: Work): Promise<readonly [before: number, all: number]> => {
    const budget = new Budget();
    let before = -1;
    const host = interrupt(door.authority, async () => {
      before = budget.spentOn(work);
    });
    const command = findCommand(request.invocation.command);
    if (command === undefined) throw new TypeError('there is no such command');
    await execute(host, command, { ...request, budget });
    return [before, budget.spentOn(work)];
  };

  /** Requires that a request is too much for one, and that nothing of it is left. */
  const refuse = async (request: Request): Promise<Budget> => {
    const budget = openRequestBudget();
    const before = await dumpTables(door.url);
    await expectCode('too_large', () => door.authority.executeRequest({ ...request, budget }));
    expect(await dumpTables(door.url)).toEqual(before);
    return budget;
  };

  test('each old token draws signatures, forged ones too, and nothing is left to be verified in the turn to write', async () => {
    const request = await askFor({ command: '/ucan/import-legacy', args: { tokens: await forgeOld(5) } });
    const [before, all] = await drawBefore(request, 'signatures');
    expect(before).toBeGreaterThanOrEqual(5);
    expect(all).toBe(before);
  });

  test('very many old tokens that are forged are too large, long before all of them are verified', async () => {
    const request = await askFor({ command: '/ucan/import-legacy', args: { tokens: await forgeOld(400) } });
    expect((await refuse(request)).spentOn('signatures')).toBeLessThan(200);
  });

  test('the values of an old token are counted before they are built', async () => {
    const tokens = [await signLegacy(eve, door.ci, { payload: { fct: Array.from({ length: 100 }, () => []) } })];
    const [values = 0] = await draw(await askFor({ command: '/ucan/import-legacy', args: { tokens } }), 'values');
    expect(values).toBeGreaterThan(100);
    const large = [await signLegacy(eve, door.ci, { payload: { fct: Array.from({ length: 40_000 }, () => []) } })];
    await refuse(await askFor({ command: '/ucan/import-legacy', args: { tokens: large } }));
  });

  test('delegations are verified before the turn to write, and their rows and principals drawn', async () => {
    const [before, all] = await drawBefore(await askToStore(await powerlines([eve], 5)), 'signatures');
    expect(before).toBeGreaterThanOrEqual(5);
    expect(all).toBe(before);
    const fresh = await askToStore(await powerlines(await principals('one', 'another'), 2));
    expect(await draw(fresh, 'rows_written', 'principals')).toEqual([2, 2]);
  });

  test('a hundred delegations are stored by one request, and two hundred are too large', async () => {
    const given = await powerlines([eve], 200);
    await refuse(await askToStore(given));
    const budget = openRequestBudget();
    await door.authority.executeRequest({ ...(await askToStore(given.slice(0, 100))), budget });
    budget.requireLeft();
  });

  test('delegations of principals that are not known are too large sooner', async () => {
    const many = await principals(...Array.from({ length: 80 }, (_, i) => `nobody knows ${i}`));
    expect((await refuse(await askToStore(await powerlines(many, 80)))).spentOn('signatures')).toBeLessThan(10);
  });

  test('a delegation that is not signed by its issuer is refused as it was, with a receipt', async () => {
    const forger = { ...eve, did: door.ci.did };
    const answer = await door.authority.executeRequest(await askToStore(await powerlines([forger], 1)));
    expect(answer).toMatchObject({ kind: 'receipt', refusal: { code: 'invalid_token_signature' } });
  });

  test('a local caller stores two hundred by one call', async () => {
    const given = await powerlines([eve], 200);
    const args = { delegations: given.map(({ cid }) => cid) };
    const { stored } = await door.authority.execute(storeDelegations, args, given);
    expect(stored).toHaveLength(200);
  });

  test('a search among slow policies ends with the budget of its request', async () => {
    const slow = await Promise.all(
      Array.from({ length: 100 }, (_, i) => delegateSlowly({ authority: self.did, holder: eve }, i)),
    );
    await door.authority.execute(storeDelegations, { delegations: slow.map(({ cid }) => cid) }, slow);
    const args = { invoker: self.did, subject: eve.did, command: '/x', args: slowArgs };
    const request = await askFor({ command: '/delegation/find', args });
    expect((await refuse(request)).left('signatures')).toBe(0);
    await expectCode('too_large', () => door.authority.execute(findStoredChain, args));
  });

  test('each principal that is asked about above a revoker draws queries, and very many are too large', async () => {
    const many = await principals(...Array.from({ length: 150 }, (_, i) => `above ${i}`));
    const given = await powerlines(many, 150);
    const claims = { command: '/ucan/revoke', args: { revoke: given[0]?.cid }, audience: self.did };
    const invocation = await invoke(eve, eve, [], { ...claims, expiration: door.time + 300 });
    const budget = await refuse({ invocation, given });
    expect(budget.spentOn('queries')).toBeLessThan(5 * 150);
  });
});
