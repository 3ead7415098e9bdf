import { x25519 } from '@noble/curves/ed25519.js';
import { type SecretBytes, takeSecret } from '../../secret-bytes.ts';

// WebCrypto has X25519 in newer browsers alone, and gives the public key of a private one as JWK, a string.
export async function deriveX25519PublicKey(privateKey: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(x25519.getPublicKey(privateKey));
}

export async function multiplyX25519(privateKey: Uint8Array, publicKey: Uint8Array): Promise<SecretBytes | undefined> {
  try {
    return takeSecret(x25519.getSharedSecret(privateKey, publicKey));
  } catch {
    // The package gives no shared secret that is all zeros (RFC 7748, section 6.1).
    return undefined;
  }
}
