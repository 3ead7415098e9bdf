import { beforeEach, describe, expect, test, vi } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { Secret } from '../../src/crypto/secret.ts';
import {
  addSlot,
  type Credential,
  checkAuthority,
  createVault,
  type KeySlot,
  unlockVault,
} from '../../src/vault/index.ts';
import { encodeSlot } from '../../src/vault/slot.ts';
import { expectCode } from '../support/codes.ts';
import { leastCosts } from '../support/fixtures.ts';
import { countUp, flipBit } from '../support/vectors.ts';

const derivations = vi.hoisted(() => ({ count: 0 }));

vi.mock('#crypto/argon2', async (original) => {
  const { deriveArgon2id } = await original<typeof import('../../src/crypto/node/argon2.ts')>();
  return {
    deriveArgon2id: (...parameters: Parameters<typeof deriveArgon2id>) => {
      derivations.count++;
      return deriveArgon2id(...parameters);
    },
  };
});

const credential: Credential = { kind: 'passphrase', passphrase: Secret.copyOf(encodeUtf8('right')) };
const rawCredential: Credential = { kind: 'raw', key: Secret.copyOf(countUp(32)) };
const plan = { id: 'slot-1', createdAt: '2026-03-01T12:00:00.000Z', credential, costs: leastCosts };

const { authority, slot, vault } = await createVault(plan, 'passphrase');
const second = await addSlot(vault, { ...plan, id: 'slot-2' });
const rawSlot = await addSlot(vault, { ...plan, id: 'slot-3', credential: rawCredential });
const derived = await createVault(plan, 'derived');
const stranger = await createVault(plan, 'passphrase');
const identity = await checkAuthority(authority);

beforeEach(() => {
  derivations.count = 0;
});

async function expectDamaged(damaged: KeySlot, given: Credential = credential): Promise<void> {
  await expectCode('slot_damaged', () => unlockVault(identity, [damaged], given));
  expect(derivations.count).toBe(0);
}

test('a slot that is whole costs one derivation', async () => {
  await unlockVault(identity, [slot], credential);
  expect(derivations.count).toBe(1);
});

describe('a slot is damaged, and nothing is derived,', () => {
  test.each<[string, Partial<KeySlot>]>([
    ['with another id', { id: 'slot-9' }],
    ['with less memory', { costs: { ...leastCosts, memoryKib: leastCosts.memoryKib - 1 } }],
    ['with more memory, within bounds', { costs: { ...leastCosts, memoryKib: leastCosts.memoryKib + 1 } }],
    ['with more memory than is allowed', { costs: { ...leastCosts, memoryKib: 2 ** 30 } }],
    ['with one pass', { costs: { ...leastCosts, passes: 1 } }],
    ['with a pass more', { costs: { ...leastCosts, passes: 3 } }],
    ['with endless passes', { costs: { ...leastCosts, passes: 2 ** 31 } }],
    ['with no lanes', { costs: { ...leastCosts, lanes: 0 } }],
    ['with a lane more', { costs: { ...leastCosts, lanes: 2 } }],
    ['with a fraction of a pass', { costs: { ...leastCosts, passes: 2.5 } }],
    ['with costs that are no numbers', { costs: { memoryKib: Number.NaN, passes: 2, lanes: 1 } }],
    ['without costs', { costs: null }],
    ['with another salt', { salt: flipBit(slot.salt, 3) }],
    ['with a cut salt', { salt: slot.salt.subarray(0, 15) }],
    ['with no salt', { salt: new Uint8Array() }],
    ['with a salt of 65 bytes', { salt: new Uint8Array(65) }],
    ['with a wrapped secret of 59 bytes', { wrappedRootSecret: slot.wrappedRootSecret?.subarray(0, 59) ?? null }],
    ['with a wrapped secret of 61 bytes', { wrappedRootSecret: new Uint8Array(61) }],
    ['with no bytes wrapped', { wrappedRootSecret: new Uint8Array() }],
    ['without a wrapped secret', { wrappedRootSecret: null }],
    ['with the wrapped secret of another slot', { wrappedRootSecret: second.wrappedRootSecret }],
    ['with the salt of another slot', { salt: second.salt }],
    ['with the signature of another slot', { signature: second.signature }],
    ['with a cut signature', { signature: slot.signature.subarray(0, 63) }],
    ['with no signature', { signature: new Uint8Array() }],
    ['with another time', { createdAt: '2026-03-01T12:00:00.001Z' }],
    ['said to be derived', { kind: 'derived' }],
    ['said to be derived, and its wrapped secret dropped', { kind: 'derived', wrappedRootSecret: null }],
  ])('%s', async (_, changes) => {
    await expectDamaged({ ...slot, ...changes });
  });

  test('with any bit of its wrapped secret turned', async () => {
    const wrapped = slot.wrappedRootSecret ?? new Uint8Array();
    expect(wrapped).toHaveLength(60);
    for (let bit = 0; bit < 480; bit += 3) await expectDamaged({ ...slot, wrappedRootSecret: flipBit(wrapped, bit) });
  });

  test('where another authority signed it', async () => {
    await expectDamaged(stranger.slot);
    await expectDamaged(derived.slot);
  });

  test('where it takes a raw key and was given costs, or another salt', async () => {
    await expectDamaged({ ...rawSlot, costs: leastCosts }, rawCredential);
    await expectDamaged({ ...rawSlot, salt: flipBit(rawSlot.salt, 0) }, rawCredential);
    await expectDamaged({ ...rawSlot, wrappedRootSecret: null }, rawCredential);
    await expectDamaged({ ...slot, kind: 'raw', costs: null }, rawCredential);
  });
});

describe('a slot is out of bounds, though the authority signed it,', () => {
  test.each<[string, Partial<KeySlot>]>([
    ['with less memory than the floor', { costs: { ...leastCosts, memoryKib: 8 } }],
    ['with more memory than the ceiling', { costs: { ...leastCosts, memoryKib: 2 ** 21 } }],
    ['with one pass', { costs: { ...leastCosts, passes: 1 } }],
    ['with seventeen lanes', { costs: { ...leastCosts, lanes: 17 } }],
    ['with a salt of 15 bytes', { salt: new Uint8Array(15) }],
    ['with a salt of 65 bytes', { salt: new Uint8Array(65) }],
    ['with a wrapped secret of 59 bytes', { wrappedRootSecret: new Uint8Array(59) }],
    ['without costs', { costs: null }],
    ['with a secret wrapped in a derived slot', { kind: 'derived' }],
  ])('%s', async (_, changes) => {
    const changed = { ...slot, ...changes };
    await expectDamaged({ ...changed, signature: await vault.sign(encodeSlot(changed, vault.did)) });
  });
});

test('a slot that is not for the credential is not looked at', async () => {
  const damaged = { ...slot, signature: new Uint8Array(64) };
  const opened = await unlockVault(identity, [damaged, rawSlot], rawCredential);
  expect(opened.slot).toBe(rawSlot);
  expect(derivations.count).toBe(0);
});

test('a derived slot of one authority does not open another, though its own signature holds', async () => {
  const theirs = await checkAuthority(derived.authority);
  await expectCode('slot_damaged', () => unlockVault({ ...theirs, did: identity.did }, [derived.slot], credential));
  expect(derivations.count).toBe(0);
});
