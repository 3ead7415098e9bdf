import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8 } from '../../src/bytes.ts';
import { derTag, encodeDer, encodeDerUnsigned } from '../../src/crypto/der.ts';
import { decryptPrivateKeyInfo, encryptPrivateKeyInfo } from '../../src/crypto/encrypted-private-key.ts';
import { encodeScryptAes256, pbes2Limits, readEncryptedPrivateKeyInfo } from '../../src/crypto/pbes2.ts';
import { Secret } from '../../src/crypto/secret.ts';
import { expectCode } from '../support/codes.ts';
import { countUp, flipBit, fromHex, toHex } from '../support/vectors.ts';

const info = fromHex(`302e020100300506032b657004220420${'5a'.repeat(32)}`);
const iv = countUp(16);
const ciphertext = countUp(64);
const salt = countUp(8);

function scrypt(cost: number, blockSize: number, parallelization: number): Uint8Array {
  return encodeScryptAes256({ salt, cost, blockSize, parallelization }, iv, ciphertext);
}

interface Pbes2Fields {
  readonly scheme?: string;
  readonly kdf?: string;
  readonly kdfFields?: readonly Uint8Array[];
  readonly cipher?: string;
  readonly iv?: Uint8Array;
  readonly ciphertext?: Uint8Array;
}

const sequence = (...fields: readonly Uint8Array[]) => encodeDer(derTag.sequence, ...fields);
const octets = (bytes: Uint8Array) => encodeDer(derTag.octetString, bytes);
const identifier = (hex: string) => encodeDer(derTag.objectIdentifier, fromHex(hex));
const prf = (hex: string) => sequence(identifier(hex), encodeDer(derTag.null));
const sha256 = '2a864886f70d0209';

function pbes2(fields: Pbes2Fields): Uint8Array {
  const kdfFields = fields.kdfFields ?? [octets(salt), encodeDerUnsigned(2048), prf(sha256)];
  const kdf = sequence(identifier(fields.kdf ?? '2a864886f70d01050c'), sequence(...kdfFields));
  const cipher = sequence(identifier(fields.cipher ?? '60864801650304012a'), octets(fields.iv ?? iv));
  const scheme = sequence(identifier(fields.scheme ?? '2a864886f70d01050d'), sequence(kdf, cipher));
  return sequence(scheme, octets(fields.ciphertext ?? ciphertext));
}

test('what is encrypted is decrypted with its passphrase, and with no other', async () => {
  using plain = Secret.copyOf(info);
  using passphrase = Secret.copyOf(countUp(12, 0x61));
  using other = Secret.copyOf(countUp(12, 0x62));
  const encrypted = readEncryptedPrivateKeyInfo(await encryptPrivateKeyInfo(plain, passphrase));
  expect(encrypted.kdf).toMatchObject({ name: 'scrypt', cost: 16_384, blockSize: 8, parallelization: 5 });
  expect(encrypted.keyLength).toBe(32);
  using opened = await decryptPrivateKeyInfo(encrypted, passphrase);
  expect(opened?.bytes).toEqual(info);
  expect(await decryptPrivateKeyInfo(encrypted, other)).toBeUndefined();
});

test('two encryptions of one key have nothing in common but their costs', async () => {
  using plain = Secret.copyOf(info);
  using passphrase = Secret.copyOf(countUp(12, 0x61));
  const [first, second] = [
    readEncryptedPrivateKeyInfo(await encryptPrivateKeyInfo(plain, passphrase)),
    readEncryptedPrivateKeyInfo(await encryptPrivateKeyInfo(plain, passphrase)),
  ];
  expect(toHex(first.kdf.salt)).not.toBe(toHex(second.kdf.salt));
  expect(toHex(first.iv)).not.toBe(toHex(second.iv));
  expect(toHex(first.ciphertext)).not.toBe(toHex(second.ciphertext));
});

describe('read', () => {
  test.each([
    ['SHA-1, stated', [prf('2a864886f70d0207')], 'sha1'],
    ['SHA-1, left out', [], 'sha1'],
    ['SHA-256', [prf(sha256)], 'sha256'],
    ['SHA-384', [prf('2a864886f70d020a')], 'sha384'],
    ['SHA-512', [prf('2a864886f70d020b')], 'sha512'],
    ['the length of its key', [encodeDerUnsigned(32), prf(sha256)], 'sha256'],
  ])('is PBKDF2 with %s', (_, rest, hash) => {
    const kdfFields = [octets(salt), encodeDerUnsigned(2048), ...rest];
    const { kdf } = readEncryptedPrivateKeyInfo(pbes2({ kdfFields }));
    expect(kdf).toMatchObject({ name: 'pbkdf2', iterations: 2048, hash });
  });

  test('is AES-128-CBC', () => {
    expect(readEncryptedPrivateKeyInfo(pbes2({ cipher: '608648016503040102' })).keyLength).toBe(16);
  });

  test.each([
    [2 ** 17, 8, 1],
    [2 ** 17, 8, 8],
    [2 ** 15, 1, 1],
    [2, 1, 1],
  ])('is scrypt of N = %i, r = %i, p = %i', (cost, blockSize, parallelization) => {
    const { kdf } = readEncryptedPrivateKeyInfo(scrypt(cost, blockSize, parallelization));
    expect(kdf).toMatchObject({ cost, blockSize, parallelization });
  });
});

describe('a file that asks for too much is refused before anything is derived:', () => {
  test.each([
    ['scrypt of 512 MiB', scrypt(2 ** 19, 8, 1)],
    ['scrypt of 4 TiB', scrypt(2 ** 31, 16, 1)],
    ['scrypt of many passes', scrypt(2 ** 17, 8, 9)],
    ['scrypt of a hundred million lanes', scrypt(2, 1, 100_000_000)],
    ['scrypt of great blocks', scrypt(2, 2 ** 21, 1)],
    ['PBKDF2 of eleven million rounds', pbes2({ kdfFields: [octets(salt), encodeDerUnsigned(11_000_000)] })],
    ['a salt of 65 bytes', pbes2({ kdfFields: [octets(countUp(65)), encodeDerUnsigned(1)] })],
  ])('%s', async (_, der) => {
    const { details } = await expectCode('malformed_key', () => readEncryptedPrivateKeyInfo(der));
    expect(details).toMatchObject({ reason: 'cost' });
  });
});

test.each([
  [
    'PBKDF2',
    (most: number) => pbes2({ kdfFields: [octets(salt), encodeDerUnsigned(most)] }),
    pbes2Limits.pbkdf2Iterations,
  ],
  ['scrypt', (most: number) => scrypt(2 ** 14, 8, most), pbes2Limits.scryptWork / 2 ** 17],
  [
    'a salt',
    (most: number) => pbes2({ kdfFields: [octets(countUp(most)), encodeDerUnsigned(1)] }),
    pbes2Limits.saltBytes,
  ],
] as const)('%s at its bound is read, and one more is not', async (_, make, most) => {
  expect(readEncryptedPrivateKeyInfo(make(most)).keyLength).toBe(32);
  await expectCode('malformed_key', () => readEncryptedPrivateKeyInfo(make(most + 1)));
});

describe('what is no such encryption is malformed:', () => {
  test.each([
    ['N that is no power of two', scrypt(16_385, 8, 1)],
    ['N of 1', scrypt(1, 8, 1)],
    ['N of 0', scrypt(0, 8, 1)],
    ['r of 0', scrypt(1024, 0, 1)],
    ['p of 0', scrypt(1024, 8, 0)],
    ['N that RFC 7914 forbids for its r', scrypt(2 ** 16, 1, 1)],
    ['no round', pbes2({ kdfFields: [octets(salt), encodeDerUnsigned(0)] })],
    ['another length of key', pbes2({ kdfFields: [octets(salt), encodeDerUnsigned(1), encodeDerUnsigned(16)] })],
    ['PBKDF2 with MD5', pbes2({ kdfFields: [octets(salt), encodeDerUnsigned(1), prf('2a864886f70d0206')] })],
    ['a field too many', pbes2({ kdfFields: [octets(salt), encodeDerUnsigned(1), prf(sha256), prf(sha256)] })],
    ['PBES1', pbes2({ scheme: '2a864886f70d010503' })],
    ['another derivation', pbes2({ kdf: '2a864886f70d01050e' })],
    ['triple DES', pbes2({ cipher: '2a864886f70d0307' })],
    ['an IV of 15 bytes', pbes2({ iv: countUp(15) })],
    ['an IV of 17 bytes', pbes2({ iv: countUp(17) })],
    ['no ciphertext', pbes2({ ciphertext: new Uint8Array() })],
    ['a ciphertext of 63 bytes', pbes2({ ciphertext: countUp(63) })],
    ['a byte behind it', concatBytes(pbes2({}), Uint8Array.of(0))],
    ['nothing', new Uint8Array()],
    ['a key that is not encrypted', info],
  ])('%s', async (_, der) => {
    await expectCode('malformed_key', () => readEncryptedPrivateKeyInfo(der));
  });
});

test('a file with any bit turned is malformed, does not open, or holds another key', async () => {
  const pem = readFileSync(new URL('../vectors/keys/ed25519-pbkdf2.pem', import.meta.url), 'utf8');
  const der = new Uint8Array(Buffer.from(pem.replaceAll(/-----.*-----|\n/g, ''), 'base64'));
  using passphrase = Secret.copyOf(encodeUtf8('correct horse'));
  using original = await decryptPrivateKeyInfo(readEncryptedPrivateKeyInfo(der), passphrase);
  expect(original?.length).toBe(48);
  for (let byte = 0; byte < der.length; byte++) {
    try {
      const encrypted = readEncryptedPrivateKeyInfo(flipBit(der, 8 * byte + (byte % 3)));
      using opened = await decryptPrivateKeyInfo(encrypted, passphrase);
      expect(opened?.bytes).not.toEqual(original?.bytes);
    } catch (error) {
      expect(error).toMatchObject({ code: 'malformed_key' });
    }
  }
});
