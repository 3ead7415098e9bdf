import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findPolicyFailure, fromJsonValue, parsePolicy, toIpld, toIpldMap } from '../../../src/ucan/index.ts';
import { readVectors } from '../../support/vectors.ts';

interface PolicyVectors {
  readonly valid: readonly { readonly args: unknown; readonly policies: readonly unknown[] }[];
  readonly invalid: PolicyVectors['valid'];
}

const vectors = readVectors<PolicyVectors>('ucan/policy.json');

type Missing = 'null' | 'refuse';

function failureOf(policy: unknown, args: unknown, missing?: Missing): string | undefined {
  return findPolicyFailure(parsePolicy(fromJsonValue(policy)), toIpldMap(args), { missing })?.reason;
}

const holds = (statement: unknown, args: unknown, missing?: Missing): boolean =>
  failureOf([statement], args, missing) === undefined;

describe('a published policy', () => {
  const cases = (set: PolicyVectors['valid']) => set.flatMap(({ args, policies }) => policies.map((p) => [p, args]));

  test.each(cases(vectors.valid))('%j holds for %j', (policy, args) => {
    expect(failureOf(policy, args)).toBeUndefined();
  });

  test.each(cases(vectors.invalid))('%j does not hold for %j', (policy, args) => {
    expect(failureOf(policy, args)).toBeDefined();
  });
});

describe('a statement holds:', () => {
  test.each<[unknown, unknown]>([
    [['==', '.a', 1], { a: 1 }],
    [['==', '.a', { b: [1, null] }], { a: { b: [1, null] } }],
    [['==', '.', { a: 1 }], { a: 1 }],
    [['!=', '.a', '1'], { a: 1 }],
    [['<', '.a', 2], { a: 1.5 }],
    [['<=', '.a', 1], { a: 1 }],
    [['>', '.a', -1], { a: -0.5 }],
    [['>=', '.a', 1], { a: 1 }],
    [['like', '.a', 'x*'], { a: 'x\ny' }],
    [['not', ['==', '.a', 1]], { a: 2 }],
    [['not', ['not', ['==', '.a', 1]]], { a: 1 }],
    [['and', []], {}],
    [['or', []], {}],
    [
      [
        'or',
        [
          ['==', '.a', 1],
          ['==', '.a', 2],
        ],
      ],
      { a: 2 },
    ],
    [['all', '.a', ['>', '.', 0]], { a: [] }],
    [['all', '.a', ['>', '.', 0]], { a: [1, 2] }],
    [['all', '.a', ['>', '.', 0]], { a: { x: 1, y: 2 } }],
    [['any', '.a', ['==', '.', 2]], { a: { x: 1, y: 2 } }],
    [
      ['all', '.a', ['any', '.', ['==', '.', 1]]],
      {
        a: [
          [1, 2],
          [3, 1],
        ],
      },
    ],
    [
      ['any', '.a', ['all', '.', ['==', '.', 1]]],
      {
        a: [
          [1, 2],
          [1, 1],
        ],
      },
    ],
    [['==', '.a?', null], {}],
    [['!=', '.a?', 1], {}],
    [['not', ['==', '.a?', 1]], {}],
    [['==', '.a[0:2]', [1, 2]], { a: [1, 2, 3] }],
    [['==', '.["__proto__"]', 1], JSON.parse('{"__proto__":1}')],
  ])('%j for %j', (statement, args) => {
    expect(holds(statement, args)).toBe(true);
  });
});

describe('a statement does not hold:', () => {
  test.each<[unknown, unknown]>([
    [['==', '.a', 1], { a: '1' }],
    [['==', '.a', 1], { a: true }],
    [['==', '.a', null], { a: false }],
    [['==', '.a', 'a'], { a: 'A' }],
    [['==', '.a', '\u00e9'], { a: 'e\u0301' }],
    [['!=', '.a', 1], { a: 1.0 }],
    [['<', '.a', 2], { a: '1' }],
    [['<', '.a', 2], { a: null }],
    [['<', '.a', 2], { a: [1] }],
    [['<', '.a', 1], { a: 1 }],
    [['>', '.a', 1], { a: 1 }],
    [['like', '.a', '*'], { a: 1 }],
    [['like', '.a', '*'], { a: ['x'] }],
    [['like', '.a', '*'], { a: null }],
    [
      [
        'and',
        [
          ['==', '.a', 1],
          ['==', '.a', 2],
        ],
      ],
      { a: 1 },
    ],
    [
      [
        'or',
        [
          ['==', '.a', 2],
          ['==', '.a', 3],
        ],
      ],
      { a: 1 },
    ],
    [['any', '.a', ['==', '.', 1]], { a: [] }],
    [['any', '.a', ['==', '.', 1]], { a: 1 }],
    [['all', '.a', ['==', '.', 'x']], { a: 'x' }],
    [['all', '.a', ['==', '.', 1]], { a: null }],
    [['all', '.a?', ['==', '.', 1]], {}],
    [['all', '.a', ['==', '.', 1]], { a: Uint8Array.of(1) }],
  ])('%j for %j', (statement, args) => {
    expect(holds(statement, args)).toBe(false);
  });
});

test('every statement at the top must hold, and the one that does not is told', () => {
  const statements = [
    ['==', '.a', 1],
    ['==', '.b', 2],
    ['==', '.c', 3],
  ];
  const policy = parsePolicy(toIpld(statements));
  expect(findPolicyFailure(policy, toIpldMap({ a: 1, b: 2, c: 3 }))).toBeUndefined();
  expect(findPolicyFailure(policy, toIpldMap({ a: 1, b: 0, c: 0 }))).toEqual({
    statement: statements[1],
    reason: 'false',
  });
});

describe('no key of a prototype is there:', () => {
  test.each(['.constructor', '.["__proto__"]', '.toString'])('%s', (selector) => {
    expect(holds(['==', selector, null], {})).toBe(true);
    expect(failureOf([['==', selector, null]], {}, 'refuse')).toBe('unresolved');
  });
});

// UCAN delegation 1.0, "Validation".
describe('as the specification has it,', () => {
  const args = { list: [1], map: { a: 1 }, text: 'x', none: null };

  test.each<[unknown, boolean]>([
    [['==', '.missing', null], true],
    [['!=', '.missing', 1], true],
    [['not', ['==', '.missing', 1]], true],
    [['==', '.map.missing', null], true],
    [['like', '.missing', '*'], false],
    [['<', '.missing', 1], false],
    [['all', '.missing', ['==', '.', 1]], false],
    [['any', '.missing', ['==', '.', 1]], false],
  ])('a key that a map lacks is null: %j is %s', (statement, expected) => {
    expect(holds(statement, args)).toBe(expected);
  });

  test.each<[unknown, boolean]>([
    [['==', '.missing.further', null], false],
    [['!=', '.missing.further', 1], false],
    [['==', '.missing?.further', null], false],
    [['!=', '.list[9]', 1], false],
    [['!=', '.text.a', 1], false],
    [['==', '.none[]', null], false],
    [['all', '.list[9]', ['==', '.', 1]], false],
    [['not', ['==', '.list[9]', 1]], true],
    [['not', ['!=', '.list[9]', 1]], true],
    [
      [
        'or',
        [
          ['==', '.list[9]', 1],
          ['==', '.text', 'x'],
        ],
      ],
      true,
    ],
    [
      [
        'and',
        [
          ['==', '.list[9]', 1],
          ['==', '.text', 'x'],
        ],
      ],
      false,
    ],
    [['==', '.list[9]?', null], true],
  ])('a selector that cannot be resolved makes its statement false, and no more: %j is %s', (statement, expected) => {
    expect(holds(statement, args)).toBe(expected);
    if (!expected) expect(failureOf([statement], args)).toBe('false');
  });
});

describe("with missing: 'refuse', a field that is left out refuses the policy, even under", () => {
  test.each<[string, unknown]>([
    ['==', ['==', '.role', 'user']],
    ['!=', ['!=', '.role', 'admin']],
    ['<', ['<', '.size', 10]],
    ['like', ['like', '.role', '*']],
    ['not ==', ['not', ['==', '.role', 'admin']]],
    ['not not', ['not', ['not', ['!=', '.role', 'admin']]]],
    ['not like', ['not', ['like', '.role', 'admin*']]],
    ['not >', ['not', ['>', '.size', 10]]],
    [
      'or',
      [
        'or',
        [
          ['==', '.role', 'user'],
          ['==', '.name', 'a'],
        ],
      ],
    ],
    [
      'not or',
      [
        'not',
        [
          'or',
          [
            ['==', '.role', 'admin'],
            ['==', '.name', 'b'],
          ],
        ],
      ],
    ],
    [
      'not and',
      [
        'not',
        [
          'and',
          [
            ['==', '.role', 'admin'],
            ['==', '.name', 'b'],
          ],
        ],
      ],
    ],
    ['all', ['all', '.roles', ['!=', '.', 'admin']]],
    ['not any', ['not', ['any', '.roles', ['==', '.', 'admin']]]],
    ['any, within', ['any', '.list', ['!=', '.role', 'admin']]],
    ['all, within', ['all', '.list', ['not', ['==', '.role', 'admin']]]],
    ['not all, within', ['not', ['all', '.list', ['==', '.role', 'admin']]]],
    ['a selector that is optional only at its end', ['not', ['==', '.user.role?', 'admin']]],
    ['a selector that is optional only at its beginning', ['not', ['==', '.user?.role', 'admin']]],
  ])('%s', (_, statement) => {
    expect(failureOf([statement], { name: 'a', list: [{ other: 1 }] }, 'refuse')).toBe('unresolved');
  });
});

describe('numbers are compared by value, and exactly:', () => {
  test.each<[unknown, unknown, boolean]>([
    [['==', '.a', 1], 1.0, true],
    [['==', '.a', 0], -0, true],
    [['<', '.a', 0], -0, false],
    [['>=', '.a', 0], -0, true],
    [['<', '.a', 9007199254740991], 9007199254740990, true],
    [['<=', '.a', 9007199254740990], 9007199254740991, false],
    [['==', '.a', 0.3], 0.1 + 0.2, false],
    [['<', '.a', 1], Number.MIN_VALUE, true],
    [['>', '.a', 0], Number.MIN_VALUE, true],
    [['<', '.a', 100], 1e300 / 1e299 + 0.5, true],
  ])('%j for %d is %s', (statement, a, expected) => {
    expect(holds(statement, { a })).toBe(expected);
  });
});

test('a policy with one more statement holds for no more arguments', () => {
  const value = fc.constantFrom<unknown>(0, 1, 1.5, 'a', 'b', null, [], [1], { a: 1 });
  const args = fc.dictionary(fc.constantFrom('a', 'b', 'c'), value, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(statements, { maxLength: 3 }), statements, fc.nat(3), args, (policy, added, at, given) => {
      const narrowed = policy.toSpliced(Math.min(at, policy.length), 0, added);
      if (failureOf(policy, given) !== undefined) expect(failureOf(narrowed, given)).toBeDefined();
    }),
    { numRuns: 1000 },
  );
});

describe('a policy that would take too long is refused at once:', () => {
  const long = 'b'.repeat(60_000);
  test.each<[string, unknown, unknown]>([
    ['many selectors of a large list', Array(250).fill(['==', '.a[0:][0:][0]', 1]), { a: Array(60_000).fill(1) }],
    ['many values of a large map', Array(250).fill(['==', '.[][0]', 1]), Object.fromEntries(countKeys(20_000))],
    ['a long pattern matched with many texts', [['all', '.a', ['not', ['like', '.', `*${long}*`]]]], many('a')],
    ['a pattern of stars matched with many texts', [['all', '.a', ['like', '.', '*'.repeat(60_000)]]], many('a')],
    [
      'a large map compared with many maps',
      [['all', '.a', ['!=', '.', Object.fromEntries(countKeys(9000))]]],
      many({}),
    ],
    [
      'a large map within a list compared with many lists',
      [['all', '.a', ['!=', '.', [Object.fromEntries(countKeys(9000))]]]],
      many([{}]),
    ],
  ])('%s', (_, policy, args) => {
    expect(failureOf(policy, args)).toBe('too_costly');
  });

  test('also where "not" would turn the answer round', () => {
    expect(failureOf([['not', ['any', '.a', ['like', '.', `*${long}*`]]]], many('a'))).toBe('too_costly');
  });
});

const selectors = fc.constantFrom('.a', '.b', '.c?', '.a[0]?', '.');
const operands = fc.constantFrom<unknown>(0, 1, 'a', null, [1]);
const { statement: statements } = fc.letrec<{ statement: unknown }>((tie) => ({
  statement: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.tuple(fc.constantFrom('==', '!='), selectors, operands),
    fc.tuple(fc.constantFrom('<', '<=', '>', '>='), selectors, fc.integer({ min: -1, max: 2 })),
    fc.tuple(fc.constant('like'), selectors, fc.constantFrom('*', 'a*', 'b')),
    fc.tuple(fc.constant('not'), tie('statement')),
    fc.tuple(fc.constantFrom('and', 'or'), fc.array(tie('statement'), { maxLength: 2 })),
    fc.tuple(fc.constantFrom('all', 'any'), selectors, tie('statement')),
  ),
}));

function many(item: unknown): { a: unknown[] } {
  return { a: Array(5000).fill(item) };
}

function countKeys(count: number): [string, number][] {
  return Array.from({ length: count }, (_, i) => [`k${i}`, 1]);
}
