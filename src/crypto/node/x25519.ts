import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { type SecretBytes, takeSecret } from '../../secret-bytes.ts';

const asymmetricKeyType = 'x25519';

// A key object lives for one operation: OpenSSL wipes its copy when it is collected.
function importPrivateKey(privateKey: Uint8Array): KeyObject {
  return createPrivateKey({ key: view(privateKey), format: 'raw-private', asymmetricKeyType });
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

export async function deriveX25519PublicKey(privateKey: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(createPublicKey(importPrivateKey(privateKey)).export({ format: 'raw-public' }));
}

export async function multiplyX25519(privateKey: Uint8Array, publicKey: Uint8Array): Promise<SecretBytes | undefined> {
  const keys = {
    privateKey: importPrivateKey(privateKey),
    publicKey: createPublicKey({ key: view(publicKey), format: 'raw-public', asymmetricKeyType }),
  };
  try {
    return takeSecret(diffieHellman(keys));
  } catch {
    // OpenSSL gives no shared secret that is all zeros (RFC 7748, section 6.1).
    return undefined;
  }
}
