import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatPolicy, parsePolicy, parsePolicyText, policyLimits } from '../../src/trust/index.ts';
import { expectCode } from '../support/codes.ts';

const [one, two, three] = ['a', 'b', 'c'].map((digit) => digit.repeat(64));
const good = {
  version: 1,
  level: 'enforce',
  groups: [
    { name: 'release', keys: [one, two], threshold: 2 },
    { name: 'security', keys: [two, three], threshold: 1 },
  ],
  names: [{ pattern: 'acme-*.wasm', keys: [one] }],
  max_age_seconds: 86_400,
  require_inclusion_proof: true,
} as const;

test('a policy is read as it stands', () => {
  expect(parsePolicy(good)).toEqual(good);
  expect(parsePolicyText(Buffer.from(JSON.stringify(good, null, 2)))).toEqual(good);
});

test('the least policy says its version and level, and asks nothing', () => {
  const least = { version: 1, level: 'audit', groups: [], names: [] };
  expect(parsePolicy(least)).toEqual(least);
});

test('a policy has one form, however it was written', () => {
  const { level, version, ...rest } = good;
  const shuffled = {
    ...rest,
    groups: good.groups.map(({ threshold, name, keys }) => ({ threshold, keys, name })),
    level,
    version,
  };
  expect(formatPolicy(parsePolicy(shuffled))).toBe(JSON.stringify(good));
});

describe('a policy is refused', () => {
  const [release, security] = good.groups;
  const keys = (count: number) => Array.from({ length: count }, (_, i) => i.toString(16).padStart(64, '0'));
  const groups = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ name: `g${i}`, keys: [one], threshold: 1 }));
  const names = (count: number) => Array.from({ length: count }, (_, i) => ({ pattern: `p${i}`, keys: [one] }));
  test.each<[string, unknown, string]>([
    ['that is no object', [good], 'policy'],
    ['that is null', null, 'policy'],
    ['without a version', { ...good, version: undefined }, 'version'],
    ['of version 2', { ...good, version: 2 }, 'version'],
    ['of another level', { ...good, level: 'warn' }, 'level'],
    ['with a field that is not known', { ...good, max_age: 1 }, 'policy'],
    ['without groups', { version: 1, level: 'off', names: [] }, 'policy'],
    ['without names', { version: 1, level: 'off', groups: [] }, 'policy'],
    ['with a threshold of none', { ...good, groups: [{ ...release, threshold: 0 }] }, 'groups[0].threshold'],
    ['with a threshold above its keys', { ...good, groups: [{ ...release, threshold: 3 }] }, 'groups[0].threshold'],
    [
      'with a threshold that is not whole',
      { ...good, groups: [{ ...release, threshold: 1.5 }] },
      'groups[0].threshold',
    ],
    ['with a group of no keys', { ...good, groups: [{ ...release, keys: [], threshold: 1 }] }, 'groups[0].keys'],
    ['with a key twice in a group', { ...good, groups: [{ ...release, keys: [one, one] }] }, 'groups[0].keys'],
    [
      'with a key in upper case',
      { ...good, groups: [{ ...release, keys: [one, 'B'.repeat(64)] }] },
      'groups[0].keys[1]',
    ],
    ['with a group of a name in upper case', { ...good, groups: [{ ...release, name: 'Release' }] }, 'groups[0].name'],
    ['with a group without a name', { ...good, groups: [{ ...release, name: '' }] }, 'groups[0].name'],
    ['with two groups of one name', { ...good, groups: [release, { ...security, name: 'release' }] }, 'groups'],
    ['with a field more in a group', { ...good, groups: [{ ...release, extra: 1 }] }, 'groups[0]'],
    ['with a pattern that is empty', { ...good, names: [{ pattern: '', keys: [one] }] }, 'names[0].pattern'],
    ['with a pattern twice', { ...good, names: [good.names[0], good.names[0]] }, 'names'],
    ['with a pattern of no keys', { ...good, names: [{ pattern: '*', keys: [] }] }, 'names[0].keys'],
    [
      'with a pattern of 257 characters',
      { ...good, names: [{ pattern: 'a'.repeat(257), keys: [one] }] },
      'names[0].pattern',
    ],
    ['with 33 groups', { ...good, groups: groups(33) }, 'groups'],
    ['with 201 patterns', { ...good, names: names(201) }, 'names'],
    ['with 1,001 keys', { ...good, groups: [{ ...release, keys: keys(1001) }] }, 'groups[0].keys'],
    [
      'with 1,001 keys in two places',
      { ...good, groups: [{ ...release, keys: keys(999) }], names: names(2) },
      'policy',
    ],
    ['with an age of nothing', { ...good, max_age_seconds: 0 }, 'max_age_seconds'],
    ['with an age that is null', { ...good, max_age_seconds: null }, 'max_age_seconds'],
    ['with a proof that is not asked for', { ...good, require_inclusion_proof: false }, 'require_inclusion_proof'],
    ['with a key named __proto__', JSON.parse(`{"__proto__":{},${JSON.stringify(good).slice(1)}`), 'policy'],
  ])('%s', async (_, policy, field) => {
    const { details } = await expectCode('bad_input', () => parsePolicy(policy));
    expect(details).toMatchObject({ field });
  });

  test('that has a member twice, whatever the second says', async () => {
    const text = JSON.stringify(good);
    for (const twice of [
      text.replace('"threshold":2', '"threshold":2,"threshold":1'),
      text.replace('"level":"enforce"', '"level":"enforce","le\\u0076el":"enforce"'),
    ]) {
      expect(parsePolicy(JSON.parse(twice))).toBeDefined();
      await expectCode('bad_input', () => parsePolicyText(Buffer.from(twice)));
    }
  });

  test('that is no JSON, or too long', async () => {
    for (const text of ['', '{', '\ufeff{}', ' '.repeat(policyLimits.length + 1)]) {
      await expectCode('bad_input', () => parsePolicyText(Buffer.from(text)));
    }
  });
});

test('of whatever value there is comes a policy that is read the same again, or bad_input', async () => {
  const policies = fc.record({
    version: fc.constantFrom(1, 2),
    level: fc.constantFrom('enforce', 'audit', 'off', 'on'),
    groups: fc.array(
      fc.record({
        name: fc.string({ maxLength: 3 }),
        keys: fc.array(fc.constantFrom(one, two, 'x')),
        threshold: fc.integer({ min: 0, max: 3 }),
      }),
      { maxLength: 3 },
    ),
    names: fc.array(fc.record({ pattern: fc.string({ maxLength: 3 }), keys: fc.array(fc.constantFrom(one, two)) }), {
      maxLength: 3,
    }),
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(policies, fc.jsonValue()), async (value) => {
      try {
        const policy = parsePolicy(value);
        expect(parsePolicy(JSON.parse(formatPolicy(policy)))).toEqual(policy);
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad_input' });
      }
    }),
    { numRuns: 1000 },
  );
});
