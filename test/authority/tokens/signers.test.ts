import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Authority, createOrganisation, issueDelegation, openSigner } from '../../../src/authority/index.ts';
import { decodeEd25519DidKey } from '../../../src/did/did-key.ts';
import type { HanaperEvent } from '../../../src/events.ts';
import { formatCid, isSignatureValid, verifyToken } from '../../../src/ucan/index.ts';
import { byRawKey, createAuthority, query } from '../../support/authority.ts';
import { expectCode, failureOf } from '../../support/codes.ts';
import { engines } from '../../support/engines.ts';
import { delegate, now, type Principal, principal } from '../../support/ucan.ts';
import { flipBit } from '../../support/vectors.ts';

describe.each(engines)('$name', (engine) => {
  let url: string;
  let authority: Authority;
  let events: HanaperEvent[];
  let bob: Principal;

  beforeAll(async () => {
    url = await engine.createUrl();
    const clock = () => new Date(now * 1000);
    ({ authority, events } = await createAuthority(url, { clock }));
    bob = await principal('bob');
  });

  beforeEach(async () => {
    await authority.unlock(byRawKey(1));
    events.length = 0;
  });

  afterAll(() => authority.close());

  const claims = () => ({ audience: bob.did, subject: null, command: '/package/sign', expiration: null });
  const didOfAcme = async () =>
    String((await query(url, `select did from organizations where name = 'acme'`))[0]?.['did']);

  test('the authority signs with the key that its DID names', async () => {
    const signer = await openSigner(authority, 'authority');
    expect([signer.did, signer.keyType]).toEqual([authority.identity.did, 'ed25519']);
    const delegation = await issueDelegation(authority, signer, claims());
    expect(delegation.issuer).toBe(authority.identity.did);
    expect(await isSignatureValid(delegation)).toBe(true);
    expect(decodeEd25519DidKey(delegation.issuer)).toEqual(authority.identity.publicKey);
  });

  test('an organisation signs with a key of its own, found by its name, DID or id, or as the only one', async () => {
    const did = await didOfAcme();
    const [row] = await query(url, `select id from organizations where did = $1`, [did]);
    for (const organisation of ['acme', did, String(row?.['id']), undefined]) {
      const signer = await openSigner(authority, { organisation });
      const delegation = await issueDelegation(authority, signer, { ...claims(), subject: did });
      expect((await verifyToken(delegation)).issuer).toBe(did);
    }
    expect(did).not.toBe(authority.identity.did);
  });

  test('an identity key signs tokens alone', async () => {
    for (const principal of ['authority', { organisation: 'acme' }] as const) {
      const signer = await openSigner(authority, principal);
      for (const message of [
        new Uint8Array(0),
        new Uint8Array(32),
        new TextEncoder().encode('DSSEv1 28 application'),
      ]) {
        expect(await failureOf(() => signer.sign(message))).toBeInstanceOf(TypeError);
      }
    }
  });

  test('an event reports what is issued, which is not stored, and holds no token', async () => {
    const count = async () => (await query(url, 'select id from ucan_delegations')).length;
    const before = await count();
    const delegation = await issueDelegation(authority, await openSigner(authority, 'authority'), claims());
    const { did: issuer } = authority.identity;
    const cid = formatCid(delegation.cid);
    expect(events).toEqual([
      {
        name: 'ucan.delegation.issued',
        time: new Date(now * 1000).toISOString(),
        details: { cid, issuer, audience: bob.did, subject: null, command: '/package/sign' },
      },
    ]);
    expect(await count()).toBe(before);
  });

  test('invalid claims issue nothing, and nothing is reported', async () => {
    const signer = await openSigner(authority, 'authority');
    const wrong = [{ audience: 'bob' }, { command: 'Sign' }, { policy: [['~', '.a', 1]] }, { expiration: 1.5 }];
    for (const change of wrong) {
      const failure = await failureOf(() => issueDelegation(authority, signer, { ...claims(), ...change }));
      expect(failure).toMatchObject({ code: expect.stringMatching(/^(bad_input|malformed_token)$/) });
    }
    expect(events).toEqual([]);
  });

  test('an organisation that is not there, or not named among several, signs nothing', async () => {
    await expectCode('not_found', () => openSigner(authority, { organisation: 'nobody' }));
    const other = await createAuthority(await engine.createUrl());
    await other.authority.execute(createOrganisation, { name: 'globex' });
    await expectCode('usage', () => openSigner(other.authority, { organisation: undefined }));
    await other.authority.close();
  });

  test('a locked authority gives no signer', async () => {
    authority.lock();
    await expectCode('locked', () => openSigner(authority, 'authority'));
    await expectCode('locked', () => openSigner(authority, { organisation: 'acme' }));
    await expectCode('locked', () => openSigner(authority, { organisation: 'nobody' }));
  });

  test('a signer signs nothing more once its authority is locked, even if that is unlocked again', async () => {
    const signers = [await openSigner(authority, 'authority'), await openSigner(authority, { organisation: 'acme' })];
    for (const signer of signers) await delegate(signer, bob);
    authority.lock();
    for (const signer of signers) await expectCode('locked', () => delegate(signer, bob));
    await authority.unlock(byRawKey(1));
    for (const signer of signers) await expectCode('locked', () => delegate(signer, bob));
    await delegate(await openSigner(authority, { organisation: 'acme' }), bob);
  });

  test('locking while a token is being signed ends it as locked, or signed well', async () => {
    for (let round = 0; round < 20; round++) {
      const signer = await openSigner(authority, round % 2 === 0 ? 'authority' : { organisation: 'acme' });
      const running = delegate(signer, bob).then(verifyToken);
      for (let turn = 0; turn < round / 2; turn++) await new Promise((resolve) => setImmediate(resolve));
      authority.lock();
      const failure = await failureOf(() => running);
      if (failure !== undefined) expect(failure).toMatchObject({ code: 'locked' });
      await authority.unlock(byRawKey(1));
    }
  });

  test('an identity key that was altered in the database signs nothing', async () => {
    const read = 'select encrypted_identity_key as sealed from organizations';
    const write = 'update organizations set encrypted_identity_key = $1';
    const sealed = (await query(url, read))[0]?.['sealed'] as Uint8Array;
    await query(url, write, [flipBit(sealed, 200)]);
    const signer = await openSigner(authority, { organisation: 'acme' });
    await expectCode('database_corrupt', () => delegate(signer, bob));
    await query(url, write, [sealed]);
    await delegate(await openSigner(authority, { organisation: 'acme' }), bob);
  });
});
