import { describe, expect, test } from 'vitest';
import { type IpldValue, limits, parsePolicy, toIpld } from '../../../src/ucan/index.ts';
import { expectCode } from '../../support/codes.ts';

const parse = (policy: unknown): ReturnType<typeof parsePolicy> => parsePolicy(toIpld(policy));

function nested(levels: number, op: 'not' | 'and' | 'all'): unknown {
  let statement: unknown = ['==', '.a', 1];
  for (let i = 1; i < levels; i++) {
    statement = op === 'not' ? [op, statement] : op === 'and' ? [op, [statement]] : [op, '.a', statement];
  }
  return [statement];
}

test('a policy keeps how it stands in the token', () => {
  const source: IpldValue = toIpld([
    ['==', '.a', { b: [1] }],
    [
      'or',
      [
        ['like', '.b', 'a*'],
        ['not', ['any', '.c', ['<', '.', 3]]],
      ],
    ],
  ]);
  expect(parsePolicy(source).source).toBe(source);
  expect(parsePolicy(source).statements).toHaveLength(2);
});

describe('a policy is well-formed:', () => {
  test.each<[string, unknown]>([
    ['without a statement', []],
    ['with an empty "and"', [['and', []]]],
    ['with an empty "or"', [['or', []]]],
    ['comparing with null', [['==', '.a', null]]],
    ['comparing with a map', [['!=', '.a', { '==': 1 }]]],
    ['ordering by a fraction', [['<=', '.a', 1.5]]],
    ['with a pattern of nothing', [['like', '.a', '']]],
    ['of 256 statements', Array(limits.policyStatements).fill(['==', '.a', 1])],
    ['of 16 levels of "not"', nested(limits.policyDepth, 'not')],
    ['of 16 levels of "and"', nested(limits.policyDepth, 'and')],
    ['of 16 levels of "all"', nested(limits.policyDepth, 'all')],
  ])('%s', (_, policy) => {
    expect(() => parse(policy)).not.toThrow();
  });
});

describe('a policy is malformed, and the place is told:', () => {
  test.each<[string, unknown, string]>([
    ['null', null, 'pol'],
    ['a map', {}, 'pol'],
    ['text', 'and', 'pol'],
    ['one statement without a list around it', ['==', '.a', 1], 'pol[0]'],
    ['a statement that is a map', [{ '==': ['.a', 1] }], 'pol[0]'],
    ['a statement that is null', [null], 'pol[0]'],
    ['an empty statement', [[]], 'pol[0]'],
    ['an operator that is null', [[null, '.a', 1]], 'pol[0]'],
    ['an operator that is a list', [[['=='], '.a', 1]], 'pol[0]'],
    ['an unknown operator', [['=', '.a', 1]], 'pol[0]'],
    ['"=" twice and once more', [['===', '.a', 1]], 'pol[0]'],
    ['an operator in upper case', [['AND', []]], 'pol[0]'],
    ['an operator with a space', [['== ', '.a', 1]], 'pol[0]'],
    ['"in"', [['in', '.a', [1]]], 'pol[0]'],
    ['"glob"', [['glob', '.a', '*']], 'pol[0]'],
    ['"constructor"', [['constructor', '.a', 1]], 'pol[0]'],
    ['"__proto__"', [['__proto__', '.a', 1]], 'pol[0]'],
    ['"toString"', [['toString']], 'pol[0]'],
    ['"==" of one operand', [['==', '.a']], 'pol[0]'],
    ['"==" of three operands', [['==', '.a', 1, 1]], 'pol[0]'],
    ['"not" of nothing', [['not']], 'pol[0]'],
    ['"not" of two', [['not', ['==', '.a', 1], ['==', '.a', 1]]], 'pol[0]'],
    ['"not" of a list of statements', [['not', [['==', '.a', 1]]]], 'pol[0][1]'],
    ['"and" of nothing', [['and']], 'pol[0]'],
    ['"and" of statements that are not in a list', [['and', ['==', '.a', 1], ['==', '.a', 1]]], 'pol[0]'],
    ['"and" of one statement that is not in a list', [['and', ['==', '.a', 1]]], 'pol[0][1][0]'],
    ['"or" of text', [['or', 'a']], 'pol[0][1]'],
    ['"all" without a statement', [['all', '.a']], 'pol[0]'],
    ['"all" of a list of statements', [['all', '.a', [['==', '.', 1]]]], 'pol[0][2]'],
    ['"any" without a selector', [['any', ['==', '.', 1]]], 'pol[0]'],
    ['"any" with an invalid selector', [['any', 'a', ['==', '.', 1]]], 'pol[0]'],
    ['a selector that is a number', [['==', 1, 1]], 'pol[0]'],
    ['an invalid selector', [['==', 'a', 1]], 'pol[0]'],
    ['a selector of 1025 characters', [['==', `.${'a'.repeat(1024)}`, 1]], 'pol[0]'],
    ['"<" with text', [['<', '.a', '1']], 'pol[0]'],
    ['">=" with null', [['>=', '.a', null]], 'pol[0]'],
    ['"like" with a number', [['like', '.a', 1]], 'pol[0]'],
    ['"like" with bytes', [['like', '.a', Uint8Array.of(42)]], 'pol[0]'],
    [
      'what is wrong deep inside',
      [
        [
          'and',
          [
            ['not', ['==', '.a', 1]],
            ['or', [['?']]],
          ],
        ],
      ],
      'pol[0][1][1][1][0]',
    ],
    ['257 statements', Array(limits.policyStatements + 1).fill(['==', '.a', 1]), 'pol[256]'],
    ['257 statements, nested ones counted', [['and', Array(256).fill(['==', '.a', 1])]], 'pol[0][1][255]'],
    ['17 levels of "not"', nested(limits.policyDepth + 1, 'not'), `pol[0]${'[1]'.repeat(16)}`],
    ['17 levels of "and"', nested(limits.policyDepth + 1, 'and'), `pol[0]${'[1][0]'.repeat(16)}`],
    ['17 levels of "all"', nested(limits.policyDepth + 1, 'all'), `pol[0]${'[2]'.repeat(16)}`],
  ])('%s', async (_, policy, field) => {
    const { details } = await expectCode('malformed_token', () => parse(policy));
    expect(details).toMatchObject({ field });
  });
});

test('an error about a policy holds nothing of what is in the policy', async () => {
  const secret = 'hunter2'.repeat(100);
  for (const policy of [[['==', secret, 1]], [[secret]], [['like', '.a', [secret]]], [['<', '.a', secret]]]) {
    const { message, details } = await expectCode('malformed_token', () => parse(policy));
    expect(JSON.stringify([message, details])).not.toContain('hunter2');
  }
});
