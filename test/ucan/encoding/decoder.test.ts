import { decode as decodeByCborg } from 'cborg';
import fc from 'fast-check';
import { CID } from 'multiformats/cid';
import { describe, expect, test } from 'vitest';
import { computeCid, decodeDagCbor, encodeDagCbor, ipldMap } from '../../../src/ucan/index.ts';
import { Cbor, float, head, list, text, unsortedMap, write } from '../../support/cbor.ts';
import { expectCode } from '../../support/codes.ts';
import { fromHex, toHex } from '../../support/vectors.ts';
import { ipldValues } from '../values.ts';

const link = `d82a582500${toHex(computeCid(new Uint8Array(0)).bytes)}`;

// RFC 8949, appendix A, as far as it is DAG-CBOR.
describe('a published example', () => {
  test.each<[string, unknown]>([
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['1903e8', 1000],
    ['1a000f4240', 1_000_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['20', -1],
    ['3903e7', -1000],
    ['fb3ff199999999999a', 1.1],
    ['fb7e37e43c8800759c', 1e300],
    ['fbc010666666666666', -4.1],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['40', new Uint8Array(0)],
    ['4401020304', Uint8Array.of(1, 2, 3, 4)],
    ['60', ''],
    ['62225c', '"\\'],
    ['63e6b0b4', '水'],
    ['64f0908591', '𐅑'],
    ['80', []],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    ['a0', {}],
    ['a26161016162820203', { a: 1, b: [2, 3] }],
  ])('%s is read, and written back', (hex, value) => {
    const decoded = decodeDagCbor(fromHex(hex));
    expect(JSON.stringify(decoded)).toBe(JSON.stringify(value));
    expect(toHex(encodeDagCbor(decoded))).toBe(hex);
  });

  test.each([
    ['1b001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['3b001ffffffffffffe', Number.MIN_SAFE_INTEGER],
  ])('the last integer %s is read', (hex, value) => {
    expect(decodeDagCbor(fromHex(hex))).toBe(value);
    expect(toHex(encodeDagCbor(value))).toBe(hex);
  });

  test('a link is read, and written back', () => {
    expect(CID.asCID(decodeDagCbor(fromHex(link)))?.equals(computeCid(new Uint8Array(0)))).toBe(true);
    expect(toHex(encodeDagCbor(decodeDagCbor(fromHex(link))))).toBe(link);
  });
});

test('every value is read back as it was written, and written again to the very same bytes', () => {
  fc.assert(
    fc.property(ipldValues, (value) => {
      const bytes = encodeDagCbor(value);
      const decoded = decodeDagCbor(bytes);
      expect(decoded).toEqual(value);
      expect(toHex(encodeDagCbor(decoded))).toBe(toHex(bytes));
    }),
    { numRuns: 500 },
  );
});

test('what is accepted means what another decoder reads in it', () => {
  const tags = { 42: (content: () => unknown) => CID.decode((content() as Uint8Array).subarray(1)) };
  fc.assert(
    fc.property(ipldValues, (value) => {
      const bytes = encodeDagCbor(value);
      const other: unknown = decodeByCborg(bytes, { useMaps: true, tags, rejectDuplicateMapKeys: true });
      expect(plain(decodeDagCbor(bytes))).toEqual(plain(other));
    }),
    { numRuns: 300 },
  );
});

test('what is accepted of bytes turned at random is written back to the very same bytes', () => {
  const turned = fc.tuple(ipldValues, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
    const bytes = encodeDagCbor(value);
    bytes[at % bytes.length] = byte;
    return bytes;
  });
  fc.assert(
    fc.property(turned, (bytes) => {
      const value = accepted(bytes);
      if (value === undefined || holdsWholeFloat(bytes)) return;
      expect(toHex(encodeDagCbor(value.value))).toBe(toHex(bytes));
    }),
    { numRuns: 1000 },
  );
});

describe('the offset of what is not strict DAG-CBOR is told:', () => {
  test.each<[string, Cbor | string, number]>([
    ['nothing at all', '', 0],
    ['bytes behind the end', '0000', 1],
    [
      'keys that are not sorted by their bytes',
      unsortedMap([
        ['b', 1],
        ['a', 2],
      ]),
      4,
    ],
    [
      'keys that are not sorted by their length first',
      unsortedMap([
        ['aa', 1],
        ['b', 2],
      ]),
      5,
    ],
    [
      'a key twice',
      unsortedMap([
        ['a', 1],
        ['a', 1],
      ]),
      4,
    ],
    [
      'a key twice among longer texts than a few bytes',
      unsortedMap([
        ['é'.repeat(9), 1],
        ['é'.repeat(9), 1],
      ]),
      21,
    ],
    ['a key that is a number', unsortedMap([[1, 1]]), 1],
    ['a key that is bytes', unsortedMap([[Uint8Array.of(97), 1]]), 1],
    ['a list without a length', '9f01ff', 0],
    ['a map without a length', 'bf616101ff', 0],
    ['a text without a length', '7f6161ff', 0],
    ['bytes without a length', '5f4101ff', 0],
    ['a break alone', 'ff', 0],
    ['a reserved length', '1c', 0],
    ['23 in two bytes', '1817', 0],
    ['255 in three bytes', '1900ff', 0],
    ['65535 in five bytes', '1a0000ffff', 0],
    ['2^32 − 1 in nine bytes', '1b00000000ffffffff', 0],
    ['a negative number that is too long', '3817', 0],
    ['the length of a text that is too long', '780161', 0],
    ['the length of a list that is too long', '980100', 0],
    ['the length of a map that is too long', 'b801616101', 0],
    ['the length of bytes that is too long', '580100', 0],
    ['the tag 42 that is too long', `d9002a${link.slice(4)}`, 0],
    ['a float of 16 bits', 'f93c00', 0],
    ['a float of 32 bits', 'fa3f800000', 0],
    ['not a number', 'fb7ff8000000000000', 0],
    ['an infinity', 'fb7ff0000000000000', 0],
    ['the negative infinity', 'fbfff0000000000000', 0],
    ['undefined', 'f7', 0],
    ['a simple value', 'e0', 0],
    ['a simple value of two bytes', 'f8ff', 0],
    ['true as a simple value of two bytes', 'f815', 0],
    ['a date', 'c11a514b67b0', 0],
    ['a big integer', 'c249010000000000000000', 0],
    ['an encoded tag', 'd818456449455446', 0],
    ['2^53', '1b0020000000000000', 0],
    ['−2^53', '3b001fffffffffffff', 0],
    ['2^64 − 1', '1bffffffffffffffff', 0],
    ['text that is not UTF-8', '62c328', 1],
    ['text with half of a surrogate pair', '63eda080', 1],
    ['text with an overlong form', '62c080', 1],
    ['a key that is not UTF-8', 'a162c32801', 2],
    ['a text that ends in the middle', '6261', 1],
    ['bytes that end in the middle', '4201', 1],
    ['a list that ends in the middle', '8201', 2],
    ['a map that ends in the middle', 'a16161', 3],
    ['a number that ends in the middle', '1903', 1],
    ['a float that ends in the middle', 'fb3ff1', 1],
    ['a link that is not bytes', 'd82a6161', 2],
    ['a link without the prefix of a CID', `d82a5824${link.slice(10)}`, 0],
    ['a link of another multibase', `d82a582501${link.slice(10)}`, 0],
    ['a link of no bytes', 'd82a40', 0],
    ['a link with a byte too many', `d82a582600${link.slice(10)}00`, 0],
    ['a link with a byte too few', `d82a582400${link.slice(10, -2)}`, 0],
    ['a link with a varint that is too long', `d82a58260001f10012${link.slice(16)}`, 0],
    ['what is wrong within a list', list([1, new Cbor([0xf7])]), 2],
    ['what is wrong within a map', unsortedMap([['a', new Cbor([0xf7])]]), 3],
  ])('%s', async (_, bytes, offset) => {
    const encoded = typeof bytes === 'string' ? fromHex(bytes) : bytes.bytes;
    const { details } = await expectCode('malformed_token', () => decodeDagCbor(encoded));
    expect(details).toMatchObject({ offset });
  });
});

test('a float that is whole is read as the number, a negative zero too', () => {
  expect(decodeDagCbor(float(1).bytes)).toBe(1);
  expect(decodeDagCbor(float(-0).bytes)).toBe(-0);
});

test('64 levels are read, and 65 are too many', async () => {
  const nested = (levels: number): Uint8Array => fromHex(`${'81'.repeat(levels)}80`);
  expect(decodeDagCbor(nested(64))).toHaveLength(1);
  await expectCode('malformed_token', () => decodeDagCbor(nested(65)));
  await expectCode('malformed_token', () => decodeDagCbor(nested(100_000)));
});

test('a length that is larger than what follows allocates nothing', async () => {
  for (const major of [2, 3, 4, 5]) {
    const bytes = Uint8Array.from(head(major, Number.MAX_SAFE_INTEGER));
    const { details } = await expectCode('malformed_token', () => decodeDagCbor(bytes));
    expect(details).toMatchObject({ offset: 9 });
  }
});

test('the keys of a map mean nothing to JavaScript', () => {
  const entries = [text('toString'), text('__proto__'), text('constructor')].map((key) => [key, 1] as const);
  const decoded = decodeDagCbor(unsortedMap(entries.toSorted(([a], [b]) => a.bytes.length - b.bytes.length)).bytes);
  expect(Object.keys(decoded as object)).toEqual(['toString', '__proto__', 'constructor']);
  expect(Object.getPrototypeOf(decoded)).toBeNull();
});

test('a map that looks like a link of JavaScript stays a map', () => {
  for (const value of ['x', 1, true]) {
    const looksLike = ipldMap([
      ['/', value],
      ['bytes', value],
    ]);
    expect(decodeDagCbor(encodeDagCbor(looksLike))).toEqual(looksLike);
  }
});

test('what is decoded holds no view of the bytes that it came from', () => {
  const bytes = list([Uint8Array.of(1, 2, 3)]).bytes;
  const decoded = decodeDagCbor(bytes);
  bytes.fill(0);
  expect(decoded).toEqual([Uint8Array.of(1, 2, 3)]);
});

test('a view into a larger buffer is read from its own first byte', () => {
  const { bytes } = write(['a', 1.5, 70_000]);
  const larger = new Uint8Array(bytes.length + 9).fill(0xff);
  larger.set(bytes, 5);
  expect(decodeDagCbor(larger.subarray(5, 5 + bytes.length))).toEqual(['a', 1.5, 70_000]);
});

function accepted(bytes: Uint8Array) {
  try {
    return { value: decodeDagCbor(bytes) };
  } catch {
    return undefined;
  }
}

// Some byte of a float's head: rather too often than too seldom.
function holdsWholeFloat(bytes: Uint8Array): boolean {
  return bytes.some((byte, at) => {
    if (byte !== 0xfb || at + 9 > bytes.length) return false;
    return Number.isInteger(new DataView(bytes.buffer, bytes.byteOffset).getFloat64(at + 1));
  });
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof CID) return value.toString();
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return new Map([...value].map(([key, inner]) => [key, plain(inner)]));
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
