import { beforeAll, describe, expect, test } from 'vitest';
import { type Authority, addTrust, pruneDelegations } from '../../../src/authority/index.ts';
import { createAuthority, queryOne } from '../../support/authority.ts';
import { expectCode } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import { revoke, store } from '../../support/tokens.ts';
import { delegate, type Principal, principals } from '../../support/ucan.ts';

const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe.each(engines)('$name', (engine) => {
  let authority: Authority;
  let url: string;
  let alice: Principal;
  let vendor: Principal;
  let bob: Principal;

  beforeAll(async () => {
    url = await engine.createUrl();
    ({ authority } = await createAuthority(url));
    [alice, vendor, bob] = (await principals('alice', 'vendor', 'bob')) as [Principal, Principal, Principal];
  });

  const trust = (name: string, { publicKey }: Principal) =>
    authority.executeFor('acme', addTrust, { name, public_key: toHex(publicKey.bytes) });

  test('that somebody delegates to the key of a vendor, or about it, keeps nobody from trusting it for packages', async () => {
    await store(authority, await delegate(alice, vendor));
    await store(authority, await delegate(alice, bob, { subject: vendor.did }));
    expect(await trust('vendor', vendor)).toMatchObject({ name: 'vendor' });
  });

  test('a key that issued a token is an identity key, and is not trusted for packages', async () => {
    await expectCode('bad_input', () => trust('alice', alice));
  });

  test('an expired delegation that was revoked stays, so that its revocation is never one of something unknown', async () => {
    const expired = await delegate(alice, bob, { expiration: 1, command: '/expired' });
    const revoked = await delegate(alice, bob, { expiration: 1, command: '/revoked' });
    await store(authority, expired, revoked);
    await revoke(authority, alice, revoked);
    expect(await authority.execute(pruneDelegations, {})).toEqual({ removed: 1 });
    const { count } = (await queryOne(url, `select count(*) as count from ucan_delegations where exp = 1`)) as {
      count: number;
    };
    expect(Number(count)).toBe(1);
  });
});
