import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KeyRevocation } from '../../src/signature/index.ts';
import { compareTrustState, encodeTrustState, resolveStateKeys, type StateKey } from '../../src/trust/index.ts';
import { createSigner } from '../support/fixtures.ts';
import { stateKey, stateOf } from '../support/trust.ts';

const [alice, bob, carol] = [await createSigner('alice'), await createSigner('bob'), await createSigner('carol')];
const revokedAt = '2026-02-10T12:00:00.000Z';
const plain: KeyRevocation = { revokedAt, reason: null, effectiveAt: null, effectiveIndex: null };
const superseded = (effectiveIndex: number): KeyRevocation => ({
  revokedAt,
  reason: 'superseded',
  effectiveAt: revokedAt,
  effectiveIndex,
});

describe('the form of a state', () => {
  const keys = [
    stateKey(alice),
    stateKey(bob, { via: 'beta' }),
    stateKey(carol, { via: 'alpha', revocation: superseded(7) }),
  ];
  const state = stateOf(keys);

  test('is the same whatever order its keys came in, and their owners', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(keys, { minLength: 3 }), (shuffled) => {
        expect(encodeTrustState({ ...state, keys: shuffled })).toBe(encodeTrustState(state));
      }),
    );
    const owners = ['did:key:b', 'did:key:a'];
    const [one, other] = [owners, owners.toReversed()].map((each) => stateOf([stateKey(alice, { owners: each })]));
    expect(one && encodeTrustState(one)).toBe(
      other && encodeTrustState({ ...other, organisation: one?.organisation ?? other.organisation }),
    );
  });

  test('has direct keys first, then those through others by their names', () => {
    const written = JSON.parse(encodeTrustState(state)) as { keys: { via: string | null }[] };
    expect(written.keys.map(({ via }) => via)).toEqual([null, 'alpha', 'beta']);
  });
});

describe('resolved are', () => {
  const [direct, inherited] = [stateKey(alice), stateKey(alice, { via: 'beta', name: 'other' })];
  const resolve = (own: readonly StateKey[], others: readonly StateKey[], here = new Map<string, KeyRevocation>()) =>
    resolveStateKeys(own, others, here);

  test('keys of its own before those through others, each fingerprint once', () => {
    expect(resolve([direct], [inherited, stateKey(bob, { via: 'beta' })])).toEqual([
      direct,
      stateKey(bob, { via: 'beta' }),
    ]);
  });

  test('what is not revoked before what is', () => {
    const gone = { ...direct, revocation: plain };
    expect(resolve([gone], [inherited])).toEqual([inherited]);
    expect(resolve([gone, direct], [])).toEqual([direct]);
    expect(resolve([gone], [{ ...inherited, revocation: plain }])).toEqual([gone]);
  });

  test('of two revoked rows the first: the latest', () => {
    const [last, first] = [superseded(9), plain].map((revocation) => ({ ...direct, revocation }));
    expect(
      resolve(
        [last, first].filter((key) => key !== undefined),
        [],
      ),
    ).toEqual([last]);
  });

  test('signing keys that were revoked here, revoked for all', () => {
    const here = new Map([[alice.fingerprint, superseded(5)]]);
    expect(resolve([direct], [], here)).toEqual([{ ...direct, revocation: superseded(5) }]);
    expect(resolve([], [inherited], here)).toEqual([{ ...inherited, revocation: superseded(5) }]);
  });

  test.each<[string, KeyRevocation, KeyRevocation, KeyRevocation]>([
    ['the one without a reason', plain, superseded(5), plain],
    ['the one without a reason, of the signing key', superseded(5), plain, plain],
    ['the one that takes effect earlier', superseded(9), superseded(5), superseded(5)],
    ['the one that takes effect earlier, of the row', superseded(3), superseded(5), superseded(3)],
    [
      'at one index, that of a key that is compromised',
      superseded(5),
      { ...superseded(5), reason: 'compromised' },
      { ...superseded(5), reason: 'compromised' },
    ],
  ])('of two revocations %s', (_, own, here, expected) => {
    const resolved = resolve([{ ...direct, revocation: own }], [], new Map([[alice.fingerprint, here]]));
    expect(resolved[0]?.revocation).toEqual(expected);
  });
});

describe('what differs between two states is named:', () => {
  const [signed, fingerprint] = [stateOf([stateKey(alice), stateKey(bob)]), alice.fingerprint];
  const withAlice = (changes: Partial<StateKey>) => ({ ...signed, keys: [stateKey(alice, changes), stateKey(bob)] });
  test.each([
    ['nothing', signed, []],
    ['the organisation', { ...signed, organisation: { did: 'did:key:x', name: 'acme' } }, ['organisation changed']],
    [
      'its name',
      { ...signed, organisation: { ...signed.organisation, name: 'evil' } },
      ['name of the organisation changed'],
    ],
    ['the version', { ...signed, version: 2 }, ['version 2 instead of 1']],
    ['a key that came', { ...signed, keys: [...signed.keys, stateKey(carol)] }, [`key ${carol.fingerprint} added`]],
    ['a key that went', { ...signed, keys: [stateKey(bob)] }, [`key ${fingerprint} removed`]],
    ['a name', withAlice({ name: 'mallory' }), [`key ${fingerprint} changed`]],
    ['an owner', withAlice({ owners: [] }), [`key ${fingerprint} changed`]],
    ['whose it is', withAlice({ via: 'beta' }), [`key ${fingerprint} changed`]],
    ['a public key', withAlice({ publicKey: carol.publicKey }), [`key ${fingerprint} changed`]],
    ['a revocation', withAlice({ revocation: superseded(1) }), [`key ${fingerprint} changed`]],
    [
      'the policy',
      { ...signed, policy: { version: 1, level: 'off', groups: [], names: [] } as const },
      ['policy changed'],
    ],
  ])('%s', (_, found, expected) => {
    expect(compareTrustState(signed, found)).toEqual(expected);
  });

  test('a revocation that is gone', () => {
    expect(compareTrustState(withAlice({ revocation: plain }), signed)).toEqual([
      `key ${fingerprint} no longer revoked`,
    ]);
  });
});
