import { describe, expect, test } from 'vitest';
import { publicKeyOfRow } from '../../../src/authority/keys/key-rules.ts';
import type { Ed25519PublicKey } from '../../../src/crypto/ed25519.ts';
import { publicKeyOf } from '../../../src/crypto/ed25519.ts';
import { fingerprintOf } from '../../../src/crypto/fingerprint.ts';
import { Secret } from '../../../src/crypto/secret.ts';
import { expectCode } from '../../support/codes.ts';
import { flipBit } from '../../support/vectors.ts';

async function makePublicKey(byte: number): Promise<Ed25519PublicKey> {
  using seed = Secret.copyOf(new Uint8Array(32).fill(byte));
  return await publicKeyOf(seed);
}

describe('the public key of a row', () => {
  test('is the one of its fingerprint', async () => {
    const publicKey = await makePublicKey(1);
    expect(publicKeyOfRow({ publicKey, keyFingerprint: fingerprintOf(publicKey) })).toBe(publicKey);
  });

  test('is refused where it is the key of another fingerprint', async () => {
    const keyFingerprint = fingerprintOf(await makePublicKey(1));
    const publicKey = await makePublicKey(2);
    const { details } = await expectCode('database_corrupt', () => publicKeyOfRow({ publicKey, keyFingerprint }));
    expect(details).toEqual({ fingerprint: keyFingerprint });
  });

  test('is refused where a bit of it or of its fingerprint was turned, where bytes are missing, and where it is text', async () => {
    const publicKey = await makePublicKey(1);
    const keyFingerprint = fingerprintOf(publicKey);
    const altered = [
      { publicKey: flipBit(publicKey, 0), keyFingerprint },
      { publicKey: publicKey.subarray(1), keyFingerprint },
      { publicKey: new Uint8Array(0), keyFingerprint },
      { publicKey, keyFingerprint: keyFingerprint.toUpperCase() },
      { publicKey, keyFingerprint: '' },
      { publicKey: 'x'.repeat(32) as unknown as Uint8Array, keyFingerprint },
    ];
    for (const row of altered) await expectCode('database_corrupt', () => publicKeyOfRow(row));
  });
});
