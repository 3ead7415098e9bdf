import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { randomBytes } from '../../src/crypto/random.ts';
import { Secret } from '../../src/crypto/secret.ts';
import {
  addSlot,
  type Credential,
  checkAuthority,
  createVault,
  type SlotKind,
  type SlotPlan,
  unlockVault,
} from '../../src/vault/index.ts';
import { expectCode } from '../support/codes.ts';
import { leastCosts } from '../support/fixtures.ts';
import { countUp } from '../support/vectors.ts';

const createdAt = '2026-03-01T12:00:00.000Z';

function passphrase(text: string): Credential {
  return { kind: 'passphrase', passphrase: Secret.copyOf(encodeUtf8(text)) };
}

function raw(key: Uint8Array): Credential {
  return { kind: 'raw', key: Secret.copyOf(key) };
}

function plan(credential: Credential, id = 'slot-1'): SlotPlan {
  return { id, createdAt, credential, costs: leastCosts };
}

const credentials: Record<SlotKind, readonly [Credential, Credential]> = {
  passphrase: [passphrase('right'), passphrase('wrong')],
  derived: [passphrase('right'), passphrase('wrong')],
  raw: [raw(countUp(32)), raw(countUp(32, 1))],
};
const kinds = ['passphrase', 'raw', 'derived'] as const;

describe.each(kinds)('a vault that was made with a slot of kind %s', async (kind) => {
  const [right, wrong] = credentials[kind];
  const { vault, authority, slot } = await createVault(plan(right), kind);
  const identity = await checkAuthority(authority);

  test('opens with its credential, and has the same identity', async () => {
    const opened = await unlockVault(identity, [slot], right);
    expect(opened.slot).toBe(slot);
    expect(opened.vault.did).toBe(vault.did);
    expect(identity.did).toBe(vault.did);
    const sealed = await vault.sealRecord(countUp(5), 'c', 'i');
    using record = await opened.vault.openRecord(sealed, 'c', 'i');
    expect(record.bytes).toEqual(countUp(5));
    opened.vault.lock();
  });

  test('does not open with another credential of that kind', async () => {
    await expectCode('wrong_passphrase', () => unlockVault(identity, [slot], wrong));
  });

  test('does not open with a credential of the other kind', async () => {
    const other = kind === 'raw' ? passphrase('right') : raw(countUp(32));
    await expectCode('wrong_passphrase', () => unlockVault(identity, [slot], other));
  });

  test('does not open without a slot', async () => {
    await expectCode('wrong_passphrase', () => unlockVault(identity, [], right));
  });

  test('opens with a passphrase that was added later, and still with the first credential', async () => {
    const added = await addSlot(vault, plan(passphrase('added'), 'slot-2'));
    expect((await unlockVault(identity, [slot, added], passphrase('added'))).slot).toBe(added);
    expect((await unlockVault(identity, [added, slot], right)).slot).toBe(slot);
    await expectCode('wrong_passphrase', () => unlockVault(identity, [added], right));
  });

  test('keeps its own kind, costs and a salt of 16 bytes in the slot', () => {
    expect(slot).toMatchObject({ kind, costs: kind === 'raw' ? null : leastCosts, createdAt, id: 'slot-1' });
    expect(slot.salt).toHaveLength(16);
    if (kind === 'derived') expect(slot.wrappedRootSecret).toBeNull();
    else expect(slot.wrappedRootSecret).toHaveLength(60);
    expect(authority).toMatchObject({ version: 2, algorithm: 'ed25519', derivationMethod: kind, createdAt });
  });
});

test('two vaults of one passphrase have different salts and identities', async () => {
  const one = await createVault(plan(passphrase('same')), 'derived');
  const two = await createVault(plan(passphrase('same')), 'derived');
  expect(one.slot.salt).not.toEqual(two.slot.salt);
  expect(one.vault.did).not.toBe(two.vault.did);
});

test('a wrong passphrase leaves the credential usable', async () => {
  const { authority, slot } = await createVault(plan(passphrase('right')), 'passphrase');
  const wrong = passphrase('wrong');
  const identity = await checkAuthority(authority);
  await expectCode('wrong_passphrase', () => unlockVault(identity, [slot], wrong));
  await expectCode('wrong_passphrase', () => unlockVault(identity, [slot], wrong));
});

describe('a vault is not made', () => {
  test.each(kinds)('of kind %s with a credential of the other kind', async (kind) => {
    const credential = kind === 'raw' ? passphrase('right') : raw(randomBytes(32));
    await expectCode('bad_input', () => createVault(plan(credential), kind));
  });

  test.each([0, 1, 16, 31, 33, 64])('with a raw key of %i bytes', async (length) => {
    await expectCode('bad_input', () => createVault(plan(raw(new Uint8Array(length))), 'raw'));
  });

  test('with costs below the floor', async () => {
    const costs = { ...leastCosts, memoryKib: 8 };
    await expectCode('bad_input', () => createVault({ ...plan(passphrase('right')), costs }, 'passphrase'));
  });
});

describe('a slot is not added', () => {
  test('to a locked vault', async () => {
    const { vault } = await createVault(plan(raw(countUp(32))), 'raw');
    vault.lock();
    await expectCode('locked', () => addSlot(vault, plan(passphrase('added'))));
  });

  test('with costs beyond the ceiling', async () => {
    const { vault } = await createVault(plan(raw(countUp(32))), 'raw');
    const costs = { ...leastCosts, lanes: 17 };
    await expectCode('bad_input', () => addSlot(vault, { ...plan(passphrase('added')), costs }));
  });

  test('with a raw key that is not 32 bytes', async () => {
    const { vault } = await createVault(plan(raw(countUp(32))), 'raw');
    await expectCode('bad_input', () => addSlot(vault, plan(raw(new Uint8Array()))));
  });
});
