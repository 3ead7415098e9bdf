import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

const asymmetricKeyType = 'ed25519';

// A key object lives for one operation: OpenSSL wipes its copy when it is collected.
function importSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: view(seed), format: 'raw-private', asymmetricKeyType });
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

export async function derivePublicKey(seed: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(createPublicKey(importSeed(seed)).export({ format: 'raw-public' }));
}

export async function signMessage(seed: Uint8Array, message: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(sign(null, message, importSeed(seed)));
}

export async function verifyMessage(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  return verify(
    null,
    message,
    createPublicKey({ key: view(publicKey), format: 'raw-public', asymmetricKeyType }),
    signature,
  );
}
