import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasRepeatedMember } from '../src/repeated-member.ts';

const inspect = (text: string) => hasRepeatedMember(text, JSON.parse(text));

describe('a member stands twice', () => {
  test.each([
    ['{"a":1,"a":1}'],
    ['{"a":1,"\\u0061":2}'],
    ['{"":1,"":2}'],
    ['{"__proto__":1,"__proto__":2}'],
    ['[{"b":{"a":1,"c":[],"a":2}}]'],
    ['{"a":{"b":1},"a":2}'],
    ['{"a":2,"a":{"b":1,"c":[{"d":1}]}}'],
    ['{ "a\\"" : ":" ,\n"a\\"" : "\\\\" }'],
  ])('in %s', (text) => {
    expect(inspect(text)).toBe(true);
  });
});

describe('no member stands twice', () => {
  test.each([
    ['7'],
    ['null'],
    ['":"'],
    ['{}'],
    ['{"a":{"a":{"a":[{"a":1},{"a":1}]}}}'],
    ['{"a:b":"{\\"a\\":1,\\"a\\":2}","\\\\":":\\\\"}'],
    ['{"a":1,"A":1,"__proto__":{"constructor":1}}'],
  ])('in %s', (text) => {
    expect(inspect(text)).toBe(false);
  });

  test('in what any value is written as', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        expect(inspect(JSON.stringify(value, null, indent))).toBe(false);
      }),
    );
  });
});

test('whatever member of whatever object is written again, it is found', () => {
  const members = fc.array(fc.tuple(fc.string(), fc.jsonValue()), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(members, fc.nat(), fc.jsonValue(), (written, which, value) => {
      const [name] = written[which % written.length] ?? [''];
      const texts = [...written, [name, value]].map((member) => member.map((part) => JSON.stringify(part)).join(':'));
      expect(inspect(`[{"in":{${texts.join()}}}]`)).toBe(true);
    }),
  );
});

test('a text that is as deep as it is long costs no stack', () => {
  const depth = 500_000;
  const text = '['.repeat(depth) + ']'.repeat(depth);
  let value: unknown = [];
  for (let level = 1; level < depth; level++) value = [value];
  expect(hasRepeatedMember(text, value)).toBe(false);
});
