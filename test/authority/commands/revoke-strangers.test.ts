import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { allowances, maxChainBytes } from '../../../src/authority/execution/allowances.ts';
import { resultOf } from '../../../src/authority/execution/result-of.ts';
import { openSigner } from '../../../src/authority/index.ts';
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
    await store(door.authority, await delegate(door.acme, stranger), target);
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

    test('from any principal that a chain beside it leads to from an organisation, of any length, also through a powerline', async () => {
      const root = await delegate(door.acme, dev);
      const middle = await delegate(dev, other, { subject: null });
      const target = await delegate(other, job, { subject: door.acme.did });
      const chain = [root, middle, target];
      await expectUnheard(() => revoke(other, target, [], [target]));
      expect(await revoke(other, target, [], chain)).toMatchObject({ is_new: true, revoked_by: other.did });
      expect(await revoke(dev, target, chain, chain)).toMatchObject({ is_new: true, revoked_by: dev.did });
    });

    test('from the issuer or the audience of a stored delegation', async () => {
      await store(door.authority, await delegate(door.acme, dev));
      const target = await delegate(dev, job, { subject: door.acme.did });
      expect(await revoke(dev, target, [target], [])).toMatchObject({ is_new: true });
    });

    test('from whom the authority has given power over every organisation', async () => {
      await store(door.authority, await delegate(authority, dev, { subject: null }));
      const target = await delegate(dev, job, { subject: null });
      expect(await revoke(dev, target, [], [target])).toMatchObject({ is_new: true });
    });

    test('once it can matter: what was refused before is not in the way', async () => {
      const target = await delegate(other, job, { subject: door.acme.did });
      const revocation = await signRevocation(other, { target: target.cid });
      await expectUnheard(() => send(revocation, target));
      await store(door.authority, target);
      await expectUnheard(() => send(revocation));
      await store(door.authority, await delegate(door.acme, other));
      expect(await send(revocation)).toMatchObject({ is_new: true, fallen: [cidOf(target)] });
    });
  });

  describe('it is not taken', () => {
    test('from anyone who was given something that begins with nobody here, though it is stored', async () => {
      const foreign = await delegate(other, job);
      await store(door.authority, foreign);
      await expectUnheard(() => revoke(other, foreign, [], []));
      await expectUnheard(() => revoke(job, foreign, [], []));
    });

    test('by a delegation that has expired, or does not begin yet', async () => {
      for (const claims of [{ expiration: now - 1 }, { notBefore: now + 100 }]) {
        const root = await delegate(door.acme, dev, claims);
        const target = await delegate(dev, job, { subject: door.acme.did });
        await expectUnheard(() => revoke(dev, target, [root, target], [root, target]));
        await store(door.authority, root);
        await expectUnheard(() => revoke(dev, target, [target], [target]));
      }
    });

    test('by a delegation that was revoked, by its issuer or by somebody above', async () => {
      const root = await delegate(door.acme, dev);
      const middle = await delegate(dev, other, { subject: door.acme.did });
      const target = await delegate(other, job, { subject: door.acme.did });
      const chain = [root, middle, target];
      await revoke(door.acme, middle, [root, middle], [root, middle]);
      await expectUnheard(() => revoke(other, target, chain, chain));
      await revoke(door.acme, root, [], [root]);
      await expectUnheard(() => revoke(dev, middle, [root, middle], chain));
    });

    test('by links that do not cover one another', async () => {
      const root = await delegate(door.acme, dev, { command: '/package' });
      const middle = await delegate(dev, other, { subject: door.acme.did, command: '/key' });
      const target = await delegate(other, job, { subject: door.acme.did, command: '/key' });
      await expectUnheard(() => revoke(other, target, [], [root, middle, target]));
    });
  });

  describe('there is a bound', () => {
    const fill = (root: { readonly did: string }, kind: keyof typeof allowances, but = 0) =>
      query(
        door.url,
        'insert into kept_amounts (root, kind, until, amount) values ($1, $2, $3, $4) on conflict (root, kind, until) do update set amount = excluded.amount',
        [root.did, kind, now + 86_400, allowances[kind] - but],
      );

    async function knownDev(): Promise<Delegation> {
      await store(door.authority, await delegate(door.acme, dev));
      return delegate(dev, job, { subject: door.acme.did });
    }

    test('of what is not stored, and a replay and a repetition are within it', async () => {
      const first = await knownDev();
      const claims = { target: first.cid, path: [first.cid] };
      const revocation = await signRevocation(dev, claims);
      await fill(dev, 'pending_revocations', 1);
      expect(await send(revocation)).toMatchObject({ is_new: true });
      const before = await countRows();
      expect(await send(revocation)).toMatchObject({ is_new: true });
      expect(await countRows()).toEqual(before);
      expect(await send(await signRevocation(dev, { ...claims, reason: 'again' }))).toMatchObject({ is_new: false });
      const target = await delegate(dev, job, { subject: door.acme.did });
      await expectNothing('too_large', () => revoke(dev, target, [target], []), 'allowance');
      await store(door.authority, target);
      expect(await revoke(dev, target, [], [])).toMatchObject({ is_new: true });
    });

    test('for a principal and all to whom it has passed its power on, and nobody else', async () => {
      const root = await delegate(door.acme, dev);
      await fill(dev, 'pending_revocations');
      for (const key of await principals(...Array.from({ length: 3 }, (_, index) => `sub-key ${round} ${index}`))) {
        const passed = await delegate(dev, key, { subject: door.acme.did });
        const target = await delegate(key, job, { subject: door.acme.did });
        await expectNothing('too_large', () => revoke(key, target, [target], [root, passed]), 'allowance');
      }
      const others = await delegate(door.acme, other);
      const theirs = await delegate(other, job, { subject: door.acme.did });
      expect(await revoke(other, theirs, [theirs], [others])).toMatchObject({ is_new: true });
      const own = await delegate(door.acme, job);
      expect(await revoke(door.acme, own, [own], [])).toMatchObject({ is_new: true });
    });

    test('until some no longer count', async () => {
      const root = await delegate(door.acme, dev);
      const target = await delegate(dev, job, { subject: door.acme.did });
      await fill(dev, 'pending_revocations');
      const ask = () => revoke(dev, target, [target], [root]);
      await expectNothing('too_large', ask, 'allowance');
      door.time = now + 3 * 86_400;
      expect(await ask()).toMatchObject({ is_new: true });
      door.time = now;
      expect(await query(door.url, 'select amount from kept_amounts where root = $1', [dev.did])).toHaveLength(2);
    });

    test('of the chains that are kept with it, for one act and for all', async () => {
      const root = await delegate(door.acme, dev);
      const chain = async (count: number, bytes: number) => {
        const keys = await principals(...Array.from({ length: count + 1 }, () => `link ${round} ${Math.random()}`));
        const claims = { subject: dev.did, meta: { pad: 'a'.repeat(bytes) } };
        const links = keys.slice(1).map((key, i) => delegate(i === 0 ? dev : (keys[i] as Principal), key, claims));
        return { by: keys.at(-1) as Principal, links: await Promise.all(links) };
      };
      const target = await delegate(dev, job, { subject: door.acme.did });
      const ask = async ({ by, links }: Awaited<ReturnType<typeof chain>>) => {
        const claims = {
          target: target.cid,
          path: [target.cid],
          subject: dev.did,
          proofs: links.map(({ cid }) => cid),
        };
        return send(await signRevocation(by, claims), root, ...links);
      };
      await expectNothing('too_large', async () => ask(await chain(3, 60_000)), 'chain');
      const small = await chain(3, 1000);
      await fill(dev, 'act_bytes', 1000);
      await expectNothing('too_large', () => ask(small), 'allowance');
      await fill(dev, 'act_bytes', maxChainBytes);
      expect(await ask(small)).toMatchObject({ is_new: true });
      const kept = await query(door.url, 'select amount from kept_amounts where root = $1 and kind = $2', [
        dev.did,
        'act_bytes',
      ]);
      const bytes = small.links.reduce((sum, link) => sum + link.bytes.length, 0);
      expect(kept.reduce((sum, { amount }) => sum + Number(amount), 0)).toBe(
        allowances.act_bytes - maxChainBytes + bytes,
      );
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
