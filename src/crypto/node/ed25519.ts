import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { dropOldest } from '../../drop-oldest.ts';
import { untraced } from './untraced.ts';

const asymmetricKeyType = 'ed25519';

// A key object lives for one operation: OpenSSL wipes its copy when it is collected.
function importSeed(seed: Uint8Array): KeyObject {
  return untraced(() => createPrivateKey({ key: view(seed), format: 'raw-private', asymmetricKeyType }));
}

// A public key verifies many signatures, in whichever object its bytes are. The one that came first goes first.
const imported = new Map<string, KeyObject>();
const maxImported = 1000;

function importPublic(publicKey: Uint8Array): KeyObject {
  const bytes = view(publicKey);
  const name = bytes.toString('latin1');
  const known = imported.get(name);
  if (known) return known;
  const key = untraced(() => createPublicKey({ key: bytes, format: 'raw-public', asymmetricKeyType }));
  imported.set(name, key);
  dropOldest(imported, maxImported);
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
