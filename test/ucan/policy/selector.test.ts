import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { computeCid, type IpldValue, ipldMap, toIpld } from '../../../src/ucan/index.ts';
import { equalValues, type Missing, parseSelector, select } from '../../../src/ucan/policy/selector.ts';
import { ipldMaps, ipldValues, keys } from '../values.ts';

const args = toIpld({
  name: 'plugin.wasm',
  list: [1, 2, 3, { a: 'b' }],
  map: { one: 1, two: [2] },
  bytes: Uint8Array.of(10, 20, 30),
  text: 'a𝒳é!',
  'a key': { "it's": 'here' },
  '': 'empty',
  'say "hi"\\': 'quoted',
  '*': 'star',
  nothing: null,
  no: false,
  zero: 0,
});

function find(selector: string, value: IpldValue = args, missing: Missing = 'refuse'): IpldValue | undefined {
  const steps = parseSelector(selector);
  if (steps === undefined) throw new TypeError(`${selector} is no selector`);
  return select(value, steps, { missing });
}

test('a key that a map lacks selects null, or nothing where that is to be refused', () => {
  expect(['null', 'refuse'].map((missing) => find('.missing', args, missing as Missing))).toEqual([null, undefined]);
  expect(find('.missing.further', args, 'null')).toBeUndefined();
});

describe('a selector finds', () => {
  test.each<[string, unknown]>([
    ['.', args],
    ['.name', 'plugin.wasm'],
    ['.["name"]', 'plugin.wasm'],

    ['.["a key"]', { "it's": 'here' }],
    ['.["a key"]["it\'s"]', 'here'],
    ['.["a key"].["it\'s"]', 'here'],
    ['.[""]', 'empty'],
    ['.["say \\"hi\\"\\\\"]', 'quoted'],
    ['.["n\\u0061me"]', 'plugin.wasm'],
    ['.["*"]', 'star'],
    ['.list[0]', 1],
    ['.list[-1]', { a: 'b' }],
    ['.list[3].a', 'b'],
    ['.list[-1]["a"]', 'b'],
    ['.list.[0]', 1],
    ['.list[]', [1, 2, 3, { a: 'b' }]],
    ['.list[1:3]', [2, 3]],
    ['.list[1:]', [2, 3, { a: 'b' }]],
    ['.list[:1]', [1]],
    ['.list[-2:-1]', [3]],
    ['.list[2:1]', []],
    ['.list[9:]', []],
    ['.list[0:99]', [1, 2, 3, { a: 'b' }]],
    ['.map[]', [1, [2]]],
    ['.map.two[0]', 2],
    ['.bytes[1]', 20],
    ['.bytes[-1]', 30],
    ['.bytes[1:]', Uint8Array.of(20, 30)],
    ['.text[1:3]', '𝒳é'],
    ['.text[-1:]', '!'],
    ['.nothing', null],
    ['.no', false],
    ['.zero', 0],
    ['.name?', 'plugin.wasm'],
    ['.missing?', null],
    ['.missing??', null],
    ['.missing?.further?', null],
    ['.missing?[0]?', null],
    ['.list[9]?', null],
    ['.name[]?', null],
    ['.name.inner?', null],
  ])('%s', (selector, expected) => {
    expect(find(selector)).toEqual(toIpld(expected));
  });
});

describe('a selector that is not optional finds nothing where there is nothing:', () => {
  test.each([
    '.missing',
    '.missing?.further',
    '.list[4]',
    '.list[-5]',
    '.list["0"]',
    '.list.length',
    '.name.length',
    '.name[0]',
    '.name[]',
    '.map[0]',
    '.map[0:1]',
    '.bytes[3]',
    '.bytes[]',
    '.bytes.length',
    '.nothing.a',
    '.nothing[]',
    '.no.a',
    '.zero[0]',
    '.zero[0:1]',
    '.NAME',
  ])('%s', (selector) => {
    expect(find(selector)).toBeUndefined();
  });
});

describe('no selector is', () => {
  test.each([
    '',
    ' ',
    'name',
    '$.name',
    '["name"]',
    '[0]',
    '..',
    '..name',
    '.name.',
    '.name..inner',
    '.?',
    '?',
    '.name ?',
    '.na me',
    ' .name',
    '.name ',
    '.name\n',
    '.0',
    '.1a',
    '.a-b',
    '.é',
    '.*',
    '.list[*]',
    '.list[',
    '.list]',
    '.list[0',
    '.list[a]',
    '.list[+1]',
    '.list[1.5]',
    '.list[1e3]',
    '.list[0x1]',
    '.list[ 0]',
    '.list[--1]',
    '.list[-]',
    '.list[:]',
    '.list[-:1]',
    '.list[1:-]',
    '.list[1:2:3]',
    '.list[1,2]',
    '.list[99999999999999999]',
    ".['name']",
    '.["name]',
    '.[name]',
    '.["a"b"]',
    '.["\\x"]',
    '.["\\ud800"]',
    '.["a\nb"]',
    '.["a\tb"]',
    '.["a"',
    '.["a\\"]',
    '.name|.list',
    '.name,.list',
    `.${'a'.repeat(1024)}`,
  ])('%j', (text) => {
    expect(parseSelector(text)).toBeUndefined();
  });
});

test('any key at all is found by its name in quotes', () => {
  fc.assert(
    fc.property(keys, ipldValues, (key, value) => {
      expect(find(`.[${JSON.stringify(key)}]`, ipldMap([[key, value]]))).toEqual(value);
    }),
  );
});

describe('nothing that JavaScript gives to every object is reachable:', () => {
  const names = [
    'constructor',
    '__proto__',
    'prototype',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '__defineGetter__',
    'length',
    'byteLength',
    'buffer',
    'multihash',
    'asCID',
    'at',
  ];

  test.each(names)('%s', (name) => {
    const values = [args, toIpld([]), toIpld('text'), toIpld(1), Uint8Array.of(1), computeCid(Uint8Array.of(1)), true];
    for (const value of values) {
      expect(find(`.${name}`, value)).toBeUndefined();
      expect(find(`.["${name}"]`, value)).toBeUndefined();
      expect(find(`.["${name}"]?`, value)).toBeNull();
    }
  });

  test('a key of that name is a key', () => {
    for (const name of names) expect(find(`.${name}`, ipldMap([[name, 1]]))).toBe(1);
  });
});

test('the values of a map come in the order that its keys have in a token', () => {
  const map = ipldMap([
    ['bb', 4],
    ['10', 3],
    ['b', 2],
    ['2', 0],
    ['a', 1],
  ]);
  expect(find('.[]', map)).toEqual([0, 1, 2, 3, 4]);
});

test('every value is equal to its copy, whatever the order of its keys', () => {
  fc.assert(
    fc.property(ipldMaps, (map) => {
      const reversed = ipldMap(Object.entries(structuredCloneOf(map)).toReversed());
      expect(equalValues(map, reversed)).toBe(true);
    }),
  );
});

describe('two values are not equal:', () => {
  test.each<[string, unknown, unknown]>([
    ['a number and its text', 1, '1'],
    ['zero and false', 0, false],
    ['nothing and an empty list', null, []],
    ['an empty list and an empty map', [], {}],
    ['a list and a map of the same values', ['a'], { 0: 'a' }],
    ['text and its bytes', 'a', Uint8Array.of(97)],
    ['bytes and a list of the same numbers', Uint8Array.of(1), [1]],
    ['a link and its text', computeCid(Uint8Array.of(1)), computeCid(Uint8Array.of(1)).toString()],
    ['a link and its bytes', computeCid(Uint8Array.of(1)), computeCid(Uint8Array.of(1)).bytes],
    ['two links', computeCid(Uint8Array.of(1)), computeCid(Uint8Array.of(2))],
    ['lists of which one is longer', [1], [1, 2]],
    ['lists in another order', [1, 2], [2, 1]],
    ['maps of which one has more', { a: 1 }, { a: 1, b: 2 }],
    ['maps with other keys', { a: 1 }, { b: 1 }],
    ['a map without a key and one with null under it', {}, { a: null }],
    ['maps with other keys, one null', { a: null }, { b: null }],
    ['the same letter, composed and not', '\u00e9', 'e\u0301'],
    ['upper and lower case', 'a', 'A'],
  ])('%s', (_, left, right) => {
    expect(equalValues(toIpld(left), toIpld(right))).toBe(false);
    expect(equalValues(toIpld(right), toIpld(left))).toBe(false);
  });
});

test('numbers are equal by value: 1 and 1.0, 0 and −0', () => {
  expect(equalValues(1, 1.0)).toBe(true);
  expect(equalValues(0, -0)).toBe(true);
  expect(equalValues([0], [-0])).toBe(true);
});

function structuredCloneOf(map: Readonly<Record<string, IpldValue>>): Record<string, IpldValue> {
  const copy: unknown = toIpld(map);
  return copy as Record<string, IpldValue>;
}
