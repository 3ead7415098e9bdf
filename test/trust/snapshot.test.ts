import { describe, expect, test } from 'vitest';
import { checkSnapshot, openSnapshot, type SnapshotClaims, signSnapshot } from '../../src/trust/index.ts';
import { encodeSnapshot } from '../../src/trust/snapshot.ts';
import { expectCode } from '../support/codes.ts';
import { createSigner, now } from '../support/fixtures.ts';
import { createAuthority, stateKey, stateOf } from '../support/trust.ts';
import { countUp, flipBit } from '../support/vectors.ts';

const [alice, bob, mallory] = [await createSigner('alice'), await createSigner('bob'), await createSigner('mallory')];
const [authority, stranger] = [await createAuthority(), await createAuthority(countUp(32, 0x31))];
const policy = {
  version: 1,
  level: 'audit',
  groups: [],
  names: [{ pattern: '*', keys: [alice.fingerprint] }],
} as const;
const revocation = {
  revokedAt: now.toISOString(),
  reason: 'compromised',
  effectiveAt: now.toISOString(),
  effectiveIndex: 0,
} as const;
const state = stateOf([stateKey(alice), stateKey(bob, { via: 'beta', name: null, owners: [], revocation })], {
  version: 3,
  policy,
});
const claims: SnapshotClaims = { createdAt: now.toISOString(), state };
const signed = await signSnapshot(authority, claims);

test('a snapshot that was signed is found to be what the rows say, and read back', async () => {
  await checkSnapshot(authority, signed, claims);
  expect(await openSnapshot(authority, signed)).toEqual(claims);
});

describe('what is not as it was signed is refused, and named:', () => {
  const organisation = state.organisation.did;
  test.each<[string, SnapshotClaims, string]>([
    ['a key that came', { ...claims, state: { ...state, keys: [...state.keys, stateKey(mallory)] } }, 'added'],
    ['a key that went', { ...claims, state: { ...state, keys: state.keys.slice(1) } }, 'removed'],
    [
      'a key no longer revoked',
      { ...claims, state: { ...state, keys: [stateKey(alice), stateKey(bob, { via: 'beta' })] } },
      'no longer revoked',
    ],
    ['another policy', { ...claims, state: { ...state, policy: null } }, 'policy changed'],
    ['another version', { ...claims, state: { ...state, version: 2 } }, 'version 2 instead of 3'],
    ['another time', { ...claims, createdAt: '2026-03-01T12:00:00.001Z' }, 'time of the snapshot changed'],
  ])('%s', async (_, found, what) => {
    const { details } = await expectCode('trust_tampered', () => checkSnapshot(authority, signed, found));
    expect(details).toMatchObject({ organisation, what: [expect.stringContaining(what)] });
  });

  test('a snapshot that somebody else has signed, or of which a bit is turned', async () => {
    const bent = { ...signed, signature: flipBit(signed.signature, 77) };
    for (const other of [
      await signSnapshot(stranger, claims),
      bent,
      { ...signed, payload: flipBit(signed.payload, 2000) },
    ]) {
      const { details } = await expectCode('trust_tampered', () => checkSnapshot(authority, other, claims));
      expect(details).toMatchObject({ organisation, what: ['signature'] });
      await expectCode('trust_tampered', () => openSnapshot(authority, other));
    }
  });
});

test('a payload in another form is refused, even by the authority itself', async () => {
  const payload = encodeSnapshot(authority.did, claims);
  const written = JSON.parse(Buffer.from(payload).toString());
  const { _type, ...rest } = written;
  const others = [
    JSON.stringify(written, null, 2),
    JSON.stringify({ ...rest, _type }),
    JSON.stringify({ ...written, _type: 'hanaper/v1/trust-bundle' }),
    JSON.stringify({ ...written, authority: stranger.did }),
    JSON.stringify({ ...written, keys: written.keys.toReversed() }),
    JSON.stringify({ ...written, keys: [written.keys[0], written.keys[0]] }),
    JSON.stringify({ ...written, extra: 1 }),
    JSON.stringify({ ...written, version: 0 }),
    JSON.stringify({ ...written, policy: { ...policy, level: 'warn' } }),
    JSON.stringify({ ...written, created_at: '2026-03-01T12:00:00Z' }),
    JSON.stringify({ ...written, keys: [{ ...written.keys[0], fingerprint: bob.fingerprint }] }),
    JSON.stringify({ ...written, keys: [{ ...written.keys[0], public_key: '00'.repeat(32) }] }),
    JSON.stringify({
      ...written,
      keys: [{ ...written.keys[1], revocation: { ...written.keys[1].revocation, reason: 'lost' } }],
    }),
    JSON.stringify({
      ...written,
      keys: [{ ...written.keys[1], revocation: { ...written.keys[1].revocation, effective_index: null } }],
    }),
  ];
  const signAs = async (text: string) => {
    const encoded = Buffer.from(
      `DSSEv1 43 application/vnd.hanaper.trust-snapshot+json ${Buffer.byteLength(text)} ${text}`,
    );
    return { payload: Buffer.from(text), signature: await authority.sign(encoded) };
  };
  expect(await openSnapshot(authority, await signAs(Buffer.from(payload).toString()))).toEqual(claims);
  for (const text of others)
    await expectCode('trust_tampered', async () => openSnapshot(authority, await signAs(text)));
});
