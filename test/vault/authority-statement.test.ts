import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/crypto/secret.ts';
import { encodeAuthorityStatement } from '../../src/vault/authority-statement.ts';
import { type AuthorityRow, checkAuthority, signAuthority, Vault } from '../../src/vault/index.ts';
import { expectCode } from '../support/codes.ts';
import { countUp, flipBit } from '../support/vectors.ts';

const createdAt = '2026-03-01T12:00:00.000Z';
const vault = await Vault.unlock(Secret.copyOf(countUp(32)));
const other = await Vault.unlock(Secret.copyOf(countUp(32, 1)));
const row = await signAuthority(vault, { version: 2, derivationMethod: 'passphrase', createdAt });
const otherRow = await signAuthority(other, { version: 2, derivationMethod: 'passphrase', createdAt });

test('an authority row names its key and DID', async () => {
  expect(await checkAuthority(row)).toEqual({ did: vault.did, publicKey: vault.publicKey, version: 2 });
});

test('the row of an older version is read, and says that it is one', async () => {
  const older = await signAuthority(vault, { version: 1, derivationMethod: 'raw', createdAt });
  expect(await checkAuthority(older)).toMatchObject({ did: vault.did, version: 1 });
});

test('an authority row is checked as well from the buffers of a driver', async () => {
  const read = {
    ...row,
    masterPublicKey: Buffer.from(row.masterPublicKey),
    statement: Buffer.from(row.statement),
    signature: Buffer.from(row.signature),
  };
  expect((await checkAuthority(read)).did).toBe(vault.did);
});

describe('an authority row was tampered with', () => {
  test.each<[string, Partial<AuthorityRow>]>([
    ['where its version is another', { version: 1 }],
    ['where its algorithm is another', { algorithm: 'rsa' }],
    ['where its derivation method is another', { derivationMethod: 'raw' }],
    ['where its time is another', { createdAt: '2026-03-01T12:00:00.001Z' }],
    ['where its key is that of another', { masterPublicKey: otherRow.masterPublicKey }],
    ['where its key is cut', { masterPublicKey: row.masterPublicKey.subarray(1) }],
    ['where its key is of small order', { masterPublicKey: new Uint8Array(32) }],
    ['where its key is empty', { masterPublicKey: new Uint8Array() }],
    ['where its statement is that of another', { statement: otherRow.statement }],
    ['where its statement is empty', { statement: new Uint8Array() }],
    ['where its signature is that of another', { signature: otherRow.signature }],
    ['where its signature is cut', { signature: row.signature.subarray(1) }],
    ['where it has no signature', { signature: new Uint8Array() }],
    ['where key and statement are those of another', { ...otherRow, signature: row.signature }],
  ])('%s', async (_, changes) => {
    await expectCode('authority_tampered', () => checkAuthority({ ...row, ...changes }));
  });

  test('where a field and the statement were changed alike, for nobody signed that', async () => {
    const changed = { ...row, derivationMethod: 'derived' };
    const forged = { ...changed, statement: encodeAuthorityStatement(changed) };
    await expectCode('authority_tampered', () => checkAuthority(forged));
  });

  test('where any bit of its statement or signature is turned', async () => {
    for (let bit = 0; bit < row.statement.length * 8; bit += 5) {
      const statement = flipBit(row.statement, bit);
      await expectCode('authority_tampered', () => checkAuthority({ ...row, statement }));
    }
    for (let bit = 0; bit < 512; bit += 5) {
      const signature = flipBit(row.signature, bit);
      await expectCode('authority_tampered', () => checkAuthority({ ...row, signature }));
    }
  });

  test('where a later version was signed properly, for it cannot be read', async () => {
    const later = { ...row, version: 3 };
    const statement = encodeAuthorityStatement(later);
    const signed = { ...later, statement, signature: await vault.sign(statement) };
    await expectCode('authority_tampered', () => checkAuthority(signed));
  });
});

test('another authority that signed its own row is whole, and has another DID', async () => {
  expect((await checkAuthority(otherRow)).did).not.toBe(vault.did);
});
