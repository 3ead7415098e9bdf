import { verifier as eddsa } from 'iso-signatures/verifiers/eddsa.js';
import { Resolver } from 'iso-signatures/verifiers/resolver.js';
import { Delegation as IsoDelegation } from 'iso-ucan/delegation';
import { base32 } from 'multiformats/bases/base32';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Authority, showDelegation } from '../../../src/authority/index.ts';
import { decodeBase64 } from '../../../src/bytes.ts';
import { computeCid, decodeDelegation, formatCid } from '../../../src/ucan/index.ts';
import { createAuthority, query } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import { cidOf, revoke, store } from '../../support/tokens.ts';
import { delegate, now, type Principal, principals } from '../../support/ucan.ts';

const verifierResolver = new Resolver({ ...eddsa });

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  let alice: Principal;
  let bob: Principal;
  let carol: Principal;
  let round = 0;
  let time = now;

  beforeAll(async () => {
    url = await engine.createUrl();
    const clock = () => new Date(time * 1000);
    ({ authority } = await createAuthority(url, { clock }));
  });

  beforeEach(async () => {
    round++;
    time = now;
    [alice, bob, carol] = (await principals(...['a', 'b', 'c'].map((name) => `${name} ${round}`))) as [
      Principal,
      Principal,
      Principal,
    ];
  });

  afterAll(() => authority.close());

  const show = (cid: string) => authority.execute(showDelegation, { cid });

  test('a delegation is shown by its CID: its fields, its state, and the token, whose CID it is', async () => {
    const policy = [['==', '.name', 'plugin.wasm']];
    const token = await delegate(alice, bob, { command: '/package', policy, notBefore: now - 1, expiration: now + 1 });
    await store(authority, token);
    const shown = await show(cidOf(token));
    expect(shown).toMatchObject({
      cid: cidOf(token),
      iss: alice.did,
      aud: bob.did,
      sub: alice.did,
      cmd: '/package',
      pol: policy,
      nbf: now - 1,
      exp: now + 1,
      is_root: true,
      is_powerline: false,
      state: 'live',
      revocations: [],
    });
    const bytes = decodeBase64(shown.token) as Uint8Array;
    expect(formatCid(computeCid(bytes))).toBe(cidOf(token));
    expect(decodeDelegation(bytes).command).toBe('/package');
  });

  test('the CID is read in another base', async () => {
    const token = await delegate(alice, bob);
    await store(authority, token);
    expect((await show(token.cid.toString(base32))).cid).toBe(cidOf(token));
  });

  test('its state is told whatever it is, with every revocation that is recorded', async () => {
    const root = await delegate(alice, bob, { expiration: now + 1 });
    const below = await delegate(bob, carol, { subject: alice.did });
    await store(authority, root, below);
    time = now + 2;
    expect((await show(cidOf(root))).state).toBe('expired');
    time = now;
    await revoke(authority, alice, root);
    const shown = await show(cidOf(root));
    expect(shown).toMatchObject({ state: 'revoked', revocations: [{ revoked_by: alice.did }] });
    expect(await show(cidOf(below))).toMatchObject({ state: 'revoked', revocations: [] });
  });

  test('one that is not stored is not found, and what revokes it is named', async () => {
    const token = await delegate(alice, bob);
    const error = await expectCode('not_found', () => show(cidOf(token)));
    expect(error.details).toEqual({ kind: 'delegation', cid: cidOf(token), revoked_by: [] });
    await expectCode('bad_input', () => show('zdpuNone'));
  });

  test('getDelegation loads a delegation for another library, whatever its state', async () => {
    const token = await delegate(alice, bob);
    const expired = await delegate(alice, bob, { expiration: now - 1 });
    await store(authority, token, expired);
    expect((await authority.getDelegation(cidOf(expired)))?.expiration).toBe(now - 1);
    const loaded = await authority.getDelegation(cidOf(token));
    expect(loaded?.bytes).toEqual(token.bytes);
    const theirs = await IsoDelegation.from({ bytes: loaded?.bytes as Uint8Array, verifierResolver });
    expect(theirs.cid.toString()).toBe(token.cid.toString());
    expect(await authority.getDelegation(cidOf(await delegate(alice, carol)))).toBeUndefined();
    await expectCode('bad_input', () => authority.getDelegation('none'));
  });

  test('one that somebody has altered is shown to nobody', async () => {
    const token = await delegate(alice, bob);
    await store(authority, token);
    await query(url, `update ucan_delegations set aud = '${carol.did}' where cid = '${cidOf(token)}'`);
    await expectCode('log_tampered', () => show(cidOf(token)));
  });
});
