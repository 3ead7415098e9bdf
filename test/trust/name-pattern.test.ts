import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesNamePattern } from '../../src/trust/index.ts';

describe('a pattern matches', () => {
  test.each([
    ['plugin.wasm', 'plugin.wasm', true],
    ['plugin.wasm', 'plugin.wasm2', false],
    ['plugin.wasm', 'my-plugin.wasm', false],
    ['plugin.wasm', 'pluginxwasm', false],
    ['*.wasm', 'plugin.wasm', true],
    ['*.wasm', '.wasm', true],
    ['*.wasm', 'dir/plugin.wasm', false],
    ['*/*.wasm', 'dir/plugin.wasm', true],
    ['*', '', true],
    ['*', 'a/b', false],
    ['**', 'a/b', false],
    ['', '', true],
    ['', 'a', false],
    ['a*', 'a', true],
    ['a*b*c', 'aXbYbZc', true],
    ['a*b*c', 'a/b/c', false],
    ['acme-*-1.?', 'acme-x-1.2', false],
    ['acme-*-1.?', 'acme-x-1.?', true],
    ['[ab]', 'a', false],
    ['.*', 'anything', false],
    ['Plugin', 'plugin', false],
  ])('%j: %j is %s', (pattern, name, expected) => {
    expect(matchesNamePattern(pattern, name)).toBe(expected);
  });
});

// By a regular expression, which is only safe since the texts are short.
function matchesSlowly(pattern: string, name: string): boolean {
  const source = pattern.replaceAll(/[^*]/g, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
  return new RegExp(`^${source.replaceAll('*', '[^/]*')}$`, 'u').test(name);
}

test('any pattern matches what its regular expression would', () => {
  const texts = (characters: string, maxLength: number) =>
    fc.string({ unit: fc.constantFrom(...characters), maxLength });
  fc.assert(
    fc.property(texts('ab/*', 8), texts('ab/', 12), (pattern, name) => {
      expect(matchesNamePattern(pattern, name)).toBe(matchesSlowly(pattern, name));
    }),
    { numRuns: 20_000 },
  );
});

test('every name matches itself, and a star put in the place of any part without a slash', () => {
  const names = fc.string({ unit: fc.constantFrom(...'abc.-/'), minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(names, fc.nat(), fc.nat(), (name, start, length) => {
      const from = start % name.length;
      const part = name.slice(from, from + (length % name.length));
      expect(matchesNamePattern(name, name)).toBe(true);
      const pattern = `${name.slice(0, from)}*${name.slice(from + part.length)}`;
      expect(matchesNamePattern(pattern, name)).toBe(!part.includes('/') || matchesSlowly(pattern, name));
    }),
  );
});

/** A text that counts how often a character of it is read. */
function countReads(text: string): { readonly text: string; reads(): number } {
  let count = 0;
  const counted = new Proxy(Object(text), {
    get(target, member) {
      if (member !== 'length') count++;
      return Reflect.get(target, member);
    },
  });
  return { text: counted, reads: () => count };
}

test('the worst pattern reads no more characters than its lengths multiplied', () => {
  const pattern = `${'*a'.repeat(127)}*b`;
  const name = countReads('a'.repeat(1024));
  expect(matchesNamePattern(pattern, name.text)).toBe(false);
  expect(name.reads()).toBeLessThan(4 * pattern.length * 1024);
});
