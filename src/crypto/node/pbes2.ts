import { createCipheriv, createDecipheriv, pbkdf2, scrypt } from 'node:crypto';
import { concatBytes } from '../../bytes.ts';
import { joinSecret, type SecretBytes, takeSecret } from '../../secret-bytes.ts';
import type { Pbkdf2Parameters, ScryptParameters } from '../pbes2.ts';

// Node counts a little more than the 128 · N · r bytes of RFC 7914.
const maxmem = 2 ** 30;

type Done = (error: Error | null, derived: Buffer) => void;

function derive(start: (done: Done) => void): Promise<SecretBytes> {
  return new Promise((resolve, reject) => {
    start((error, derived) => {
      if (error) reject(error);
      else resolve(takeSecret(derived));
    });
  });
}

export function deriveScrypt(
  passphrase: Uint8Array,
  { salt, cost, blockSize, parallelization }: ScryptParameters,
  length: number,
): Promise<SecretBytes> {
  return derive((done) => scrypt(passphrase, salt, length, { cost, blockSize, parallelization, maxmem }, done));
}

export function derivePbkdf2(
  passphrase: Uint8Array,
  { salt, iterations, hash }: Pbkdf2Parameters,
  length: number,
): Promise<SecretBytes> {
  return derive((done) => pbkdf2(passphrase, salt, iterations, length, hash, done));
}

function cipherName(key: Uint8Array): string {
  return `aes-${key.length * 8}-cbc`;
}

export async function encryptAesCbc(
  key: Uint8Array,
  iv: Uint8Array,
  plaintext: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const cipher = createCipheriv(cipherName(key), key, iv);
  return concatBytes(cipher.update(plaintext), cipher.final());
}

export async function decryptAesCbc(
  key: Uint8Array,
  iv: Uint8Array,
  ciphertext: Uint8Array,
): Promise<SecretBytes | undefined> {
  const decipher = createDecipheriv(cipherName(key), key, iv);
  const parts = [decipher.update(ciphertext)];
  try {
    parts.push(decipher.final());
    return joinSecret(...parts);
  } catch {
    return undefined;
  } finally {
    for (const part of parts) part.fill(0);
  }
}
