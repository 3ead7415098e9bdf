import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/bytes.ts';
import { decodeEntryBundle, encodeEntryBundle } from '../../src/log/entry-bundle.ts';
import { expectCode, expectOnlyHanaperErrors } from '../support/codes.ts';
import { countUp, fromHex, toHex } from '../support/vectors.ts';

const entries = [countUp(3, 0xa0), new Uint8Array(0), countUp(258)];
const bundle = encodeEntryBundle(entries);

test('a bundle has each entry behind its length, in two bytes, the greater first', () => {
  expect(toHex(encodeEntryBundle([fromHex('a0a1a2'), new Uint8Array(0)]))).toBe('0003a0a1a20000');
  expect(toHex(bundle.subarray(0, 9))).toBe('0003a0a1a200000102');
  expect(bundle.length).toBe(3 * 2 + 3 + 258);
});

test('any entries are read as they were written', () => {
  const some = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 256 });
  fc.assert(
    fc.property(some, (list) => {
      expect(decodeEntryBundle(encodeEntryBundle(list), list.length).map(toHex)).toEqual(list.map(toHex));
    }),
  );
});

test('an entry can have 65,535 bytes, and a bundle 256 entries', () => {
  const long = new Uint8Array(65_535).fill(7);
  const full = Array.from({ length: 256 }, () => long);
  expect(decodeEntryBundle(encodeEntryBundle(full), 256)).toHaveLength(256);
  expect(() => encodeEntryBundle([new Uint8Array(65_536)])).toThrow(TypeError);
  expect(() => encodeEntryBundle([...full, long])).toThrow(TypeError);
});

describe('a bundle is refused', () => {
  test('that is cut anywhere', async () => {
    for (let length = 0; length < bundle.length; length++) {
      await expectCode('log_tampered', () => decodeEntryBundle(bundle.subarray(0, length), 3));
    }
  });

  test.each([
    ['that has an entry more', concatBytes(bundle, fromHex('000100'))],
    ['that has an empty entry more', concatBytes(bundle, fromHex('0000'))],
    ['that has half a length more', concatBytes(bundle, fromHex('00'))],
    ['that has an entry twice', concatBytes(bundle.subarray(0, 5), bundle)],
    ['of which the first entry is missing', bundle.subarray(5)],
    ['that is longer than any bundle', new Uint8Array(300 * 65_537)],
    ['whose first length reaches over the rest', concatBytes(fromHex('ffff'), bundle.subarray(2))],
  ])('%s', async (_, bytes) => {
    const { details } = await expectCode('log_tampered', () => decodeEntryBundle(bytes, 3));
    expect(details).toMatchObject({ what: 'entry_bundle', width: 3 });
  });
});

test('whatever the bytes are, they are entries or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 1, max: 256 }), (bytes, width) => {
      expectOnlyHanaperErrors(() => {
        const list = decodeEntryBundle(bytes, width);
        expect(toHex(encodeEntryBundle(list))).toBe(toHex(bytes));
        expect(list).toHaveLength(width);
      });
    }),
  );
});
