import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { generatePrivateKey, PrivateKey, publicKeyOfPrivate, signWithKey } from '../../src/did/private-key.ts';
import { type SigningKeyType, verifyWithKey } from '../../src/did/public-key.ts';
import { expectCode } from '../support/codes.ts';

const types: readonly SigningKeyType[] = ['ed25519', 'p256', 'secp256k1'];
const message = encodeUtf8('a message');

describe.each(types)('a private key of %s', (type) => {
  test('signs what its public key verifies, and no other key does', async () => {
    using key = await generatePrivateKey(type);
    const signature = await signWithKey(key, message);
    expect(signature).toHaveLength(64);
    expect(await verifyWithKey(await publicKeyOfPrivate(key), message, signature)).toBe(true);
    for (const other of types) {
      using another = await generatePrivateKey(other);
      expect(await verifyWithKey(await publicKeyOfPrivate(another), message, signature)).toBe(false);
    }
  });

  test('is wiped when its block ends', async () => {
    let bytes: Uint8Array;
    {
      using key = await generatePrivateKey(type);
      bytes = key.secret.bytes;
      expect(bytes.some((byte) => byte !== 0)).toBe(true);
    }
    expect(bytes.every((byte) => byte === 0)).toBe(true);
  });

  test('shows no byte of itself as text', async () => {
    using secret = Secret.adopt(new Uint8Array(32).fill(0xa7));
    using key = new PrivateKey(type, secret);
    const texts = [String(key), JSON.stringify(key), JSON.stringify({ key })];
    for (const text of texts) expect(text).not.toMatch(/167|a7/);
  });

  test.each([0, 31, 33, 64])('of %i bytes is a mistake of the program', (length) => {
    using secret = Secret.adopt(new Uint8Array(length));
    expect(() => new PrivateKey(type, secret)).toThrow(TypeError);
  });
});

test.each(['p256', 'secp256k1'] as const)('a scalar outside of %s neither signs nor has a public key', async (type) => {
  for (const value of [0, 0xff]) {
    using key = new PrivateKey(type, Secret.adopt(new Uint8Array(32).fill(value)));
    await expectCode('malformed_key', () => publicKeyOfPrivate(key));
    await expectCode('malformed_key', () => signWithKey(key, message));
  }
});
