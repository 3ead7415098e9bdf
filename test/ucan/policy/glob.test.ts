import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesGlob, parseGlob } from '../../../src/ucan/policy/glob.ts';

const like = (text: string, pattern: string): boolean => matchesGlob(text, parseGlob(pattern));

describe('a text is like a pattern:', () => {
  test.each([
    ['', ''],
    ['', '*'],
    ['', '***'],
    ['a', 'a'],
    ['abc', '*'],
    ['abc', 'a*'],
    ['abc', '*c'],
    ['abc', 'a*c'],
    ['abc', 'abc*'],
    ['abc', '*abc'],
    ['abc', 'a*b*c'],
    ['abab', '*ab'],
    ['aab', '*ab'],
    ['abcabd', '*abd'],
    ['a*c', 'a\\*c'],
    ['*', '\\*'],
    ['**', '\\**'],
    ['a\\b', 'a\\b'],
    ['\\', '\\'],
    ['\\*', '\\\\*'],
    ['one\ntwo', 'one*two'],
    ['a\r\n\u2028b', 'a*b'],
    ['.+?[x]', '.+?[x]'],
    ['𝒳y', '*y'],
    ['alice@example.com', '*@example.com'],
  ])('%j and %j', (text, pattern) => {
    expect(like(text, pattern)).toBe(true);
  });
});

describe('a text is not like a pattern:', () => {
  test.each([
    ['', 'a'],
    ['a', ''],
    ['abc', 'ab'],
    ['abc', 'bc'],
    ['abc', 'A*'],
    ['abc', 'a?c'],
    ['abc', 'a.c'],
    ['abc', 'a%'],
    ['abc', 'a_c'],
    ['abc', '[a]bc'],
    ['aba', 'ab*ba'],
    ['a', 'a*a'],
    ['axc', 'a\\*c'],
    ['a\\xc', 'a\\*c'],
    ['alice@example.com.evil', '*@example.com'],
    // The same letter, composed and not: nothing is normalized.
    ['\u00e9', 'e\u0301'],
  ])('%j and %j', (text, pattern) => {
    expect(like(text, pattern)).toBe(false);
  });
});

test('it is what a naive matcher says', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '\\'), maxLength: 10 });
  fc.assert(
    fc.property(text, text, (subject, pattern) => {
      expect(like(subject, pattern)).toBe(isLikeNaively([...subject], tokensOf(pattern)));
    }),
    { numRuns: 5000 },
  );
});

test('a pattern made from a text by putting stars into it is always matched', () => {
  const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\n') }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(pieces, fc.string({ unit: 'binary' }), (parts, between) => {
      expect(like(parts.join(between), parts.join('*'))).toBe(true);
    }),
  );
});

describe('ten times the length costs about ten times the time:', () => {
  test.each<[string, (length: number) => [string, string]]>([
    ['a long piece that almost is there, again and again', (n) => ['a'.repeat(n), `*${'a'.repeat(n / 2)}b*`]],
    ['many pieces', (n) => ['a'.repeat(n), `${'*a'.repeat(n / 2)}b`]],
    ['many pieces of which the last is not there', (n) => ['ab'.repeat(n / 2), `${'*ab'.repeat(n / 4)}*c*`]],
    ['stars alone', (n) => ['a'.repeat(n), `${'*'.repeat(n)}b`]],
    ['a piece that repeats itself', (n) => ['aab'.repeat(n / 3), `*${'aab'.repeat(n / 6)}aac*`]],
  ])('%s', (_, make) => {
    const [short, long] = [make(20_000), make(200_000)];
    timeOf(short);
    expect(timeOf(long)).toBeLessThan(60 * Math.max(timeOf(short), 0.5));
  });
});

// Of the processor, in milliseconds, and the best of some runs: what else runs on the machine only ever adds.
function timeOf([text, pattern]: [string, string]): number {
  const times = Array.from({ length: 5 }, () => {
    const start = process.cpuUsage();
    like(text, pattern);
    return process.cpuUsage(start).user / 1000;
  });
  return Math.min(...times);
}

type Token = { star: true } | { star: false; character: string };

function tokensOf(pattern: string): Token[] {
  return (pattern.match(/\\\*|[\s\S]/g) ?? []).map((token) =>
    token === '*' ? { star: true } : { star: false, character: token === '\\*' ? '*' : token },
  );
}

function isLikeNaively(text: readonly string[], [token, ...others]: readonly Token[]): boolean {
  if (token === undefined) return text.length === 0;
  if (!token.star) return text[0] === token.character && isLikeNaively(text.slice(1), others);
  for (let i = 0; i <= text.length; i++) if (isLikeNaively(text.slice(i), others)) return true;
  return false;
}
