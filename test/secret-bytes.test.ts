import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeHex, encodeUtf8 } from '../src/bytes.ts';
import {
  allocateSecret,
  copySecret,
  decodeSecretHex,
  encodeSecretText,
  joinSecret,
  takeSecret,
} from '../src/secret-bytes.ts';

test('bytes that are allocated for a secret are zeros in a buffer of their own', () => {
  const bytes = allocateSecret(3);
  expect([...bytes]).toEqual([0, 0, 0]);
  expect(bytes.buffer.byteLength).toBe(3);
});

test('what is copied stays, and what is taken is overwritten', () => {
  const source = Uint8Array.of(1, 2, 3);
  expect([...copySecret(source)]).toEqual([1, 2, 3]);
  expect([...takeSecret(source)]).toEqual([1, 2, 3]);
  expect([...source]).toEqual([0, 0, 0]);
});

test('parts are joined in their order, and stay', () => {
  const part = Uint8Array.of(1, 2);
  expect([...joinSecret(part, Uint8Array.of(), Uint8Array.of(3), part)]).toEqual([1, 2, 3, 1, 2]);
  expect([...part]).toEqual([1, 2]);
});

test('text is encoded as UTF-8, with nothing before or behind it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const bytes = encodeSecretText(text);
      expect(bytes.buffer.byteLength).toBe(bytes.length);
      expect(new Uint8Array(bytes)).toEqual(encodeUtf8(text));
    }),
  );
});

test('hexadecimal digits are decoded in one spelling alone', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect([...(decodeSecretHex(encodeUtf8(encodeHex(bytes))) ?? [])]).toEqual([...bytes]);
    }),
  );
  for (const other of ['0', 'AB', '0g', ' 0', '0x', '/0', ':0', '`a']) {
    expect(decodeSecretHex(encodeUtf8(other)), other).toBeUndefined();
  }
});
