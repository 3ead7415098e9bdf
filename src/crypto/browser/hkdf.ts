import { type SecretBytes, takeSecret } from '../../secret-bytes.ts';
import { asSource, subtle } from './web-crypto.ts';

export async function deriveHkdf(
  key: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Promise<SecretBytes> {
  const secret = await subtle.importKey('raw', asSource(key), 'HKDF', false, ['deriveBits']);
  const parameters = { name: 'HKDF', hash: 'SHA-256', salt: asSource(salt), info: asSource(info) };
  return takeSecret(new Uint8Array(await subtle.deriveBits(parameters, secret, 8 * length)));
}
