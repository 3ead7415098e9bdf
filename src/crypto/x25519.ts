import { hashSha512 } from '#crypto/digest';
import { deriveX25519PublicKey, multiplyX25519 } from '#crypto/x25519';
import type { Ed25519PublicKey } from './ed25519.ts';
import { convertToMontgomery } from './edwards25519.ts';
import { randomBytes } from './random.ts';
import { Secret } from './secret.ts';

const keyLength = 32;

/** A new private key of X25519: 32 random bytes (RFC 7748, section 6.1). */
export function generateX25519Key(): Secret {
  return Secret.hold(randomBytes(keyLength));
}

/** The public key of a private one: 32 bytes (RFC 7748, section 6.1). */
export async function x25519PublicKeyOf(privateKey: Secret): Promise<Uint8Array<ArrayBuffer>> {
  requireLength('private key', privateKey.length);
  return deriveX25519PublicKey(privateKey.bytes);
}

/**
 * The 32 bytes that both sides compute (RFC 7748, section 6.1); `undefined` where the other's public key is of small
 * order, which makes them zeros whatever the private key.
 */
export async function agreeX25519(privateKey: Secret, publicKey: Uint8Array): Promise<Secret | undefined> {
  requireLength('private key', privateKey.length);
  requireLength('public key', publicKey.length);
  const shared = await multiplyX25519(privateKey.bytes, publicKey);
  return shared && Secret.hold(shared);
}

/** The public key of X25519, 32 bytes, that belongs to a public key of Ed25519 (RFC 7748, section 4.1). */
export function x25519KeyOfEd25519(publicKey: Ed25519PublicKey): Uint8Array<ArrayBuffer> {
  return convertToMontgomery(publicKey);
}

/** The private key of X25519, 32 bytes, that belongs to a seed of Ed25519: its scalar (RFC 8032, section 5.1.5). */
export async function x25519KeyOfSeed(seed: Secret): Promise<Secret> {
  requireLength('seed', seed.length);
  using hash = Secret.hold(await hashSha512(seed.bytes));
  const scalar = Secret.copyOf(hash.bytes.subarray(0, keyLength));
  clamp(scalar.bytes);
  return scalar;
}

function clamp(scalar: Uint8Array): void {
  scalar[0] = (scalar[0] ?? 0) & 0xf8;
  scalar[31] = ((scalar[31] ?? 0) & 0x7f) | 0x40;
}

function requireLength(what: string, length: number): void {
  if (length !== keyLength) throw new TypeError(`a ${what} has ${keyLength} bytes, not ${length}`);
}
