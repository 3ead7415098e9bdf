import { setTimeout } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { generateSeed, verify } from '../../src/crypto/ed25519.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { createVault, unlockVault, Vault } from '../../src/vault/index.ts';
import { leastCosts } from '../support/fixtures.ts';
import { countUp } from '../support/vectors.ts';

// A browser's primitives answer later, where Node's answer at once: a key must not be wiped before they have read it.
type Primitive = (...parameters: readonly unknown[]) => Promise<unknown>;

async function slow<Primitives extends object>(original: () => Promise<Primitives>): Promise<Primitives> {
  const delayed = Object.entries(await original()).map(([name, primitive]: [string, Primitive]) => [
    name,
    async (...parameters: readonly unknown[]) => {
      await setTimeout(1);
      return primitive(...parameters);
    },
  ]);
  return Object.fromEntries(delayed);
}

vi.mock('#crypto/aead', slow);
vi.mock('#crypto/ed25519', slow);
vi.mock('#crypto/hkdf', slow);

const place = { kind: 'signing-key', rowId: 'a', organisationId: 'b', fingerprint: 'c' } as const;
const message = encodeUtf8('a message');

test('the vault signs with its key', async () => {
  using vault = await Vault.unlock(Secret.copyOf(countUp(32)));
  expect(await verify(vault.publicKey, message, await vault.sign(message))).toBe(true);
});

test('the vault opens the key that it sealed', async () => {
  using vault = await Vault.unlock(Secret.copyOf(countUp(32)));
  using seed = generateSeed();
  using opened = await vault.openKey(await vault.sealKey(seed, place), place);
  expect(opened.bytes).toEqual(seed.bytes);
});

test('records are sealed under a key of their own, not under zeros', async () => {
  using vault = await Vault.unlock(Secret.copyOf(countUp(32)));
  using other = await Vault.unlock(Secret.copyOf(countUp(32, 1)));
  const sealed = await vault.sealRecord(message, 'c', 'i');
  using opened = await vault.openRecord(sealed, 'c', 'i');
  expect(opened.bytes).toEqual(message);
  await expect(other.openRecord(sealed, 'c', 'i')).rejects.toThrow();
});

test('a slot opens', async () => {
  using key = Secret.copyOf(countUp(32));
  const credential = { kind: 'raw', key } as const;
  const plan = { id: 'slot', createdAt: '2026-01-01T00:00:00.000Z', credential, costs: leastCosts };
  const { vault, authority, slot } = await createVault(plan, 'raw');
  const identity = { did: vault.did, publicKey: vault.publicKey };
  vault.lock();
  using opened = (await unlockVault(identity, [slot], credential)).vault;
  expect(opened.publicKey).toEqual(authority.masterPublicKey);
});
