import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { equalBytes } from '../../bytes.ts';
import { untraced } from './untraced.ts';

const asymmetricKeyType = 'ed25519';

// A key object lives for one operation: OpenSSL wipes its copy when it is collected.
function importSeed(seed: Uint8Array): KeyObject {
  return untraced(() => createPrivateKey({ key: view(seed), format: 'raw-private', asymmetricKeyType }));
}

// A public key that is kept verifies many signatures. It is imported anew should its bytes have changed.
const imported = new WeakMap<Uint8Array, { readonly bytes: Uint8Array; readonly key: KeyObject }>();

function importPublic(publicKey: Uint8Array): KeyObject {
  const known = imported.get(publicKey);
  if (known && equalBytes(known.bytes, publicKey)) return known.key;
  const bytes = new Uint8Array(publicKey);
  const key = untraced(() => createPublicKey({ key: view(bytes), format: 'raw-public', asymmetricKeyType }));
  imported.set(publicKey, { bytes, key });
  return key;
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
