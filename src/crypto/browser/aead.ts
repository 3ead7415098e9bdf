import { type SecretBytes, takeSecret } from '../../secret-bytes.ts';
import { asSource, subtle, unlessRefused } from './web-crypto.ts';

const name = 'AES-GCM';
const tagLength = 128;

export async function encryptAes256Gcm(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const secret = await subtle.importKey('raw', asSource(key), name, false, ['encrypt']);
  const parameters = { name, iv: asSource(nonce), additionalData: asSource(aad), tagLength };
  return new Uint8Array(await subtle.encrypt(parameters, secret, asSource(plaintext)));
}

export async function decryptAes256Gcm(
  key: Uint8Array,
  nonce: Uint8Array,
  ciphertextAndTag: Uint8Array,
  aad: Uint8Array,
): Promise<SecretBytes | undefined> {
  const secret = await subtle.importKey('raw', asSource(key), name, false, ['decrypt']);
  const parameters = { name, iv: asSource(nonce), additionalData: asSource(aad), tagLength };
  const plaintext = await unlessRefused(() => subtle.decrypt(parameters, secret, asSource(ciphertextAndTag)));
  return plaintext && takeSecret(new Uint8Array(plaintext));
}
