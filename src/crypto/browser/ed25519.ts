import { ed25519 } from '@noble/curves/ed25519.js';
import { concatBytes, decodeHex } from '../../bytes.ts';
import { required } from '../../required.ts';
import { asSource, subtle, unlessRefused } from './web-crypto.ts';

const name = 'Ed25519';
// WebCrypto takes a private key in PKCS#8 (RFC 8410, section 7): this prefix and the seed.
const pkcs8Prefix = required(decodeHex('302e020100300506032b657004220420'), 'prefix of Ed25519');

// WebCrypto gives the public key of a private one as JWK alone, a string with the private key in it.
export async function derivePublicKey(seed: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(ed25519.getPublicKey(seed));
}

export async function signMessage(seed: Uint8Array, message: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const pkcs8 = concatBytes(pkcs8Prefix, seed);
  try {
    const key = await subtle.importKey('pkcs8', pkcs8, name, false, ['sign']);
    return new Uint8Array(await subtle.sign(name, key, asSource(message)));
  } finally {
    pkcs8.fill(0);
  }
}

// WebCrypto verifies by RFC 8032 without the cofactor, as Node does. The package's own verification is with it, and so
// takes signatures that Node refuses.
export async function verifyMessage(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const key = await unlessRefused(() => subtle.importKey('raw', asSource(publicKey), name, false, ['verify']));
  return key !== undefined && (await subtle.verify(name, key, asSource(signature), asSource(message)));
}
