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
  return verify(null, message, importPublic(publicKey), signature);
}

// To import a public key takes a third of a verification, and one that is trusted is used again and again. The bytes are
// compared, since they can be changed in place.
const imported = new WeakMap<Uint8Array, { readonly bytes: Buffer; readonly key: KeyObject }>();

function importPublic(publicKey: Uint8Array): KeyObject {
  const known = imported.get(publicKey);
  if (known?.bytes.equals(publicKey)) return known.key;
  const bytes = Buffer.from(publicKey);
  const key = createPublicKey({ key: bytes, format: 'raw-public', asymmetricKeyType });
  imported.set(publicKey, { bytes, key });
  return key;
}
