import { p256, p384, p521 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { concatBytes, decodeHex } from '../../bytes.ts';
import { required } from '../../required.ts';
import { type SecretBytes, takeSecret } from '../../secret-bytes.ts';
import type { EcdsaCurve, SigningCurve } from '../ecdsa.ts';
import { asSource, subtle } from './web-crypto.ts';

const curves = { p256, secp256k1, p384, p521 } as const;
// WebCrypto has no secp256k1.
const algorithms = {
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  p384: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  p521: { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
} as const;

// WebCrypto takes a private key in PKCS#8 (RFC 5958, RFC 5915): up to the scalar, and from there to the point.
const pkcs8Prefix = bytes('308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420');
const beforePoint = bytes('a144034200');

function bytes(hex: string): Uint8Array {
  return required(decodeHex(hex), 'identifier of a curve');
}

export async function generateEcdsaScalar(curve: SigningCurve): Promise<SecretBytes> {
  return takeSecret(curves[curve].utils.randomSecretKey());
}

export async function deriveEcdsaPublicKey(curve: SigningCurve, scalar: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(curves[curve].getPublicKey(scalar, true));
}

export function isEcdsaPoint(curve: EcdsaCurve, compressed: Uint8Array): boolean {
  return curves[curve].utils.isValidPublicKey(compressed, true);
}

export function decompressEcdsaPoint(curve: EcdsaCurve, compressed: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(curves[curve].Point.fromBytes(compressed).toBytes(false));
}

export async function signEcdsaMessage(
  curve: SigningCurve,
  scalar: Uint8Array,
  message: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  if (curve === 'secp256k1') return new Uint8Array(secp256k1.sign(message, scalar));
  const point = p256.getPublicKey(scalar, false);
  const pkcs8 = concatBytes(pkcs8Prefix, scalar, beforePoint, point);
  try {
    const key = await subtle.importKey('pkcs8', pkcs8, algorithms.p256, false, ['sign']);
    return new Uint8Array(await subtle.sign(algorithms.p256, key, asSource(message)));
  } finally {
    pkcs8.fill(0);
  }
}

export async function verifyEcdsaMessage(
  curve: EcdsaCurve,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  // A greater s verifies too, as it does on Node: counts of tokens are by what was signed.
  if (curve === 'secp256k1') return secp256k1.verify(signature, message, publicKey, { lowS: false });
  const algorithm = algorithms[curve];
  const point = decompressEcdsaPoint(curve, publicKey);
  const key = await subtle.importKey('raw', point, algorithm, false, ['verify']);
  return await subtle.verify(algorithm, key, asSource(signature), asSource(message));
}
