import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openSigner } from '../../../src/authority/index.ts';
import { resultOf } from '../../../src/authority/result-of.ts';
import { mostPending, mostPendingOfAll } from '../../../src/authority/revoker.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import { type Delegation, decodeDelegation, limits, type Signer, signRevocation } from '../../../src/ucan/index.ts';
import { query } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { type Door, openDoor } from '../../support/door.ts';
import { engines } from '../../support/engines.ts';
import { cidOf, containerOf, type HasBytes, store } from '../../support/tokens.ts';
import { delegate, invoke, now, type Principal, principals, resign } from '../../support/ucan.ts';
import { flipBit } from '../../support/vectors.ts';

const tables = ['ucan_invocations', 'ucan_revocations', 'ucan_delegations', 'did_documents', 'log_entries'];

describe.each(engines)('what is sent from elsewhere, on $name:', (engine) => {
  let door: Door;
  let authority: Signer;
  // New people for each test.
  let dev: Principal;
  let job: Principal;
  let other: Principal;
  let stranger: Principal;
  let round = 0;

  beforeAll(async () => {
    door = await openDoor(await engine.createUrl());
    authority = await openSigner(door.authority, 'authority');
  });

  beforeEach(async () => {
    round++;
    const names = ['dev', 'job', 'other', 'stranger'].map((name) => `${name} from elsewhere ${round}`);
    [dev, job, other, stranger] = (await principals(...names)) as [Principal, Principal, Principal, Principal];
  });

  afterAll(() => door.authority.close());

  const countRows = () =>
    Promise.all(tables.map(async (table) => (await query(door.url, `select count(*) as n from ${table}`))[0]?.['n']));

  async function send(...tokens: readonly HasBytes[]) {
    return resultOf(await door.authority.executeContainer(new TextEncoder().encode(await containerOf(tokens))));
  }

  async function revoke(by: Signer, target: Delegation, path: readonly Delegation[], given: readonly HasBytes[]) {
    return send(await signRevocation(by, { target: target.cid, path: path.map(({ cid }) => cid) }), ...given);
  }

  async function expectNothing(code: ErrorCode, act: () => Promise<unknown>, reason?: string) {
    const before = await countRows();
    const error = await expectCode(code, act);
    if (reason !== undefined) expect(error.details).toMatchObject({ reason });
    expect(await countRows()).toEqual(before);
  }

  const expectUnheard = (act: () => Promise<unknown>) => expectNothing('not_authorized', act, 'no power here');

  describe('a stranger leaves nothing', () => {
    test('by revoking what they delegated to themselves, however they show it', async () => {
      const own = await delegate(stranger, stranger);
      const next = await delegate(stranger, job);
      await expectUnheard(() => revoke(stranger, own, [], [own]));
      await expectUnheard(() => revoke(stranger, own, [own], [own]));
      await expectUnheard(() => revoke(stranger, own, [own], []));
      await expectUnheard(() => revoke(stranger, next, [next], [own, next]));
    });

    test('by delegating what an organisation has never given', async () => {
      const claimed = await delegate(stranger, job, { subject: door.acme.did });
      await expectUnheard(() => revoke(stranger, claimed, [], [claimed]));
      const powerline = await delegate(stranger, job, { subject: null });
      await expectUnheard(() => revoke(stranger, powerline, [], [powerline]));
    });

    test('by forging the delegation that would lead to them', async () => {
      const real = await delegate(door.acme, dev);
      const forged = decodeDelegation(resign(await delegate(door.acme, stranger), flipBit(real.envelope.signature, 3)));
      const claimed = await delegate({ ...dev, sign: stranger.sign }, stranger, { subject: door.acme.did });
      const target = await delegate(stranger, job, { subject: door.acme.did });
      await expectUnheard(() => revoke(stranger, target, [forged, target], [forged, target]));
      await expectUnheard(() => revoke(stranger, target, [target], [real, claimed, target]));
    });

    test('by standing above a delegation that is stored, on a path of their own making', async () => {
      const stored = await delegate(door.acme, dev);
      const below = await delegate(dev, job, { subject: door.acme.did });
      await store(door.authority, stored, below);
      const above = await delegate(stranger, dev, { subject: door.acme.did });
      await expectUnheard(() => revoke(stranger, below, [above, below], [above]));
      await expectNothing('not_authorized', () => revoke(stranger, below, [], []));
    });

    test('by showing a chain that leads to somebody else', async () => {
      const root = await delegate(door.acme, dev);
      const target = await delegate(stranger, job, { subject: door.acme.did });
      await expectUnheard(() => revoke(stranger, target, [root, target], [root, target]));
    });
  });

  test('neither arguments nor policies of a stranger are gone through: the first that is wrong refuses', async () => {
    const costly = Array.from({ length: 80 }, () => ['not', ['like', '.x', '*ab*'.padEnd(20, 'a')]]);
    const root = await delegate(stranger, other, { policy: costly });
    const target = await delegate(stranger, job);
    const about = { command: '/ucan/revoke', expiration: null };
    const long = await invoke(other, stranger, [root], { ...about, args: { revoke: target.cid, x: 'a'.repeat(4000) } });
    await expectNothing('bad_input', () => send(long, root));
    const heard = await invoke(other, stranger, [root], { ...about, args: { revoke: target.cid } });
    await expectUnheard(() => send(heard, root));
    await store(door.authority, target);
    await expectNothing('policy_violation', () => send(heard, root));
  });

  describe('it is taken', () => {
    test('from an organisation and from the authority, of what was never stored', async () => {
      for (const signer of [door.acme, authority]) {
        const target = await delegate(signer, job);
        expect(await revoke(signer, target, [], [target])).toMatchObject({ is_new: true, revoked_by: signer.did });
        const unseen = await delegate(signer, job);
        expect(await revoke(signer, unseen, [unseen], [])).toMatchObject({ is_new: true });
      }
    });

    test('from whoever a chain beside it leads to from an organisation, of any length, also through a powerline', async () => {
      const root = await delegate(door.acme, dev);
      const middle = await delegate(dev, other, { subject: null });
      const target = await delegate(other, job, { subject: door.acme.did });
      const chain = [root, middle, target];
      await expectUnheard(() => revoke(other, target, [], [target]));
      expect(await revoke(other, target, [], chain)).toMatchObject({ is_new: true, revoked_by: other.did });
      expect(await revoke(dev, target, chain, chain)).toMatchObject({ is_new: true, revoked_by: dev.did });
    });

    test('from whoever has issued, or was given, a delegation that is stored', async () => {
      await store(door.authority, await delegate(door.acme, dev));
      const target = await delegate(dev, job, { subject: door.acme.did });
      expect(await revoke(dev, target, [target], [])).toMatchObject({ is_new: true });
      const foreign = await delegate(other, job);
      await store(door.authority, foreign);
      expect(await revoke(other, foreign, [], [])).toMatchObject({ is_new: true, fallen: [cidOf(foreign)] });
    });

    test('once it can matter: what was refused before is not in the way', async () => {
      const target = await delegate(other, job);
      const revocation = await signRevocation(other, { target: target.cid });
      await expectUnheard(() => send(revocation, target));
      await store(door.authority, target);
      expect(await send(revocation)).toMatchObject({ is_new: true, fallen: [cidOf(target)] });
    });
  });

  describe('there is a bound', () => {
    async function insertPending(revokers: readonly string[]): Promise<void> {
      const time = new Date(now * 1000).toISOString();
      for (let start = 0; start < revokers.length; start += 1000) {
        const rows = revokers
          .slice(start, start + 1000)
          .map((did, index) => `('zdpu-${round}-${start + index}', '${did}', 'x', '${time}')`);
        const columns = '(delegation_cid, revoked_by, invocation_cid, revoked_at)';
        await query(door.url, `insert into ucan_revocations ${columns} values ${rows.join(', ')}`);
      }
    }

    async function knownDev(): Promise<Delegation> {
      await store(door.authority, await delegate(door.acme, dev));
      return delegate(dev, job, { subject: door.acme.did });
    }

    test('of what is not stored by one revoker, and a replay and a repetition are within it', async () => {
      const first = await knownDev();
      const revocation = await signRevocation(dev, { target: first.cid });
      await send(revocation, first);
      await insertPending(Array.from({ length: mostPending - 1 }, () => dev.did));
      const target = await delegate(dev, job, { subject: door.acme.did });
      await expectNothing('bad_input', () => revoke(dev, target, [], [target]), 'too many revocations');
      await store(door.authority, target);
      expect(await revoke(dev, target, [], [])).toMatchObject({ is_new: true });
      const before = await countRows();
      expect(await send(revocation, first)).toMatchObject({ is_new: true });
      expect(await countRows()).toEqual(before);
      expect(await revoke(dev, first, [first], [])).toMatchObject({ is_new: false });
    });

    test('of what is not stored by everybody, but for the organisations and the authority', async () => {
      const target = await knownDev();
      await insertPending(Array.from({ length: mostPendingOfAll }, (_, index) => `did:example:${index}`));
      await expectNothing('bad_input', () => revoke(dev, target, [], [target]), 'too many revocations');
      const own = await delegate(door.acme, job);
      expect(await revoke(door.acme, own, [], [own])).toMatchObject({ is_new: true });
      await query(door.url, "delete from ucan_revocations where revoked_by like 'did:example:%'");
      expect(await revoke(dev, target, [], [target])).toMatchObject({ is_new: true });
    });

    test('of the bytes of a revocation', async () => {
      const target = await delegate(door.acme, job);
      const sign = (length: number) => signRevocation(door.acme, { target: target.cid, reason: 'x'.repeat(length) });
      const room = limits.revocationBytes - (await sign(1000)).bytes.length + 1000;
      await expectNothing('too_large', async () => send(await sign(room + 1), target));
      expect(await send(await sign(room), target)).toMatchObject({ is_new: true });
    });
  });
});
