import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../src/bytes.ts';
import { createSha256, sha256 } from '../../src/crypto/digest.ts';
import { isSha256Hex } from '../../src/crypto/fingerprint.ts';
import { toHex } from '../support/vectors.ts';

// FIPS 180-4, examples.
test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
])('the SHA-256 of %j is the published one', (text, expected) => {
  expect(toHex(sha256(encodeUtf8(text)))).toBe(expected);
});

test('a hash in parts is the hash of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (parts) => {
      const hash = createSha256();
      for (const part of parts) hash.update(part);
      const whole = concatBytes(...parts);
      expect(toHex(hash.digest())).toBe(createHash('sha256').update(whole).digest('hex'));
      expect(toHex(sha256(whole))).toBe(createHash('sha256').update(whole).digest('hex'));
    }),
  );
});

test.each([
  ['a'.repeat(63), false],
  ['a'.repeat(64), true],
  ['A'.repeat(64), false],
  [`${'a'.repeat(64)}\n`, false],
  ['g'.repeat(64), false],
])('%j is a fingerprint: %s', (text, expected) => {
  expect(isSha256Hex(text)).toBe(expected);
});
