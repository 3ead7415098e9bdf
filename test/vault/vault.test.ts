import { createHash, verify } from 'node:crypto';
import { encode } from 'cborg';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { seal } from '../../src/crypto/aead.ts';
import { generateSeed, publicKeyOf } from '../../src/crypto/ed25519.ts';
import { hkdfSha256 } from '../../src/crypto/hkdf.ts';
import { encodePublicKeyPem } from '../../src/crypto/key-format.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { encodeEd25519DidKey } from '../../src/did/did-key.ts';
import { sealToDid } from '../../src/did/seal-to-did.ts';
import { type SealedKeyPlace, sealedKeyLength, Vault } from '../../src/vault/index.ts';
import { expectCode } from '../support/codes.ts';
import { countUp, flipBit } from '../support/vectors.ts';

const message = encodeUtf8('a message');
const place: SealedKeyPlace = {
  kind: 'signing-key',
  rowId: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
  organisationId: '017f22e2-79b0-7cc3-98c4-dc0c0c073990',
  fingerprint: createHash('sha256').update('a key').digest('hex'),
};

function unlock(root = countUp(32)): Promise<Vault> {
  return Vault.unlock(Secret.copyOf(root));
}

test('the identity key is derived from the root secret with its own context', async () => {
  using vault = await unlock();
  using root = Secret.copyOf(countUp(32));
  using seed = await hkdfSha256(root, encodeUtf8('hanaper/v1/identity'), 32);
  expect(vault.publicKey).toEqual(await publicKeyOf(seed));
  expect(vault.did).toBe(encodeEd25519DidKey(vault.publicKey));
});

test('what the vault signs is verified by Node with its public key', async () => {
  using vault = await unlock();
  expect(verify(null, message, encodePublicKeyPem(vault.publicKey), await vault.sign(message))).toBe(true);
});

describe('a sealed key', () => {
  test('is exactly 60 bytes, and opens in its place', async () => {
    using vault = await unlock();
    using seed = generateSeed();
    const sealed = await vault.sealKey(seed, place);
    expect(sealed).toHaveLength(60);
    expect(sealedKeyLength).toBe(60);
    using opened = await vault.openKey(sealed, place);
    expect(opened.bytes).toEqual(seed.bytes);
    expect(opened.bytes).not.toBe(seed.bytes);
  });

  test.each<[string, Partial<SealedKeyPlace>]>([
    ['row', { rowId: '017f22e2-79b0-7cc3-98c4-dc0c0c073991' }],
    ['organisation', { organisationId: '017f22e2-79b0-7cc3-98c4-dc0c0c073992' }],
    ['kind', { kind: 'organization-identity' }],
    ['fingerprint', { fingerprint: 'ab'.repeat(32) }],
    ['row, swapped with its organisation', { rowId: place.organisationId, organisationId: place.rowId }],
  ])('moved to another %s does not open', async (_, moved) => {
    using vault = await unlock();
    using seed = generateSeed();
    const sealed = await vault.sealKey(seed, place);
    await expectCode('database_corrupt', () => vault.openKey(sealed, { ...place, ...moved }));
  });

  test('with any bit turned does not open', async () => {
    using vault = await unlock();
    using seed = generateSeed();
    const sealed = await vault.sealKey(seed, place);
    for (let bit = 0; bit < 480; bit++) {
      await expectCode('database_corrupt', () => vault.openKey(flipBit(sealed, bit), place));
    }
  });

  test.each([0, 1, 11, 12, 28, 59, 61, 120])('of %i bytes does not open', async (length) => {
    using vault = await unlock();
    await expectCode('database_corrupt', () => vault.openKey(new Uint8Array(length), place));
  });

  test.each([0, 31, 33])('does not open to %i bytes, though the right key sealed them', async (length) => {
    using vault = await unlock();
    using root = Secret.copyOf(countUp(32));
    using key = await hkdfSha256(root, encodeUtf8('hanaper/v1/key-encryption'), 32);
    const { kind, rowId, organisationId, fingerprint } = place;
    const context = encode(['hanaper/v1/sealed-key', kind, rowId, organisationId, fingerprint]);
    using right = await vault.openKey(await seal(key, countUp(32), context), place);
    expect(right.bytes).toEqual(countUp(32));
    const sealed = await seal(key, countUp(length), context);
    await expectCode('database_corrupt', () => vault.openKey(sealed, place));
  });

  test('does not open in the vault of another root secret', async () => {
    using vault = await unlock();
    using other = await unlock(countUp(32, 1));
    using seed = generateSeed();
    const sealed = await vault.sealKey(seed, place);
    await expectCode('database_corrupt', () => other.openKey(sealed, place));
  });

  test('does not open as a record', async () => {
    using vault = await unlock();
    using seed = generateSeed();
    const sealed = await vault.sealKey(seed, place);
    await expectCode('database_corrupt', () => vault.openRecord(sealed, place.kind, place.rowId));
  });

  test('is a seed of 32 bytes, and nothing else', async () => {
    using vault = await unlock();
    using short = Secret.copyOf(countUp(31));
    await expect(vault.sealKey(short, place)).rejects.toThrow(TypeError);
  });
});

describe('a sealed record', () => {
  test('opens with its context and id', async () => {
    using vault = await unlock();
    const sealed = await vault.sealRecord(message, 'credential', 'one');
    using opened = await vault.openRecord(sealed, 'credential', 'one');
    expect(opened.bytes).toEqual(message);
  });

  test('of no bytes opens', async () => {
    using vault = await unlock();
    using opened = await vault.openRecord(await vault.sealRecord(new Uint8Array(), 'c', 'i'), 'c', 'i');
    expect(opened).toHaveLength(0);
  });

  test.each([
    ['context', 'session', 'one'],
    ['id', 'credential', 'two'],
    ['place where the two run together', 'credentialo', 'ne'],
    ['place where the two are swapped', 'one', 'credential'],
  ])('in another %s does not open', async (_, context, id) => {
    using vault = await unlock();
    const sealed = await vault.sealRecord(message, 'credential', 'one');
    await expectCode('database_corrupt', () => vault.openRecord(sealed, context, id));
  });

  test('that is shorter than a nonce and a tag does not open', async () => {
    using vault = await unlock();
    for (let length = 0; length < 29; length++) {
      await expectCode('database_corrupt', () => vault.openRecord(new Uint8Array(length), 'c', 'i'));
    }
  });

  test('with any bit turned does not open', async () => {
    using vault = await unlock();
    const sealed = await vault.sealRecord(message, 'credential', 'one');
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      await expectCode('database_corrupt', () => vault.openRecord(flipBit(sealed, bit), 'credential', 'one'));
    }
  });
});

describe("what is sealed to the authority's DID", () => {
  const info = encodeUtf8('a purpose');
  const aad = encodeUtf8('an organisation');

  test('opens in its vault, and in one that was unlocked anew', async () => {
    const { did } = await unlock();
    const sealed = await sealToDid(did, message, info, aad);
    using vault = await unlock();
    using opened = await vault.openSealedToIdentity(sealed, info, aad);
    expect(opened?.bytes).toEqual(message);
  });

  test('does not open in the vault of another root secret', async () => {
    using vault = await unlock();
    using other = await unlock(countUp(32, 1));
    const sealed = await sealToDid(vault.did, message, info, aad);
    expect(await other.openSealedToIdentity(sealed, info, aad)).toBeUndefined();
  });

  test('does not open for another purpose, beside other data, or with any bit turned', async () => {
    using vault = await unlock();
    const sealed = await sealToDid(vault.did, message, info, aad);
    expect(await vault.openSealedToIdentity(sealed, aad, info)).toBeUndefined();
    expect(await vault.openSealedToIdentity(sealed, info, info)).toBeUndefined();
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      expect(await vault.openSealedToIdentity(flipBit(sealed, bit), info, aad)).toBeUndefined();
    }
  });
});

describe('a locked vault', () => {
  test('keeps its name, and does nothing else', async () => {
    const vault = await unlock();
    const sealed = await vault.sealRecord(message, 'c', 'i');
    const { did } = vault;
    expect(vault.locked).toBe(false);
    vault.lock();
    vault.lock();
    expect(vault.locked).toBe(true);
    expect(vault.did).toBe(did);
    using seed = generateSeed();
    await expectCode('locked', () => vault.sign(message));
    await expectCode('locked', () => vault.sealKey(seed, place));
    await expectCode('locked', () => vault.openKey(new Uint8Array(60), place));
    await expectCode('locked', () => vault.sealRecord(message, 'c', 'i'));
    await expectCode('locked', () => vault.openRecord(sealed, 'c', 'i'));
    await expectCode('locked', () => vault.openSealedToIdentity(sealed, message, message));
    await expectCode('locked', () => vault.withRootSecret(async () => 'reached'));
  });

  test('has its root secret overwritten, by lock and by the end of its block', async () => {
    const roots = [Secret.copyOf(countUp(32)), Secret.copyOf(countUp(32))] as const;
    const arrays = roots.map((root) => root.bytes);
    (await Vault.unlock(roots[0])).lock();
    {
      using vault = await Vault.unlock(roots[1]);
      expect(vault.locked).toBe(false);
    }
    for (const array of arrays) expect(array).toEqual(new Uint8Array(32));
  });

  test('refuses the root secret with a rejected promise, not at once', async () => {
    const vault = await unlock();
    vault.lock();
    const refused = vault.withRootSecret(async () => 'reached');
    await expectCode('locked', () => refused);
  });
});
