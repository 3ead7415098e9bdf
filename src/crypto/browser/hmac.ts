import { type SecretBytes, takeSecret } from '../../secret-bytes.ts';
import { asSource, subtle } from './web-crypto.ts';

const algorithm = { name: 'HMAC', hash: 'SHA-256' };

export async function authenticateSha256(key: Uint8Array, message: Uint8Array): Promise<SecretBytes> {
  const secret = await subtle.importKey('raw', asSource(key), algorithm, false, ['sign']);
  return takeSecret(new Uint8Array(await subtle.sign(algorithm, secret, asSource(message))));
}
