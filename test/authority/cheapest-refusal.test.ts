import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Request } from '../../src/authority/execution/request.ts';
import { openSigner } from '../../src/authority/index.ts';
import { Budget } from '../../src/budget.ts';
import { type Delegation, decodeDelegation, formatCid, type Signer } from '../../src/ucan/index.ts';
import { expectCode } from '../support/codes.ts';
import { ask, askBy, type Door, openDoor, send } from '../support/door.ts';
import { engines } from '../support/engines.ts';
import { dumpTables } from '../support/tables.ts';
import { delegate, type Principal, principal, principals, resign } from '../support/ucan.ts';
import { flipBit } from '../support/vectors.ts';

// None of them would be missed by a policy that is looked at.
const policy = Array.from({ length: 255 }, () => ['!=', '.name', 'other']);

// The invocation's signature.
const own = 1;

describe.each(engines)('$name', (engine) => {
  let door: Door;
  let eve: Principal;

  beforeAll(async () => {
    door = await openDoor(await engine.createUrl());
    eve = await principal('eve');
  });

  afterAll(() => door.authority.close());

  const forge = (token: Delegation) => decodeDelegation(resign(token, flipBit(token.envelope.signature, 5)));
  /** The answer to a request, and its cost. */
  async function refuse(request: Request, on: Pick<Signer, 'did'>) {
    const budget = new Budget();
    const { code, message, details } = await expectCode('subject_mismatch', () =>
      door.authority.executeRequest({ ...request, budget }),
    );
    const told = JSON.stringify({ code, message, details });
    const text = told.replaceAll(on.did, 'SUBJECT').replaceAll(formatCid(request.invocation.cid), 'CID');
    return { text, budget };
  }

  test('a chain about somebody who is not hosted here has no signature and no policy of a proof looked at', async () => {
    const [subject, between] = (await principals('a stranger', 'another')) as [Principal, Principal];
    const root = await delegate(subject, between, { policy });
    const chain = [root, await delegate(between, eve, { subject: subject.did, policy })];
    for (const given of [chain, [forge(root)]]) {
      const by = given.length === 1 ? between : eve;
      const { budget } = await refuse(await ask(door, { by, on: subject, with: given }), subject);
      expect([budget.spentOn('signatures'), budget.spentOn('policy_steps')]).toEqual([own, 0]);
    }
  });

  test('a chain that its subject never signed is answered alike, whether that one is hosted here or not', async () => {
    const stranger = await principal('a stranger');
    const texts = new Set<string>();
    for (const on of [door.acme, stranger]) {
      const forged = forge(await delegate(on, eve, { policy }));
      const { text, budget } = await refuse(await ask(door, { by: eve, on, with: [forged] }), on);
      texts.add(text);
      expect(budget.spentOn('policy_steps')).toBe(0);
    }
    texts.add((await refuse(await ask(door, { by: stranger, on: stranger, with: [] }), stranger)).text);
    expect(texts.size).toBe(1);
  });

  test('the shape of a chain is checked before its signatures', async () => {
    const between = await principal('between');
    const root = await delegate(door.acme, between);
    const misfits: [Parameters<typeof expectCode>[0], Delegation][] = [
      ['audience_mismatch', await delegate(eve, door.ci, { subject: door.acme.did })],
      ['command_not_covered', await delegate(between, door.ci, { subject: door.acme.did, command: '/key' })],
      ['subject_mismatch', await delegate(between, door.ci, { subject: eve.did })],
      ['token_expired', await delegate(between, door.ci, { subject: door.acme.did, expiration: door.time - 1 })],
    ];
    for (const [code, leaf] of misfits) {
      const budget = new Budget();
      const request = await ask(door, { with: [forge(root), forge(leaf)] });
      await expectCode(code, () => door.authority.executeRequest({ ...request, budget }));
      expect(budget.spentOn('signatures')).toBe(own);
    }
  });

  test('signatures are checked from the root on, and before any policy', async () => {
    const between = await principal('between');
    const given = [
      await delegate(door.acme, between, { policy }),
      forge(await delegate(between, door.ci, { subject: door.acme.did, policy })),
    ];
    const budget = new Budget();
    const request = await ask(door, { with: given });
    await expectCode('invalid_token_signature', () => door.authority.executeRequest({ ...request, budget }));
    expect([budget.spentOn('signatures'), budget.spentOn('policy_steps')]).toEqual([own + 2, 0]);
  });

  test('more signatures than a request may have checked are not checked', async () => {
    const request = await askBy(door, {});
    const budget = new Budget({ signatures: own });
    await expectCode('too_large', () => door.authority.executeRequest({ ...request, budget }));
  });

  test('policies that take more steps than a request may are too large', async () => {
    const name = 'a'.repeat(900);
    const all = ['like', '.name', '*a*'];
    const args = { hash: 'ab'.repeat(32), name, key: 'release' };
    const chain = [await delegate(door.acme, door.ci, { policy: Array.from({ length: 255 }, () => all) })];
    const budget = new Budget({ policy_steps: 10_000 });
    const request = await ask(door, { with: chain, args });
    await expectCode('too_large', () => door.authority.executeRequest({ ...request, budget }));
  });

  test('nobody has a checkpoint made who may not ask for one', async () => {
    await send(door, await ask(door));
    const self = await openSigner(door.authority, 'authority');
    const before = await dumpTables(door.url);
    const claims = { command: '/log/checkpoint', args: {} };
    await expectCode('invalid_claim', async () =>
      send(door, await ask(door, { by: eve, on: self, with: [], ...claims })),
    );
    await expectCode('command_not_covered', async () =>
      send(door, await ask(door, { on: self, with: [await delegate(self, door.ci, { command: '/key' })], ...claims })),
    );
    expect(await dumpTables(door.url)).toEqual(before);
    await send(door, await ask(door, { by: self, on: self, with: [], ...claims }));
    expect(await dumpTables(door.url)).not.toEqual(before);
  });
});
