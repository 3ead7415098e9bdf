import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Answer } from '../../../src/authority/execution/execute.ts';
import { decodeRequest } from '../../../src/authority/execution/request.ts';
import { resultOf } from '../../../src/authority/execution/result-of.ts';
import { type Authority, addTrust, openSigner, type RevocationDocument } from '../../../src/authority/index.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import {
  type Delegation,
  DelegationCache,
  formatCid,
  type Invocation,
  signRevocation,
} from '../../../src/ucan/index.ts';
import { createAuthority, query } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import {
  cidOf,
  cidsOfAll,
  type HasBytes,
  revoke,
  store,
  storeAtOnce,
  twinOf,
  unsortedContainerOf,
} from '../../support/tokens.ts';
import { delegate, invoke, keyTypes, now, type Principal, principal, principals, resign } from '../../support/ucan.ts';
import { flipBit } from '../../support/vectors.ts';

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  let events: HanaperEvent[];
  // New people for each test.
  let alice: Principal;
  let bob: Principal;
  let carol: Principal;
  let mallory: Principal;
  let round = 0;
  let time = now;

  beforeAll(async () => {
    url = await engine.createUrl();
    ({ authority, events } = await createAuthority(url, { clock: () => new Date(time * 1000) }));
  });

  beforeEach(async () => {
    round++;
    time = now;
    [alice, bob, carol, mallory] = (await principals(
      ...['alice', 'bob', 'carol', 'mallory'].map((name) => `${name} who revokes ${round}`),
    )) as [Principal, Principal, Principal, Principal];
    events.length = 0;
  });

  afterAll(() => authority.close());

  const timeText = (seconds: number) => new Date(seconds * 1000).toISOString();
  // By a local caller: what these people delegate is no power of anybody here.
  const ask = async (...tokens: readonly HasBytes[]) => {
    const container = new TextEncoder().encode(unsortedContainerOf(tokens));
    return authority.executeRequest({ ...(await decodeRequest(container, new DelegationCache())), isLocal: true });
  };
  const send = async (...tokens: readonly HasBytes[]) => resultOf(await ask(...tokens)) as RevocationDocument;
  const readRows = ({ cid }: Pick<Delegation, 'cid'>) =>
    query(url, 'select revoked_by, invocation_cid, reason from ucan_revocations where delegation_cid = $1', [
      formatCid(cid),
    ]);
  const countInvocations = async () => (await query(url, 'select id from ucan_invocations')).length;

  async function expectRefused(code: ErrorCode, act: () => Promise<unknown>, target?: Delegation): Promise<void> {
    await expectNothingKept(code, act, target);
    expect(events).toMatchObject([{ name: 'ucan.revoke_failed', reason: code, details: { command: '/ucan/revoke' } }]);
  }

  async function expectNothingKept(code: ErrorCode, act: () => Promise<unknown>, target?: Delegation): Promise<void> {
    events.length = 0;
    const before = await countInvocations();
    await expectCode(code, act);
    expect(await countInvocations()).toBe(before);
    if (target) expect(await readRows(target)).toEqual([]);
  }

  const receiptOf = (answer: Answer) => (answer.kind === 'receipt' ? answer.receipt.invocation.bytes : answer);

  test.each(keyTypes)('who issued a delegation by a %s key may revoke it', async (keyType) => {
    const issuer = await principal(`issuer ${round}`, keyType);
    const target = await delegate(issuer, bob);
    await store(authority, target);
    events.length = 0;
    expect(await revoke(authority, issuer, target)).toEqual({
      cid: cidOf(target),
      revoked_by: issuer.did,
      revoked_at: timeText(now),
      is_new: true,
      fallen: [cidOf(target)],
    });
    expect(events).toEqual([
      { name: 'ucan.revoked', time: timeText(now), details: { cid: cidOf(target), revoked_by: issuer.did } },
    ]);
  });

  test('who issued one above it, in a stored chain, may revoke it', async () => {
    const root = await delegate(alice, bob);
    const target = await delegate(bob, carol, { subject: alice.did });
    await store(authority, root, target);
    expect(await revoke(authority, alice, target)).toMatchObject({ revoked_by: alice.did, fallen: [cidOf(target)] });
    expect(await readRows(root)).toEqual([]);
  });

  test('a revocation is kept with its reason and the whole invocation', async () => {
    const target = await delegate(alice, bob);
    await store(authority, target);
    const revocation = await signRevocation(alice, { target: target.cid, reason: "it's lost" });
    await send(revocation);
    const row = { revoked_by: alice.did, invocation_cid: formatCid(revocation.cid), reason: "it's lost" };
    expect(await readRows(target)).toEqual([row]);
    const kept = await query(url, 'select envelope, cmd, iss, sub from ucan_invocations where cid = $1', [
      formatCid(revocation.cid),
    ]);
    expect(kept).toMatchObject([{ cmd: '/ucan/revoke', iss: alice.did, sub: alice.did }]);
    expect(new Uint8Array(kept[0]?.['envelope'] as Uint8Array)).toEqual(revocation.bytes);
  });

  test.each(['', 'ä', 'a\u0000b', '😀'.repeat(1000), '\u001b[31m'])('any reason is taken (%#)', async (reason) => {
    const target = await delegate(alice, bob);
    await store(authority, target);
    expect(await revoke(authority, alice, target, { reason })).toMatchObject({ is_new: true });
  });

  test('what has fallen is told: the target and what is below, unless another way up is left', async () => {
    const subject = alice.did;
    const target = await delegate(alice, bob);
    const below = await delegate(bob, carol, { subject, command: '/package' });
    const last = await delegate(carol, mallory, { subject, command: '/package' });
    const other = await delegate(bob, carol);
    const kept = await delegate(bob, mallory, { subject, command: '/other' });
    await store(authority, target, below, last, other, kept, await delegate(alice, bob, { command: '/other' }));
    const { fallen } = await revoke(authority, alice, target);
    expect([...fallen].sort()).toEqual(cidsOfAll([target, below, last]).sort());
    expect((await revoke(authority, alice, below)).fallen).toEqual([]);
  });

  test('what has fallen is told across a powerline, which itself stands', async () => {
    const target = await delegate(alice, bob);
    const powerline = await delegate(bob, carol, { subject: null });
    const below = await delegate(carol, mallory, { subject: alice.did });
    await store(authority, target, powerline, below, await delegate(carol, mallory));
    const { fallen } = await revoke(authority, alice, target);
    expect([...fallen].sort()).toEqual(cidsOfAll([target, below]).sort());
  });

  test('of very many that fall some are told, the target first, and that there may be more', async () => {
    const target = await delegate(alice, bob);
    await store(authority, target);
    const people = await principals(...Array.from({ length: 5 }, (_, index) => `fan ${round} ${index}`));
    await storeAtOnce(authority, await Promise.all(people.map((each) => delegate(bob, each, { subject: alice.did }))));
    for (const each of people) {
      const nonce = (index: number) => Uint8Array.of(index);
      const leaves = Array.from({ length: 255 }, (_, i) =>
        delegate(each, carol, { subject: alice.did, nonce: nonce(i) }),
      );
      await storeAtOnce(authority, await Promise.all(leaves));
    }
    const { fallen, more_fallen } = await revoke(authority, alice, target);
    expect(more_fallen).toBe(true);
    expect(fallen.length).toBeLessThanOrEqual(501);
    expect(new Set(fallen).size).toBeGreaterThan(255);
    expect(fallen[0]).toBe(cidOf(target));
  });

  test('all that one issuer passed on has fallen, not only the newest', async () => {
    const target = await delegate(alice, bob);
    const below = await Promise.all(Array.from({ length: 300 }, () => delegate(bob, carol, { subject: alice.did })));
    await storeAtOnce(authority, [target, ...below.slice(0, 200)]);
    await storeAtOnce(authority, below.slice(200));
    const { fallen } = await revoke(authority, alice, target);
    expect([...fallen].sort()).toEqual(cidsOfAll([target, ...below]).sort());
  });

  test('a replay is answered by the stored receipt, and moves nothing', async () => {
    const target = await delegate(alice, bob);
    await store(authority, target);
    const revocation = await signRevocation(alice, { target: target.cid });
    const first = await ask(revocation);
    const rows = await readRows(target);
    const count = await countInvocations();
    time = now + 5;
    events.length = 0;
    const again = await ask(revocation);
    expect([first, again]).toMatchObject([
      { kind: 'receipt', isReplay: false },
      { kind: 'receipt', isReplay: true },
    ]);
    expect(receiptOf(again)).toEqual(receiptOf(first));
    expect(await readRows(target)).toEqual(rows);
    expect(await countInvocations()).toBe(count);
    expect(events).toEqual([]);
  });

  test('another revocation of the same by the same revoker is not new, and moves nothing', async () => {
    const target = await delegate(alice, bob);
    await store(authority, target);
    const first = await revoke(authority, alice, target);
    const rows = await readRows(target);
    time = now + 5;
    events.length = 0;
    expect(await revoke(authority, alice, target, { reason: 'again' })).toEqual({
      ...first,
      is_new: false,
      fallen: [],
    });
    expect(await readRows(target)).toEqual(rows);
    expect(events).toEqual([]);
  });

  test('one that came before what it needs does not stand in the way of the same later', async () => {
    const target = await delegate(alice, bob);
    const revocation = await signRevocation(alice, { target: target.cid });
    await expectRefused('not_found', () => send(revocation), target);
    await store(authority, target);
    expect(await send(revocation)).toMatchObject({ is_new: true, fallen: [cidOf(target)] });
  });

  test('one that a stranger sends ahead without its proofs does not stand in the way of the whole', async () => {
    const root = await delegate(alice, bob);
    const target = await delegate(bob, carol, { subject: alice.did });
    await store(authority, target);
    const revocation = await signRevocation(alice, { target: target.cid, path: [root.cid, target.cid] });
    await expectRefused('not_authorized', () => send(revocation), target);
    expect(await send(revocation, root)).toMatchObject({ is_new: true, revoked_by: alice.did });
  });

  test('the twin of a revocation, under another signature, is a replay', async () => {
    const issuer = await principal(`issuer ${round}`, 'p256');
    const target = await delegate(issuer, bob);
    await store(authority, target);
    const revocation = await signRevocation(issuer, { target: target.cid });
    const first = await ask(revocation);
    const count = await countInvocations();
    const again = await ask({ bytes: twinOf(revocation) });
    expect(again).toMatchObject({ kind: 'receipt', isReplay: true });
    expect(receiptOf(again)).toEqual(receiptOf(first));
    expect(await countInvocations()).toBe(count);
  });

  test('a revocation by somebody above does not stand in the way of one by the issuer', async () => {
    const root = await delegate(alice, bob);
    const target = await delegate(bob, carol, { subject: alice.did });
    await store(authority, root, target);
    expect((await revoke(authority, alice, target)).is_new).toBe(true);
    expect((await revoke(authority, bob, target)).is_new).toBe(true);
    expect(await readRows(target)).toHaveLength(2);
  });

  describe('is refused', () => {
    let root: Delegation;
    let target: Delegation;

    beforeEach(async () => {
      root = await delegate(alice, bob);
      target = await delegate(bob, carol, { subject: alice.did });
      await store(authority, root, target);
    });

    test('by whom it was delegated to, and by a descendant', async () => {
      await expectRefused('not_authorized', () => revoke(authority, bob, root), root);
      await expectRefused('not_authorized', () => revoke(authority, carol, root), root);
      await expectRefused('not_authorized', () => revoke(authority, carol, target), target);
    });

    test('by a stranger, and by the authority itself', async () => {
      await expectRefused('not_authorized', () => revoke(authority, mallory, target), target);
      const own = await openSigner(authority, 'authority');
      await expectRefused('not_authorized', () => revoke(authority, own, target), target);
    });

    test('on the power of another without proof', async () => {
      await expectRefused('invalid_claim', () => revoke(authority, mallory, target, { subject: bob.did }), target);
    });

    test('with a signature that is forged', async () => {
      const revocation = await signRevocation(bob, { target: target.cid });
      const forged = { bytes: resign(revocation, flipBit(revocation.envelope.signature, 9)) };
      const foreign = await signRevocation({ ...mallory, did: bob.did }, { target: target.cid });
      for (const token of [forged, foreign]) await expectRefused('invalid_token_signature', () => send(token), target);
    });

    test('as another invocation, or with others', async () => {
      const revocation = await signRevocation(bob, { target: target.cid });
      const other: Invocation = await invoke(bob, bob, [], { command: '/ucan/revoked', args: { revoke: target.cid } });
      const odd = await invoke(bob, bob, [], { command: '/ucan/revoke', args: { revoke: target.cid, all: true } });
      const wrong = await invoke(bob, bob, [], { command: '/ucan/revoke', args: { revoke: 'zdpu' } });
      for (const token of [odd, wrong]) await expectRefused('bad_input', () => send(token), target);
      await expectNothingKept('not_found', () => send(other), target);
      await expectNothingKept('bad_input', () => send(revocation, other), target);
      await expectNothingKept('bad_input', () => send(target), target);
      await expectNothingKept('bad_input', () => send(), target);
    });

    test('by a key that is for packages here', async () => {
      const key = Buffer.from(mallory.publicKey.bytes).toString('hex');
      await authority.executeFor('acme', addTrust, { public_key: key });
      const own = await delegate(mallory, bob);
      await expectRefused('bad_input', () => revoke(authority, mallory, own, { path: [own.cid] }), own);
    });

    test('once its own time is over', async () => {
      const make = (expiration: number) =>
        invoke(bob, bob, [], { command: '/ucan/revoke', args: { revoke: target.cid }, expiration });
      const expired = await make(now - 1);
      await expectRefused('token_expired', () => send(expired), target);
      expect(await send(await make(now))).toMatchObject({ is_new: true });
    });

    test('while the authority is locked', async () => {
      const other = await createAuthority(await engine.createUrl());
      await store(other.authority, root);
      other.authority.lock();
      await expectCode('locked', () => revoke(other.authority, alice, root));
      expect(other.events.at(-1)).toMatchObject({ name: 'ucan.revoke_failed', reason: 'locked' });
      await other.authority.close();
    });
  });
});
