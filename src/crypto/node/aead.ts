import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concatBytes } from '../../bytes.ts';
import { type SecretBytes, takeSecret } from '../../secret-bytes.ts';
import { untraced } from './untraced.ts';

const algorithm = 'aes-256-gcm';
const authTagLength = 16;

export async function encryptAes256Gcm(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const cipher = untraced(() => createCipheriv(algorithm, key, nonce, { authTagLength }));
  cipher.setAAD(aad);
  return concatBytes(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

export async function decryptAes256Gcm(
  key: Uint8Array,
  nonce: Uint8Array,
  ciphertextAndTag: Uint8Array,
  aad: Uint8Array,
): Promise<SecretBytes | undefined> {
  const end = ciphertextAndTag.length - authTagLength;
  const decipher = untraced(() => createDecipheriv(algorithm, key, nonce, { authTagLength }));
  decipher.setAAD(aad);
  decipher.setAuthTag(ciphertextAndTag.subarray(end));
  const unverified = decipher.update(ciphertextAndTag.subarray(0, end));
  try {
    decipher.final();
    return takeSecret(unverified);
  } catch {
    return undefined;
  } finally {
    unverified.fill(0);
  }
}
