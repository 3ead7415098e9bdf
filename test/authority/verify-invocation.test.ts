import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Authority,
  explainByDatabase,
  explainDelegationByDatabase,
  type InvocationCircumstances,
  validateByDatabase,
} from '../../src/authority/index.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { computeCid, type Delegation, decodeDelegation, type Invocation, isVerified } from '../../src/ucan/index.ts';
import { createAuthority, query } from '../support/authority.ts';
import { expectCode } from '../support/codes.ts';
import { engines } from '../support/engines.ts';
import { cidOf, revoke, rowTime, store, storeAtOnce, twinOf } from '../support/tokens.ts';
import {
  chainOf,
  delegate,
  invoke,
  later,
  now,
  type Principal,
  principal,
  principals,
  resign,
  revocationsOf,
} from '../support/ucan.ts';
import { flipBit } from '../support/vectors.ts';

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  // New people for each test.
  let alice: Principal;
  let bob: Principal;
  let carol: Principal;
  let mallory: Principal;
  let round = 0;

  beforeAll(async () => {
    url = await engine.createUrl();
    ({ authority } = await createAuthority(url, { clock: () => new Date(now * 1000) }));
  });

  beforeEach(async () => {
    round++;
    [alice, bob, carol, mallory] = (await principals(
      ...['alice', 'bob', 'carol', 'mallory'].map((name) => `${name} who invokes ${round}`),
    )) as [Principal, Principal, Principal, Principal];
  });

  afterAll(() => authority.close());

  const circumstances = (changes: Partial<InvocationCircumstances> = {}): InvocationCircumstances => ({
    proofs: [],
    revocationsOf: () => [],
    now,
    ...changes,
  });
  const judge = async (invocation: Invocation, changes: Partial<InvocationCircumstances> = {}) =>
    (await explainByDatabase(authority, invocation, circumstances(changes))).failure?.code;
  const expectJudged = async (
    code: ErrorCode | undefined,
    invocation: Invocation,
    changes: Partial<InvocationCircumstances> = {},
  ) => expect(await judge(invocation, changes)).toBe(code);

  const revokeByHand = (target: Pick<Delegation, 'cid'>, revokedBy: string) =>
    query(
      url,
      'insert into ucan_revocations (delegation_cid, revoked_by, invocation_cid, revoked_at) values ($1, $2, $3, $4)',
      [cidOf(target), revokedBy, 'zdpuNone', rowTime],
    );

  test('proofs are taken from what came with it, from what is stored, and from both', async () => {
    const { delegations, invocation } = await chainOf(4);
    await expectJudged('proof_unavailable', invocation);
    await expectJudged(undefined, invocation, { proofs: delegations });
    await storeAtOnce(authority, delegations.slice(0, 2));
    await expectJudged('proof_unavailable', invocation);
    await expectJudged(undefined, invocation, { proofs: delegations.slice(2) });
    await storeAtOnce(authority, delegations);
    await expectJudged(undefined, invocation);
    await expectJudged(undefined, invocation, { proofs: delegations });
  });

  test('each link is explained, the root first and the invocation last', async () => {
    const { delegations, invocation } = await chainOf(3, () => ({ expiration: later }));
    await storeAtOnce(authority, delegations);
    const { links, failure } = await explainByDatabase(authority, invocation, circumstances({ now: later + 1 }));
    expect(links.map(cidOf)).toEqual([...delegations, invocation].map(cidOf));
    expect(failure?.code).toBe('token_expired');
    for (const { findings } of links) expect(findings.length).toBeGreaterThan(2);
  });

  test('revocations are taken from what is given, from what is stored, and from both', async () => {
    const root = await delegate(alice, bob);
    const next = await delegate(bob, carol, { subject: alice.did });
    const invocation = await invoke(carol, alice, [root, next]);
    await store(authority, root, next);
    await expectJudged(undefined, invocation);
    await expectJudged('token_revoked', invocation, { revocationsOf: revocationsOf([next.cid, alice.did]) });
    await revoke(authority, bob, next);
    await expectJudged('token_revoked', invocation);
    await expectJudged('token_revoked', invocation, { revocationsOf: revocationsOf([root.cid, mallory.did]) });
  });

  test('a stored revocation counts for proofs that were never stored', async () => {
    const root = await delegate(alice, bob);
    const next = await delegate(bob, carol, { subject: alice.did });
    const invocation = await invoke(carol, alice, [root, next]);
    await revoke(authority, alice, next, { path: [root.cid, next.cid] }, [root]);
    await expectJudged('token_revoked', invocation, { proofs: [root, next] });
  });

  test("a stranger's revocation, though it stands in the database, takes nothing down", async () => {
    const root = await delegate(alice, bob);
    const next = await delegate(bob, carol, { subject: alice.did });
    const invocation = await invoke(carol, alice, [root, next]);
    await store(authority, root, next);
    for (const target of [root, next]) {
      for (const revoker of [mallory.did, carol.did, authority.identity.did, '', `${alice.did} `]) {
        await revokeByHand(target, revoker);
      }
    }
    // Nor does that of who stands below.
    await revokeByHand(root, bob.did);
    await expectJudged(undefined, invocation);
    expect(await revoke(authority, alice, next)).toMatchObject({ is_new: true });
    await expectJudged('token_revoked', invocation);
  });

  test('one above in another chain is not above in this one', async () => {
    const [one, two] = [await delegate(alice, carol), await delegate(mallory, carol)];
    const next = await delegate(carol, bob, { subject: null });
    await store(authority, one, two, next);
    await revokeByHand(next, mallory.did);
    await expectJudged(undefined, await invoke(bob, alice, [one, next]));
    await expectJudged('token_revoked', await invoke(bob, mallory, [two, next]));
  });

  test('the twin of a revoked delegation is revoked', async () => {
    const issuer = await principal(`issuer ${round}`, 'secp256k1');
    const root = await delegate(issuer, bob);
    const twin = decodeDelegation(twinOf(root));
    await store(authority, root, twin);
    await revoke(authority, issuer, root);
    for (const proof of [root, twin]) await expectJudged('token_revoked', await invoke(bob, issuer, [proof]));
    expect(cidOf({ cid: computeCid(twin.bytes) })).not.toBe(cidOf(root));
  });

  test('a proof that came with it and is forged is refused, though the good one is stored', async () => {
    const root = await delegate(alice, bob);
    await store(authority, root);
    const forged = decodeDelegation(resign(root, flipBit(root.envelope.signature, 8)));
    await expectJudged('invalid_token_signature', await invoke(bob, alice, [forged]), { proofs: [forged] });
    await expectJudged(undefined, await invoke(bob, alice, [root]), { proofs: [forged] });
  });

  test('what was pruned is no proof any more, and is still revoked when it is given', async () => {
    const root = await delegate(alice, bob, { expiration: now });
    await store(authority, root);
    await revoke(authority, alice, root);
    await query(url, 'delete from ucan_delegations where cid = $1', [cidOf(root)]);
    const invocation = await invoke(bob, alice, [root]);
    await expectJudged('proof_unavailable', invocation);
    await expectJudged('token_revoked', invocation, { proofs: [root] });
  });

  test('it is explained while the authority is locked, and by whom it is addressed to', async () => {
    const other = await createAuthority(await engine.createUrl());
    const root = await delegate(alice, bob);
    await store(other.authority, root);
    other.authority.lock();
    const invocation = await invoke(bob, alice, [root], { audience: carol.did });
    const at = async (executor?: string) =>
      (await explainByDatabase(other.authority, invocation, circumstances(executor === undefined ? {} : { executor })))
        .failure?.code;
    expect([await at(), await at(carol.did), await at(bob.did)]).toEqual([undefined, undefined, 'audience_mismatch']);
    await other.authority.close();
  });

  test('a chain that was validated once costs no more signatures but its invocation', async () => {
    const { delegations, invocation } = await chainOf(3, () => ({ nonce: Uint8Array.of(round) }));
    await storeAtOnce(authority, delegations);
    await expectJudged(undefined, invocation);
    await authority.database.transact('read', async (transaction) => {
      const tokens = await authority.tokensIn(transaction);
      for (const { cid } of delegations) {
        const stored = await tokens.resolveProof(cid);
        expect(stored && isVerified(stored)).toBe(true);
      }
    });
  });

  test('validated, it gives what may be done, or the first reason why not', async () => {
    const { delegations, invocation } = await chainOf(2, () => ({ nonce: Uint8Array.of(round) }));
    await expectCode('proof_unavailable', () => validateByDatabase(authority, invocation, circumstances()));
    await storeAtOnce(authority, delegations);
    const { path, args, command } = await validateByDatabase(authority, invocation, { proofs: [], now });
    expect([path.map(cidOf), args, command]).toEqual([delegations.map(cidOf), invocation.args, invocation.command]);
    await expectCode('token_expired', () => validateByDatabase(authority, invocation, { proofs: [], now: later + 1 }));
  });

  test('a delegation by itself is revoked by its issuer and by those above it, stored or named', async () => {
    const root = await delegate(alice, bob);
    const next = await delegate(bob, carol, { subject: alice.did });
    const explain = async (...issuersAbove: string[]) =>
      (await explainDelegationByDatabase(authority, next, { now, revocationsOf: () => [] }, issuersAbove)).failure
        ?.code;
    expect(await explain()).toBeUndefined();
    await revokeByHand(next, alice.did);
    await revokeByHand(next, mallory.did);
    expect(await explain()).toBeUndefined();
    expect(await explain(alice.did)).toBe('token_revoked');
    await store(authority, root);
    expect(await explain()).toBe('token_revoked');
  });
});
