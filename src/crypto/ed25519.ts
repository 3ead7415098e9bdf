import { derivePublicKey, signMessage, verifyMessage } from '#crypto/ed25519';
import { HanaperError } from '../errors.ts';
import { classifyEncoding, classifyPoint, type PointKind } from './edwards25519.ts';
import { randomBytes } from './random.ts';
import { Secret } from './secret.ts';

declare const checked: unique symbol;

/** An Ed25519 public key of 32 bytes that passed {@link importPublicKey}: no other value compiles. */
export type Ed25519PublicKey = Uint8Array<ArrayBuffer> & { readonly [checked]: 'ed25519' };

const keyLength = 32;
const signatureLength = 64;

/** A new private key: the 32-byte seed of RFC 8032, section 5.1.5. */
export function generateSeed(): Secret {
  return Secret.hold(randomBytes(keyLength));
}

/**
 * Checks a public key that comes from outside: 32 bytes, canonical, on the curve, not of small order.
 *
 * @throws HanaperError `malformed_key`, `weak_key`
 */
export function importPublicKey(bytes: Uint8Array): Ed25519PublicKey {
  return importAs(bytes, classifyPoint);
}

/**
 * Like {@link importPublicKey}, for a key that does nothing but verify: that it is on the curve, which is dear to
 * compute, is left to the verification, which no other key passes.
 *
 * @throws HanaperError `malformed_key`, `weak_key`
 */
export function importPublicKeyToVerify(bytes: Uint8Array): Ed25519PublicKey {
  return importAs(bytes, classifyEncoding);
}

function importAs(bytes: Uint8Array, classify: (encoded: Uint8Array) => PointKind): Ed25519PublicKey {
  if (bytes.length !== keyLength) {
    throw malformed(`An Ed25519 public key has ${keyLength} bytes; this one has ${bytes.length}.`);
  }
  const kind = classify(bytes);
  if (kind === 'small-order') {
    throw new HanaperError(
      'weak_key',
      'This public key is a point of small order: anybody could sign for it. Generate a new key.',
      { reason: kind },
    );
  }
  if (kind !== 'valid') throw malformed(`These 32 bytes are no Ed25519 public key (${kind}).`, kind);
  return new Uint8Array(bytes) as Ed25519PublicKey;
}

function malformed(message: string, reason = 'length'): HanaperError {
  return new HanaperError('malformed_key', message, { reason });
}

/** The public key of a seed. */
export async function publicKeyOf(seed: Secret): Promise<Ed25519PublicKey> {
  requireSeed(seed);
  return (await derivePublicKey(seed.bytes)) as Ed25519PublicKey;
}

/** The Ed25519 signature (RFC 8032, section 5.1.6) of `message`: 64 bytes. */
export async function sign(seed: Secret, message: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  requireSeed(seed);
  return signMessage(seed.bytes, message);
}

/** Whether `signature` is that of `message` by `publicKey` (RFC 8032, section 5.1.7). */
export function verify(publicKey: Ed25519PublicKey, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return signature.length === signatureLength ? verifyMessage(publicKey, message, signature) : Promise.resolve(false);
}

function requireSeed(seed: Secret): void {
  if (seed.length !== keyLength) throw new TypeError(`an Ed25519 seed has ${keyLength} bytes, not ${seed.length}`);
}
