import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DerReader, derTag, encodeDer, encodeDerUnsigned } from '../../src/crypto/der.ts';
import { expectCode } from '../support/codes.ts';
import { fromHex, toHex } from '../support/vectors.ts';

test.each([0, 1, 127, 128, 255, 256, 65_535])('a value of %i bytes is read back', (length) => {
  const contents = new Uint8Array(length).fill(7);
  const reader = new DerReader(encodeDer(derTag.octetString, contents));
  expect(reader.nextIs(derTag.octetString)).toBe(true);
  expect(reader.read(derTag.octetString)).toEqual(contents);
  reader.end();
});

test('a value of more than 65,535 bytes is a mistake of the program', () => {
  expect(() => encodeDer(derTag.octetString, new Uint8Array(65_536))).toThrow(TypeError);
});

test('every number of 32 bits is read back, and has one spelling', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), (value) => {
      const reader = new DerReader(encodeDerUnsigned(value));
      expect(reader.readUnsigned()).toBe(value);
      reader.end();
    }),
  );
});

// X.690, section 8.3, and the examples of its kind.
test.each([
  [0, '020100'],
  [127, '02017f'],
  [128, '02020080'],
  [256, '02020100'],
  [16384, '02024000'],
  [2 ** 32 - 1, '020500ffffffff'],
])('%i is written as %s', (value, hex) => {
  expect(toHex(encodeDerUnsigned(value))).toBe(hex);
});

describe('what is no DER is malformed:', () => {
  test.each([
    ['a negative number', '0201ff', (reader: DerReader) => reader.readUnsigned()],
    ['a number with a zero before it', '0202007f', (reader: DerReader) => reader.readUnsigned()],
    ['a number of no bytes', '0200', (reader: DerReader) => reader.readUnsigned()],
    ['a number of 33 bits', '02050100000000', (reader: DerReader) => reader.readUnsigned()],
    ['a number of 6 bytes', '0206000100000000', (reader: DerReader) => reader.readUnsigned()],
    ['another tag', '0400', (reader: DerReader) => reader.readSequence()],
    ['nothing', '', (reader: DerReader) => reader.readSequence()],
    ['a tag alone', '30', (reader: DerReader) => reader.readSequence()],
    ['an indefinite length', '30800000', (reader: DerReader) => reader.readSequence()],
    ['a length beyond the end', '3001', (reader: DerReader) => reader.readSequence()],
    ['a long length for a short value', '308100', (reader: DerReader) => reader.readSequence()],
    ['a longer length than need be', `30820080${'00'.repeat(128)}`, (reader: DerReader) => reader.readSequence()],
    ['a length of three bytes', `3083000001${'00'}`, (reader: DerReader) => reader.readSequence()],
    ['bits that end within a byte', '03020100', (reader: DerReader) => reader.readBits()],
    ['bits without a byte', '0300', (reader: DerReader) => reader.readBits()],
    ['a value left over', '0500', (reader: DerReader) => reader.end()],
  ])('%s', async (_, hex, read) => {
    await expectCode('malformed_key', () => read(new DerReader(fromHex(hex))));
  });
});
