import { scryptAsync } from '@noble/hashes/scrypt.js';
import { type SecretBytes, takeSecret } from '../../secret-bytes.ts';
import type { Pbkdf2Hash, Pbkdf2Parameters, ScryptParameters } from '../pbes2.ts';
import { asSource, subtle, unlessRefused } from './web-crypto.ts';

const hashNames: Readonly<Record<Pbkdf2Hash, string>> = {
  sha1: 'SHA-1',
  sha256: 'SHA-256',
  sha384: 'SHA-384',
  sha512: 'SHA-512',
};

// WebCrypto has no scrypt.
export async function deriveScrypt(
  passphrase: Uint8Array,
  { salt, cost, blockSize, parallelization }: ScryptParameters,
  length: number,
): Promise<SecretBytes> {
  const derived = await scryptAsync(passphrase, salt, {
    N: cost,
    r: blockSize,
    p: parallelization,
    dkLen: length,
  });
  return takeSecret(derived);
}

export async function derivePbkdf2(
  passphrase: Uint8Array,
  { salt, iterations, hash }: Pbkdf2Parameters,
  length: number,
): Promise<SecretBytes> {
  const secret = await subtle.importKey('raw', asSource(passphrase), 'PBKDF2', false, ['deriveBits']);
  const parameters = { name: 'PBKDF2', salt: asSource(salt), iterations, hash: hashNames[hash] };
  return takeSecret(new Uint8Array(await subtle.deriveBits(parameters, secret, 8 * length)));
}

export async function encryptAesCbc(
  key: Uint8Array,
  iv: Uint8Array,
  plaintext: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const secret = await subtle.importKey('raw', asSource(key), 'AES-CBC', false, ['encrypt']);
  return new Uint8Array(await subtle.encrypt({ name: 'AES-CBC', iv: asSource(iv) }, secret, asSource(plaintext)));
}

export async function decryptAesCbc(
  key: Uint8Array,
  iv: Uint8Array,
  ciphertext: Uint8Array,
): Promise<SecretBytes | undefined> {
  const secret = await subtle.importKey('raw', asSource(key), 'AES-CBC', false, ['decrypt']);
  const parameters = { name: 'AES-CBC', iv: asSource(iv) };
  const plaintext = await unlessRefused(() => subtle.decrypt(parameters, secret, asSource(ciphertext)));
  return plaintext && takeSecret(new Uint8Array(plaintext));
}
