import { asSource, subtle } from './web-crypto.ts';

const algorithm = { name: 'HMAC', hash: 'SHA-256' };

export async function authenticateSha256(key: Uint8Array, message: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const secret = await subtle.importKey('raw', asSource(key), algorithm, false, ['sign']);
  return new Uint8Array(await subtle.sign(algorithm, secret, asSource(message)));
}
