import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { type SecretBytes, takeSecret } from '../../secret-bytes.ts';
import type { EcdsaCurve, SigningCurve } from '../ecdsa.ts';
import { untraced } from './untraced.ts';

const namedCurves = { p256: 'P-256', secp256k1: 'secp256k1', p384: 'P-384', p521: 'P-521' } as const;
const hashes = { p256: 'sha256', secp256k1: 'sha256', p384: 'sha384', p521: 'sha512' } as const;
const dsaEncoding = 'ieee-p1363';

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function importScalar(curve: SigningCurve, scalar: Uint8Array): KeyObject {
  const namedCurve = namedCurves[curve];
  return untraced(() =>
    createPrivateKey({ key: view(scalar), format: 'raw-private', asymmetricKeyType: 'ec', namedCurve }),
  );
}

function importPoint(curve: EcdsaCurve, compressed: Uint8Array): KeyObject {
  const namedCurve = namedCurves[curve];
  return untraced(() =>
    createPublicKey({ key: view(compressed), format: 'raw-public', asymmetricKeyType: 'ec', namedCurve }),
  );
}

export async function generateEcdsaScalar(curve: SigningCurve): Promise<SecretBytes> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: namedCurves[curve] });
  return takeSecret(privateKey.export({ format: 'raw-private' }));
}

export async function deriveEcdsaPublicKey(curve: SigningCurve, scalar: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return compress(createPublicKey(importScalar(curve, scalar)).export({ format: 'raw-public' }));
}

// SEC 1, section 2.3.3: 04 | x | y becomes 02 or 03, by whether y is odd, and x.
function compress(point: Uint8Array): Uint8Array<ArrayBuffer> {
  const compressed = new Uint8Array(33);
  compressed[0] = 2 + ((point[64] ?? 0) & 1);
  compressed.set(point.subarray(1, 33), 1);
  return compressed;
}

export function isEcdsaPoint(curve: EcdsaCurve, compressed: Uint8Array): boolean {
  try {
    return importPoint(curve, compressed).asymmetricKeyType === 'ec';
  } catch {
    return false;
  }
}

export function decompressEcdsaPoint(curve: EcdsaCurve, compressed: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(importPoint(curve, compressed).export({ format: 'raw-public' }));
}

export async function signEcdsaMessage(
  curve: SigningCurve,
  scalar: Uint8Array,
  message: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(sign(hashes[curve], message, { key: importScalar(curve, scalar), dsaEncoding }));
}

export async function verifyEcdsaMessage(
  curve: EcdsaCurve,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  return verify(hashes[curve], message, { key: importPoint(curve, publicKey), dsaEncoding }, signature);
}
