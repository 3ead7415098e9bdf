import {
  decompressEcdsaPoint,
  deriveEcdsaPublicKey,
  generateEcdsaScalar,
  isEcdsaPoint,
  signEcdsaMessage,
  verifyEcdsaMessage,
} from '#crypto/ecdsa';
import { equalBytes } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { Secret } from './secret.ts';

declare const checked: unique symbol;

/** The curves of ECDSA keys, used with SHA-256: NIST P-256, and secp256k1. */
export type EcdsaCurve = 'p256' | 'secp256k1';

/** A compressed public key (SEC 1, section 2.3.3) of 33 bytes that passed {@link importEcdsaPublicKey}. */
export type EcdsaPublicKey = Uint8Array<ArrayBuffer> & { readonly [checked]: 'ecdsa' };

const publicKeyLength = 33;
const pointLength = 65;
const scalarLength = 32;
const signatureLength = 64;

// The order of each curve's group: ECDSA's s and its negative modulo this verify alike.
const orders: Readonly<Record<EcdsaCurve, bigint>> = {
  p256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp256k1: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
};

/** A new private key: a scalar of 32 bytes. */
export async function generateEcdsaKey(curve: EcdsaCurve): Promise<Secret> {
  return Secret.hold(await generateEcdsaScalar(curve));
}

/**
 * Checks a public key that comes from outside: compressed, 33 bytes, on the curve.
 *
 * @throws HanaperError `malformed_key`
 */
export function importEcdsaPublicKey(curve: EcdsaCurve, bytes: Uint8Array): EcdsaPublicKey {
  const compressed = bytes.length === publicKeyLength && (bytes[0] === 2 || bytes[0] === 3);
  if (compressed && isEcdsaPoint(curve, bytes)) return new Uint8Array(bytes) as EcdsaPublicKey;
  throw new HanaperError('malformed_key', `These ${bytes.length} bytes are no compressed public key on ${curve}.`, {
    curve,
  });
}

/**
 * Checks an uncompressed point (SEC 1, section 2.3.3: 04, x and y, 65 bytes) and compresses it.
 *
 * @throws HanaperError `malformed_key`
 */
export function compressEcdsaPublicKey(curve: EcdsaCurve, point: Uint8Array): EcdsaPublicKey {
  const sign = 2 + ((point[pointLength - 1] ?? 0) & 1);
  const key = importEcdsaPublicKey(curve, Uint8Array.of(sign, ...point.subarray(1, publicKeyLength)));
  if (equalBytes(decompressEcdsaPublicKey(curve, key), point)) return key;
  throw new HanaperError('malformed_key', `These ${point.length} bytes are no point on ${curve}.`, { curve });
}

/** The same public key as an uncompressed point: 65 bytes. */
export function decompressEcdsaPublicKey(curve: EcdsaCurve, key: EcdsaPublicKey): Uint8Array<ArrayBuffer> {
  return decompressEcdsaPoint(curve, key);
}

/**
 * The public key of a private key.
 *
 * @throws HanaperError `malformed_key` where the scalar is not one of the curve's
 */
export async function ecdsaPublicKeyOf(curve: EcdsaCurve, scalar: Secret): Promise<EcdsaPublicKey> {
  requireScalar(curve, scalar);
  return importEcdsaPublicKey(curve, await deriveEcdsaPublicKey(curve, scalar.bytes));
}

/**
 * The ECDSA signature (FIPS 186-5) of the SHA-256 of `message`: r and s, 64 bytes.
 *
 * @throws HanaperError `malformed_key` where the scalar is not one of the curve's
 */
export async function signEcdsa(
  curve: EcdsaCurve,
  scalar: Secret,
  message: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  requireScalar(curve, scalar);
  const signature = await signEcdsaMessage(curve, scalar.bytes, message);
  // Verifiers of secp256k1 take the lesser s alone (BIP 62).
  if (curve === 'p256' || isBelow(signature.subarray(scalarLength), (orders[curve] >> 1n) + 1n)) return signature;
  return malleateEcdsa(curve, signature);
}

/** Whether `signature` (r and s, 64 bytes) is that of `message` by `publicKey`. */
export async function verifyEcdsa(
  curve: EcdsaCurve,
  publicKey: EcdsaPublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  return signature.length === signatureLength && verifyEcdsaMessage(curve, publicKey, message, signature);
}

/** The other signature that verifies wherever this one does: r and n − s. Whoever has one can make the other. */
export function malleateEcdsa(curve: EcdsaCurve, signature: Uint8Array): Uint8Array<ArrayBuffer> {
  const twin = new Uint8Array(signature);
  let s = 0n;
  for (const byte of signature.subarray(32)) s = (s << 8n) | BigInt(byte);
  let negated = orders[curve] - s;
  for (let i = signatureLength - 1; i >= 32; i--) {
    twin[i] = Number(negated & 0xffn);
    negated >>= 8n;
  }
  return twin;
}

// FIPS 186-5, section A.2.1: from 1 to n − 1. OpenSSL takes raw scalars beyond, and signs with them.
function requireScalar(curve: EcdsaCurve, { bytes }: Secret): void {
  if (bytes.length === scalarLength && isBelow(bytes, orders[curve]) && bytes.some((byte) => byte !== 0)) return;
  throw new HanaperError('malformed_key', `This is no private key on ${curve}.`, { curve });
}

// Byte by byte, without a branch: the borrow of a subtraction says which is less.
function isBelow(bytes: Uint8Array, limit: bigint): boolean {
  let borrow = 0;
  for (let i = bytes.length - 1, rest = limit; i >= 0; i--, rest >>= 8n) {
    borrow = (((bytes[i] ?? 0) - Number(rest & 0xffn) - borrow) >> 8) & 1;
  }
  return borrow === 1;
}
