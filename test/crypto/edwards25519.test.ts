import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importPublicKey, importPublicKeyToVerify, publicKeyOf, sign, verify } from '../../src/crypto/ed25519.ts';
import { classifyEncoding, classifyPoint } from '../../src/crypto/edwards25519.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { expectCode } from '../support/codes.ts';
import { flipBit, fromHex } from '../support/vectors.ts';

const zeros = '00'.repeat(30);
const ones = 'ff'.repeat(30);

describe('the eight points of small order', () => {
  test.each([
    ['order 1', `01${zeros}00`],
    ['order 2', `ec${ones}7f`],
    ['order 4', `00${zeros}00`],
    ['order 4, x odd', `00${zeros}80`],
    ['order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['order 8, x odd', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
    ['order 8, y negated', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
    ['order 8, y negated, x odd', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'],
  ])('%s is a weak key', async (_, hex) => {
    await expectCode('weak_key', () => importPublicKey(fromHex(hex)));
  });
});

describe('encodings that are not canonical', () => {
  test.each([
    ['1 with the sign of x', `01${zeros}80`],
    ['-1 with the sign of x', `ec${ones}ff`],
    ['p for 0', `ed${ones}7f`],
    ['p for 0 with the sign of x', `ed${ones}ff`],
    ['p + 1 for 1', `ee${ones}7f`],
    ['p + 1 for 1 with the sign of x', `ee${ones}ff`],
    ['p + 3 for 3', `f0${ones}7f`],
    ['the greatest number', `ff${ones}7f`],
    ['all bits set', `ff${ones}ff`],
  ])('%s is malformed', async (_, hex) => {
    const { details } = await expectCode('malformed_key', () => importPublicKey(fromHex(hex)));
    expect(details).toMatchObject({ reason: 'non-canonical' });
  });
});

test.each(['02', '07', '08', '0b'])('y = %s is on no point of the curve', async (low) => {
  const { details } = await expectCode('malformed_key', () => importPublicKey(fromHex(`${low}${zeros}00`)));
  expect(details).toMatchObject({ reason: 'not-on-curve' });
});

test('the base point is a valid point', () => {
  expect(classifyPoint(fromHex(`58${'66'.repeat(31)}`))).toBe('valid');
});

test('the public key of every seed is accepted, and that of either sign of x', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), async (bytes) => {
      using seed = Secret.copyOf(bytes);
      const publicKey = new Uint8Array(await publicKeyOf(seed));
      expect(importPublicKey(publicKey)).toEqual(publicKey);
      publicKey[31] = (publicKey[31] ?? 0) ^ 0x80;
      expect(classifyPoint(publicKey)).toBe('valid');
    }),
    { numRuns: 50 },
  );
});

test('about half of random bytes are on the curve', () => {
  let valid = 0;
  fc.assert(
    fc.property(fc.bigInt({ min: 8n, max: 2n ** 255n - 20n }), (y) => {
      const little = fromHex(y.toString(16).padStart(64, '0')).reverse();
      const kind = classifyPoint(little);
      expect(['valid', 'not-on-curve']).toContain(kind);
      if (kind === 'valid') valid++;
    }),
    { numRuns: 200, seed: 1 },
  );
  expect(valid).toBeGreaterThan(60);
  expect(valid).toBeLessThan(140);
});

describe('what is known of an encoding alone', () => {
  const weakOrWrong = [
    `01${zeros}00`,
    `ec${ones}7f`,
    `00${zeros}00`,
    `00${zeros}80`,
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    `01${zeros}80`,
    `ec${ones}ff`,
    ...Array.from({ length: 19 }, (_, low) => [
      `${(0xed + low).toString(16)}${ones}7f`,
      `${(0xed + low).toString(16)}${ones}ff`,
    ]),
  ].flat();

  test.each(weakOrWrong)('agrees for %s', (hex) => {
    expect(classifyEncoding(fromHex(hex))).toBe(classifyPoint(fromHex(hex)));
    expect(classifyEncoding(fromHex(hex))).not.toBe('valid');
  });

  test('agrees for all bytes, but that it takes what is not on the curve for valid', () => {
    const near = fc.constantFrom(...weakOrWrong.map(fromHex));
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.tuple(near, fc.nat(255)).map(([point, bit]) => flipBit(point, bit)),
    );
    fc.assert(
      fc.property(bytes, (encoded) => {
        const kind = classifyPoint(encoded);
        expect(classifyEncoding(encoded)).toBe(kind === 'not-on-curve' ? 'valid' : kind);
      }),
      { numRuns: 500 },
    );
  });

  test('is enough where the key only verifies: one that is not on the curve verifies nothing', async () => {
    const key = importPublicKeyToVerify(fromHex(`02${zeros}00`));
    using seed = Secret.adopt(fromHex('11'.repeat(32)));
    const message = new Uint8Array(3);
    expect(await verify(key, message, await sign(seed, message))).toBe(false);
    expect(await verify(key, message, fromHex(`01${zeros}00${'00'.repeat(32)}`))).toBe(false);
  });
});
