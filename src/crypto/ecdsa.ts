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

/** The curves of the ECDSA keys that are made and sign here, with SHA-256: NIST P-256, and secp256k1. */
export type SigningCurve = 'p256' | 'secp256k1';

/** The curves of ECDSA keys that verify: those that sign, P-384 with SHA-384, and P-521 with SHA-512. */
export type EcdsaCurve = SigningCurve | 'p384' | 'p521';

/** A compressed public key (SEC 1, section 2.3.3) of 33, 49 or 67 bytes that passed {@link importEcdsaPublicKey}. */
export type EcdsaPublicKey = Uint8Array<ArrayBuffer> & { readonly [checked]: 'ecdsa' };

// The bytes of a coordinate and of a scalar, and the order of the group: ECDSA's s and its negative modulo this verify alike.
const curves: Readonly<Record<EcdsaCurve, { readonly bytes: number; readonly order: bigint }>> = {
  p256: { bytes: 32, order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n },
  secp256k1: { bytes: 32, order: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n },
  p384: {
    bytes: 48,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  p521: {
    bytes: 66,
    order: 2n ** 521n - 0x5ae79787c40d069948033feb708f65a2fc44a36477663b851449048e16ec79bf7n,
  },
};

/** A new private key: a scalar of 32 bytes. */
export async function generateEcdsaKey(curve: SigningCurve): Promise<Secret> {
  return Secret.hold(await generateEcdsaScalar(curve));
}

/**
 * Checks a public key that comes from outside: compressed, 33 bytes (49 of P-384, 67 of P-521), on the curve.
 *
 * @throws HanaperError `malformed_key`
 */
export function importEcdsaPublicKey(curve: EcdsaCurve, bytes: Uint8Array): EcdsaPublicKey {
  const compressed = bytes.length === 1 + curves[curve].bytes && (bytes[0] === 2 || bytes[0] === 3);
  if (compressed && isEcdsaPoint(curve, bytes)) return new Uint8Array(bytes) as EcdsaPublicKey;
  throw new HanaperError('malformed_key', `These ${bytes.length} bytes are no compressed public key on ${curve}.`, {
    curve,
  });
}

/**
 * Checks an uncompressed point (SEC 1, section 2.3.3: 04, x and y, 65 bytes; 97 of P-384, 133 of P-521) and compresses it.
 *
 * @throws HanaperError `malformed_key`
 */
export function compressEcdsaPublicKey(curve: EcdsaCurve, point: Uint8Array): EcdsaPublicKey {
  const { bytes } = curves[curve];
  const sign = 2 + ((point[2 * bytes] ?? 0) & 1);
  const key = importEcdsaPublicKey(curve, Uint8Array.of(sign, ...point.subarray(1, 1 + bytes)));
  if (equalBytes(decompressEcdsaPublicKey(curve, key), point)) return key;
  throw new HanaperError('malformed_key', `These ${point.length} bytes are no point on ${curve}.`, { curve });
}

/** The same public key as an uncompressed point: 65 bytes, 97 of P-384, 133 of P-521. */
export function decompressEcdsaPublicKey(curve: EcdsaCurve, key: EcdsaPublicKey): Uint8Array<ArrayBuffer> {
  return decompressEcdsaPoint(curve, key);
}

/**
 * The public key of a private key.
 *
 * @throws HanaperError `malformed_key` where the scalar is not one of the curve's
 */
export async function ecdsaPublicKeyOf(curve: SigningCurve, scalar: Secret): Promise<EcdsaPublicKey> {
  requireScalar(curve, scalar);
  return importEcdsaPublicKey(curve, await deriveEcdsaPublicKey(curve, scalar.bytes));
}

/**
 * The ECDSA signature (FIPS 186-5) of the SHA-256 of `message`: r and s, 64 bytes.
 *
 * @throws HanaperError `malformed_key` where the scalar is not one of the curve's
 */
export async function signEcdsa(
  curve: SigningCurve,
  scalar: Secret,
  message: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  requireScalar(curve, scalar);
  const signature = await signEcdsaMessage(curve, scalar.bytes, message);
  // Verifiers of secp256k1 take the lesser s alone (BIP 62).
  if (curve === 'p256' || isBelow(signature.subarray(curves[curve].bytes), (curves[curve].order >> 1n) + 1n))
    return signature;
  return malleateEcdsa(curve, signature);
}

/** The bytes of a signature, r and s: 64, 96 of P-384, 132 of P-521. */
export function ecdsaSignatureLength(curve: EcdsaCurve): number {
  return 2 * curves[curve].bytes;
}

/** Whether `signature` (r and s) is that of `message` by `publicKey`. */
export async function verifyEcdsa(
  curve: EcdsaCurve,
  publicKey: EcdsaPublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  return signature.length === ecdsaSignatureLength(curve) && verifyEcdsaMessage(curve, publicKey, message, signature);
}

/** The other signature that verifies wherever this one does: r and n − s. Anyone who has one can make the other. */
export function malleateEcdsa(curve: EcdsaCurve, signature: Uint8Array): Uint8Array<ArrayBuffer> {
  const { bytes, order } = curves[curve];
  const twin = new Uint8Array(signature);
  let s = 0n;
  for (const byte of signature.subarray(bytes)) s = (s << 8n) | BigInt(byte);
  let negated = order - s;
  for (let i = 2 * bytes - 1; i >= bytes; i--) {
    twin[i] = Number(negated & 0xffn);
    negated >>= 8n;
  }
  return twin;
}

// FIPS 186-5, section A.2.1: from 1 to n − 1. OpenSSL takes raw scalars beyond, and signs with them.
function requireScalar(curve: SigningCurve, { bytes }: Secret): void {
  if (bytes.length === curves[curve].bytes && isBelow(bytes, curves[curve].order) && bytes.some((byte) => byte !== 0))
    return;
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
