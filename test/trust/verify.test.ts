import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeSignature,
  type KeyRevocation,
  type SignatureDocument,
  type SignaturePlace,
} from '../../src/signature/index.ts';
import type { Candidate, TrustedKey } from '../../src/signature/verify.ts';
import { type TrustMaterial, type VerificationPolicy, verifyByTrust } from '../../src/trust/index.ts';
import { expectCode } from '../support/codes.ts';
import { createSigner, now, type Signer, signBy, signHashBy } from '../support/fixtures.ts';

const hash = createHash('sha256').update('a package').digest('hex');
const identity = { hash, name: 'plugin.wasm' };
const [alice, bob, carol] = [await createSigner('alice'), await createSigner('bob'), await createSigner('carol')];
const later = (milliseconds: number) => new Date(now.getTime() + milliseconds);

function candidate(document: SignatureDocument): Candidate {
  return { origin: 'detached', signature: decodeSignature(document) };
}

function trusting(keys: readonly TrustedKey[], policy: VerificationPolicy | null = null): TrustMaterial {
  const byFingerprint = new Map(keys.map((key) => [key.fingerprint, key]));
  return { authority: null, organisation: null, keys: byFingerprint, signatures: [], policy };
}

function placeOf(from: Candidate, index: number, enrolledAt: Date = now): SignaturePlace {
  if (!('signature' in from)) throw new Error('a malformed candidate has no place');
  return { signature: from.signature.signature, index, enrolledAt: enrolledAt.toISOString() };
}

function verify(
  candidates: readonly Candidate[],
  material: TrustMaterial,
  { places = [], at = now }: { places?: readonly SignaturePlace[]; at?: Date } = {},
) {
  return verifyByTrust({ identity, candidates, material, now: at, places });
}

const [byAlice, byBob, byCarol] = [
  candidate(await signBy(alice, hash)),
  candidate(await signBy(bob, hash)),
  candidate(await signBy(carol, hash)),
];
const revokedAt = '2026-02-20T12:00:00.000Z';
const revoked = (reason: KeyRevocation['reason'], effectiveIndex: number | null): TrustedKey => ({
  ...alice.trusted,
  revocation: { revokedAt, reason, effectiveAt: reason && revokedAt, effectiveIndex },
});

describe('by a key that was revoked', () => {
  const reasons = ['superseded', 'expired', 'compromised'] as const;

  test.each(reasons)('as %s counts what the log held before', async (reason) => {
    const { first } = await verify([byAlice], trusting([revoked(reason, 10)]), { places: [placeOf(byAlice, 9)] });
    expect(first).toMatchObject({ key: { fingerprint: alice.fingerprint }, place: { index: 9 } });
  });

  test.each(reasons)('as %s does not count what stands at the effective index', async (reason) => {
    const places = [placeOf(byAlice, 10)];
    const { details } = await expectCode('untrusted_signer', () =>
      verify([byAlice], trusting([revoked(reason, 10)]), { places }),
    );
    expect(details).toEqual({
      fingerprint: alice.fingerprint,
      revocation: { revoked_at: revokedAt, reason, effective_at: revokedAt, effective_index: 10 },
      index: 10,
    });
  });

  test.each(reasons)('as %s does not count what came later', async (reason) => {
    const places = [placeOf(byAlice, 11)];
    await expectCode('untrusted_signer', () => verify([byAlice], trusting([revoked(reason, 10)]), { places }));
  });

  test.each(reasons)('as %s does not count what has no proven place: it counts as made now', async (reason) => {
    const { details } = await expectCode('untrusted_signer', () => verify([byAlice], trusting([revoked(reason, 10)])));
    expect(details).toEqual({
      fingerprint: alice.fingerprint,
      revocation: { revoked_at: revokedAt, reason, effective_at: revokedAt, effective_index: 10 },
    });
  });

  test('without a reason counts nothing, whenever it was made', async () => {
    for (const places of [[], [placeOf(byAlice, 0)]]) {
      const { details } = await expectCode('untrusted_signer', () =>
        verify([byAlice], trusting([revoked(null, null)]), { places }),
      );
      expect(details).toMatchObject({ revocation: { reason: null, effective_at: null, effective_index: null } });
    }
  });

  test('from the beginning on counts nothing', async () => {
    await expectCode('untrusted_signer', () =>
      verify([byAlice], trusting([revoked('compromised', 0)]), { places: [placeOf(byAlice, 0)] }),
    );
  });

  test('does not count by the place of another signature', async () => {
    const places = [placeOf(byBob, 1)];
    await expectCode('untrusted_signer', () => verify([byAlice], trusting([revoked('superseded', 10)]), { places }));
  });

  test('counts by the earliest of its places', async () => {
    const places = [placeOf(byAlice, 12), placeOf(byAlice, 3), placeOf(byAlice, 7)];
    expect((await verify([byAlice], trusting([revoked('superseded', 10)]), { places })).first.place?.index).toBe(3);
  });

  test('counts by the place that the source of trust knows, where a later one was handed in', async () => {
    const material = { ...trusting([revoked('superseded', 10)]), findPlace: async () => placeOf(byAlice, 3) };
    expect((await verify([byAlice], material, { places: [placeOf(byAlice, 12)] })).first.place?.index).toBe(3);
    const early = placeOf(byAlice, 2);
    expect((await verify([byAlice], material, { places: [early] })).first.place).toBe(early);
  });

  test('counts for what it signed by time claimed in the statement never: order is told by the log', async () => {
    const early = candidate(await signBy(alice, hash, { signedAt: '2026-01-01T00:00:00.000Z' }));
    await expectCode('untrusted_signer', () => verify([early], trusting([revoked('superseded', 10)])));
  });

  test('must be valid all the same, under its name and within its time', async () => {
    const material = trusting([revoked('superseded', 10)]);
    const renamed = candidate(await signBy(alice, hash, { name: 'other.wasm' }));
    await expectCode('package_name_mismatch', () => verify([renamed], material, { places: [placeOf(renamed, 1)] }));
    const expired = candidate(await signBy(alice, hash, { expiresAt: later(-1).toISOString() }));
    await expectCode('signature_expired', () => verify([expired], material, { places: [placeOf(expired, 1)] }));
    const forged = candidate(
      await signBy({ ...bob, fingerprint: alice.fingerprint, organisation: alice.organisation }, hash),
    );
    await expectCode('invalid_signature', () => verify([forged], material, { places: [placeOf(forged, 1)] }));
  });

  test('counts by what the source of trust can prove by itself', async () => {
    const asked: unknown[] = [];
    const findPlace: TrustMaterial['findPlace'] = async (signature) => {
      asked.push(signature);
      return placeOf(byAlice, 4);
    };
    const { first } = await verify([byBob, byAlice], { ...trusting([revoked('superseded', 10)]), findPlace });
    expect(first.place?.index).toBe(4);
    expect(asked).toHaveLength(1);
  });

  test('any index counts exactly where it is below the effective one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(20), fc.nat(20), async (index, effective) => {
        const verdict = verify([byAlice], trusting([revoked('expired', effective)]), {
          places: [placeOf(byAlice, index)],
        });
        const accepted = await verdict.then(
          () => true,
          () => false,
        );
        expect(accepted).toBe(index < effective);
      }),
    );
  });
});

describe('without a policy', () => {
  test('one good signature is enough, and the first is reported', async () => {
    const verdict = await verify([byBob, byAlice], trusting([alice.trusted, bob.trusted]));
    expect(verdict.first.key).toBe(bob.trusted);
    expect(verdict.accepted).toHaveLength(1);
    expect(verdict.policy).toBeUndefined();
    expect(verdict.first.place).toBeUndefined();
  });

  test('a proven position is reported', async () => {
    const places = [placeOf(byBob, 6)];
    expect((await verify([byBob], trusting([bob.trusted]), { places })).first.place).toEqual(places[0]);
  });

  test('no source of trust is asked for a place', async () => {
    const findPlace = () => {
      throw new Error('nobody needs to know');
    };
    expect((await verify([byBob], { ...trusting([bob.trusted]), findPlace })).first.key).toBe(bob.trusted);
  });
});

describe('a policy', () => {
  const base = { version: 1, level: 'enforce', groups: [], names: [] } as const;
  const all = [alice.trusted, bob.trusted, carol.trusted];
  const keys = all.map(({ fingerprint }) => fingerprint);
  const twoOf = { ...base, groups: [{ name: 'release', keys, threshold: 2 }] } as const;

  test('that asks nothing is met by one good signature', async () => {
    const { policy } = await verify([byAlice], trusting(all, base));
    expect(policy).toEqual({ level: 'enforce', met: true, unmet: [] });
  });

  test.each(['enforce', 'audit', 'off'] as const)(
    'of level %s does not do without one good signature',
    async (level) => {
      await expectCode('untrusted_signer', () => verify([byAlice], trusting([bob.trusted], { ...base, level })));
      await expectCode('signature_not_found', () => verify([], trusting(all, { ...base, level })));
    },
  );

  test('of two keys is met by two, in any order, with any other signers', async () => {
    for (const signed of [
      [byAlice, byBob],
      [byCarol, byAlice],
      [byBob, byCarol, byAlice],
    ]) {
      const { policy, accepted } = await verify(signed, trusting(all, twoOf));
      expect(policy).toEqual({ level: 'enforce', met: true, unmet: [] });
      expect(accepted).toHaveLength(signed.length);
    }
  });

  test('of two keys is not met by one', async () => {
    const { details } = await expectCode('policy_not_met', () => verify([byAlice], trusting(all, twoOf)));
    expect(details).toEqual({ unmet: [{ rule: 'group', group: 'release', threshold: 2, signed: 1 }] });
  });

  test('of two keys is not met by one that signed twice', async () => {
    const again = candidate(await signBy(alice, hash, { signedAt: later(-5000).toISOString() }));
    const hashOnly = candidate(await signHashBy(alice, hash));
    await expectCode('policy_not_met', () => verify([byAlice, again, hashOnly, byAlice], trusting(all, twoOf)));
  });

  test('of two keys is not met by one key under two ids', async () => {
    const alias: Signer = { ...alice, fingerprint: 'ab'.repeat(32) };
    const aliasKey: TrustedKey = { ...alice.trusted, fingerprint: alias.fingerprint };
    const policy = {
      ...base,
      groups: [{ name: 'release', keys: [alice.fingerprint, alias.fingerprint], threshold: 2 }],
    };
    const signed = [byAlice, candidate(await signBy(alias, hash))];
    const { accepted } = await verify(signed, trusting([alice.trusted, aliasKey], { ...policy, level: 'audit' }));
    expect(accepted).toHaveLength(2);
    const { details } = await expectCode('policy_not_met', () =>
      verify(signed, trusting([alice.trusted, aliasKey], policy)),
    );
    expect(details).toMatchObject({ unmet: [{ signed: 1, threshold: 2 }] });
  });

  test('of two keys is not met by one that is good and one that is not', async () => {
    const forged = candidate(
      await signBy({ ...carol, fingerprint: bob.fingerprint, organisation: bob.organisation }, hash),
    );
    const expired = candidate(await signBy(bob, hash, { expiresAt: later(-1).toISOString() }));
    const renamed = candidate(await signBy(bob, hash, { name: 'other.wasm' }));
    for (const bad of [forged, expired, renamed]) {
      await expectCode('policy_not_met', () => verify([byAlice, bad], trusting(all, twoOf)));
    }
    const gone: TrustedKey = {
      ...bob.trusted,
      revocation: { revokedAt, reason: 'compromised', effectiveAt: revokedAt, effectiveIndex: 3 },
    };
    await expectCode('policy_not_met', () => verify([byAlice, byBob], trusting([alice.trusted, gone], twoOf)));
    const { policy } = await verify([byAlice, byBob], trusting([alice.trusted, gone], twoOf), {
      places: [placeOf(byBob, 2)],
    });
    expect(policy?.met).toBe(true);
  });

  test('of several groups asks for each', async () => {
    const groups = [
      { name: 'release', keys: [alice.fingerprint], threshold: 1 },
      { name: 'security', keys: [bob.fingerprint, carol.fingerprint], threshold: 2 },
    ];
    const { details } = await expectCode('policy_not_met', () =>
      verify([byAlice, byBob], trusting(all, { ...base, groups })),
    );
    expect(details).toEqual({ unmet: [{ rule: 'group', group: 'security', threshold: 2, signed: 1 }] });
    expect((await verify([byAlice, byBob, byCarol], trusting(all, { ...base, groups }))).policy?.met).toBe(true);
  });

  test('that is audited is reported, and refuses nothing', async () => {
    const { first, policy } = await verify([byAlice], trusting(all, { ...twoOf, level: 'audit' }));
    expect(first.key).toBe(alice.trusted);
    expect(policy).toEqual({
      level: 'audit',
      met: false,
      unmet: [{ rule: 'group', group: 'release', threshold: 2, signed: 1 }],
    });
  });

  test('that is off is not looked at', async () => {
    expect((await verify([byAlice], trusting(all, { ...twoOf, level: 'off' }))).policy).toBeUndefined();
  });

  describe('about names', () => {
    const names = [
      { pattern: 'acme-*', keys: [alice.fingerprint] },
      { pattern: 'plugin.*', keys: [bob.fingerprint] },
    ];
    const policy = { ...base, names };

    test('holds a key that it names to its patterns', async () => {
      const { details } = await expectCode('policy_not_met', () => verify([byAlice], trusting(all, policy)));
      expect(details).toEqual({ unmet: [{ rule: 'names', keys: [alice.fingerprint] }] });
      expect((await verify([byBob], trusting(all, policy))).policy?.met).toBe(true);
    });

    test('lets a key that it does not name sign any', async () => {
      expect((await verify([byCarol], trusting(all, policy))).policy?.met).toBe(true);
    });

    test('is met by one allowed signature, with any other signers', async () => {
      expect((await verify([byAlice, byBob], trusting(all, policy))).policy?.met).toBe(true);
    });

    test('is not met by a hash signature, which has no name', async () => {
      const hashOnly = candidate(await signHashBy(bob, hash));
      await expectCode('policy_not_met', () => verify([hashOnly], trusting(all, policy)));
      const free = candidate(await signHashBy(carol, hash));
      expect((await verify([free], trusting(all, policy))).policy?.met).toBe(true);
    });

    test('keeps what is against it from counting in a group', async () => {
      const { details } = await expectCode('policy_not_met', () =>
        verify([byAlice, byBob], trusting(all, { ...twoOf, names })),
      );
      expect(details).toEqual({
        unmet: [
          { rule: 'group', group: 'release', threshold: 2, signed: 1 },
          { rule: 'names', keys: [alice.fingerprint] },
        ],
      });
    });
  });

  describe('about age', () => {
    const policy = { ...base, max_age_seconds: 60 };

    test('counts from the time in the statement, to the very second', async () => {
      expect((await verify([byAlice], trusting(all, policy), { at: later(60_000) })).policy?.met).toBe(true);
      const { details } = await expectCode('policy_not_met', () =>
        verify([byAlice], trusting(all, policy), { at: later(60_001) }),
      );
      expect(details).toEqual({ unmet: [{ rule: 'max_age_seconds', keys: [alice.fingerprint] }] });
    });

    test('counts from the time in the log, where that is the earlier', async () => {
      const places = [placeOf(byAlice, 1, later(-60_001))];
      await expectCode('policy_not_met', () => verify([byAlice], trusting(all, policy), { places }));
      expect((await verify([byAlice], trusting(all, policy), { places: [placeOf(byAlice, 1)] })).policy?.met).toBe(
        true,
      );
    });

    test.each<[string, Pick<TrustMaterial, 'findPlace'> & { readonly places?: readonly SignaturePlace[] }]>([
      ['a proof', { places: [placeOf(byAlice, 9, later(30_000))] }],
      ['the source of trust', { findPlace: async () => placeOf(byAlice, 9, later(30_000)) }],
    ])('does not begin anew with a later place, by %s', async (_, { places = [], ...source }) => {
      const { details } = await expectCode('policy_not_met', () =>
        verify([byAlice], { ...trusting(all, policy), ...source }, { places, at: later(90_000) }),
      );
      expect(details).toEqual({ unmet: [{ rule: 'max_age_seconds', keys: [alice.fingerprint] }] });
    });

    test('does not count a hash signature, which states no time and gets a later position when it is attached again', async () => {
      const hashOnly = candidate(await signHashBy(alice, hash));
      await expectCode('policy_not_met', () => verify([hashOnly], trusting(all, policy)));
      const places = [placeOf(hashOnly, 1)];
      await expectCode('policy_not_met', () => verify([hashOnly], trusting(all, policy), { places }));
    });
  });

  describe('that asks for proofs', () => {
    const policy = { ...base, require_inclusion_proof: true } as const;

    test('counts signatures whose place is proven, and no others', async () => {
      const { details } = await expectCode('policy_not_met', () => verify([byAlice], trusting(all, policy)));
      expect(details).toEqual({ unmet: [{ rule: 'require_inclusion_proof', keys: [alice.fingerprint] }] });
      const { first, policy: outcome } = await verify([byAlice], trusting(all, policy), {
        places: [placeOf(byAlice, 5)],
      });
      expect(outcome?.met).toBe(true);
      expect(first.place?.index).toBe(5);
    });

    test('asks the source of trust for what was not handed in', async () => {
      const findPlace = async () => placeOf(byAlice, 5);
      expect((await verify([byAlice], { ...trusting(all, policy), findPlace })).policy?.met).toBe(true);
    });
  });

  test('of groups is met exactly where each has as many distinct keys as it asks', async () => {
    const signed = [byAlice, byBob, byCarol];
    const groups = fc.array(fc.tuple(fc.shuffledSubarray(keys, { minLength: 1 }), fc.integer({ min: 1, max: 3 })), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(groups, fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }), async (asked, signers) => {
        const policy = {
          ...base,
          level: 'audit',
          groups: asked.map(([members, most], index) => ({
            name: `g${index}`,
            keys: members,
            threshold: Math.min(most, members.length),
          })),
        } as const;
        const candidates = signers.map((index) => signed[index] ?? byAlice);
        const { policy: outcome } = await verify(candidates, trusting(all, policy));
        const present = new Set(signers.map((index) => keys[index]));
        const met = policy.groups.every(
          ({ keys: members, threshold }) => members.filter((key) => present.has(key)).length >= threshold,
        );
        expect(outcome?.met).toBe(met);
      }),
    );
  });
});
