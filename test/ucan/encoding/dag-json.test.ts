import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { describe, expect, test } from 'vitest';
import {
  computeCid,
  formatCid,
  fromJsonValue,
  type IpldValue,
  ipldMap,
  isIpldMap,
  parseDagJson,
  toDagJson,
  toJsonValue,
} from '../../../src/ucan/index.ts';
import { expectCode } from '../../support/codes.ts';
import { ipldValues } from '../values.ts';

const cid = computeCid(new Uint8Array(0));

// ipld.io, DAG-JSON specification.
test.each<[string, IpldValue]>([
  ['{"/":{"bytes":""}}', new Uint8Array(0)],
  ['{"/":{"bytes":"AQI"}}', Uint8Array.of(1, 2)],
  ['{"/":{"bytes":"+/8"}}', Uint8Array.of(0xfb, 0xff)],
  [`{"/":"${formatCid(cid)}"}`, cid],
  ['[1,-2,1.5,"a",true,null]', [1, -2, 1.5, 'a', true, null]],
])('%s is read, and written back', (json, value) => {
  expect(parseDagJson(json)).toEqual(value);
  expect(toDagJson(value)).toBe(json);
});

test('what has no key "/" is read back as it was written', () => {
  fc.assert(
    fc.property(ipldValues, (value) => {
      fc.pre(!holdsReserved(value));
      expect(parseDagJson(toDagJson(value))).toEqual(value);
      expect(fromJsonValue(toJsonValue(value))).toEqual(value);
    }),
    { numRuns: 300 },
  );
});

test('a link is read in base32 as well', () => {
  expect(CID.asCID(parseDagJson(`{"/":"${cid.toString()}"}`))?.equals(cid)).toBe(true);
});

test('a key that means something to JavaScript is a key like any other', () => {
  const json = '{"__proto__":1,"constructor":2}';
  const value = parseDagJson(json);
  expect(value).toEqual(
    ipldMap([
      ['__proto__', 1],
      ['constructor', 2],
    ]),
  );
  expect(toDagJson(value)).toBe(json);
});

test('a map that has "/" among other keys is a map', () => {
  expect(parseDagJson('{"/":"x","a":1}')).toEqual(fromJsonValue({ '/': 'x', a: 1 }));
  expect(parseDagJson('{"/":"x","bytes":"x"}')).toEqual(
    ipldMap([
      ['/', 'x'],
      ['bytes', 'x'],
    ]),
  );
});

describe('what is no DAG-JSON is bad input:', () => {
  test.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['a link that is no CID', '{"/":"zdpu"}'],
    ['a link of a file', '{"/":"bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"}'],
    ['a link that is a number', '{"/":1}'],
    ['a link that is null', '{"/":null}'],
    ['a link that is a list', '{"/":[]}'],
    ['bytes beside something else', '{"/":{"bytes":"","a":1}}'],
    ['bytes under another name', '{"/":{"text":""}}'],
    ['bytes that are a number', '{"/":{"bytes":1}}'],
    ['bytes with padding that is wrong', '{"/":{"bytes":"AQI=="}}'],
    ['bytes in base64url', '{"/":{"bytes":"-_8"}}'],
    ['bytes with stray bits', '{"/":{"bytes":"AQJ"}}'],
    ['bytes that are cut', '{"/":{"bytes":"A"}}'],
    ['2^53', '9007199254740992'],
    ['an infinity', '1e999'],
    ['half of a surrogate pair', '"\\ud800"'],
    ['a key with half of a surrogate pair', '{"\\ud800":1}'],
    ['65 levels', '['.repeat(66) + ']'.repeat(66)],
    ['a hundred thousand levels', '['.repeat(100_000) + ']'.repeat(100_000)],
  ])('%s', async (_, json) => {
    await expectCode('bad_input', () => parseDagJson(json));
  });

  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['undefined in a map', { a: undefined }],
    ['a hole in a list', new Array(1)],
    ['a big integer', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['a date', new Date(0)],
    ['a Map', new Map()],
    ['an object of a class', new (class Anything {})()],
    ['not a number', Number.NaN],
    ['what holds itself', cyclic],
    ['what claims to be a link', { asCID: 1, '/': 1n, bytes: 1n }],
  ])('%s', async (_, value) => {
    await expectCode('bad_input', () => fromJsonValue(value));
  });
});

test('bad input names the field', async () => {
  const { details } = await expectCode('bad_input', () => fromJsonValue({ a: [1, { b: undefined }] }));
  expect(details).toMatchObject({ field: '.a[1].b' });
});

function holdsReserved(value: IpldValue): boolean {
  if (Array.isArray(value)) return value.some(holdsReserved);
  return isIpldMap(value) && Object.keys(value).some((key) => key === '/' || holdsReserved(value[key] ?? null));
}
