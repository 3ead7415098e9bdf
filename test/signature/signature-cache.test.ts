import { describe, expect, test } from 'vitest';
import { generateSeed, publicKeyOf, sign } from '../../src/crypto/ed25519.ts';
import { SignatureCache } from '../../src/signature/signature-cache.ts';

const seed = generateSeed();
const key = await publicKeyOf(seed);
const other = await publicKeyOf(generateSeed());
const message = new TextEncoder().encode('what was signed');
const signature = await sign(seed, message);

describe('a cache of valid signatures', () => {
  test('says of a signature the same each time', async () => {
    const cache = new SignatureCache();
    for (let time = 0; time < 3; time++) {
      expect(await cache.verify(key, message, signature)).toBe(true);
      expect(await cache.verify(other, message, signature)).toBe(false);
    }
  });

  test('knows no signature in which one bit differs from one that it knows', async () => {
    const cache = new SignatureCache();
    expect(await cache.verify(key, message, signature)).toBe(true);
    for (let bit = 0; bit < 512; bit += 7) {
      const altered = signature.with(bit >> 3, (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
      expect(await cache.verify(key, message, altered)).toBe(false);
    }
    for (let bit = 0; bit < message.length * 8; bit += 5) {
      const altered = message.with(bit >> 3, (message[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
      expect(await cache.verify(key, altered, signature)).toBe(false);
    }
  });

  test('does not confuse where the signature ends and the message begins', async () => {
    const cache = new SignatureCache();
    expect(await cache.verify(key, message, signature)).toBe(true);
    expect(await cache.verify(key, message.subarray(1), new Uint8Array([...signature, message[0] ?? 0]))).toBe(false);
    expect(await cache.verify(key, new Uint8Array([signature[63] ?? 0, ...message]), signature.subarray(0, 63))).toBe(
      false,
    );
  });

  test('computes anew what had to make room, with the same outcome', async () => {
    const cache = new SignatureCache(2);
    const signed = await Promise.all(
      [1, 2, 3, 4].map(async (byte) => [Uint8Array.of(byte), await sign(seed, Uint8Array.of(byte))] as const),
    );
    for (let time = 0; time < 2; time++) {
      for (const [each, made] of signed) expect(await cache.verify(key, each, made)).toBe(true);
    }
  });
});
