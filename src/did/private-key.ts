import { ecdsaPublicKeyOf, generateEcdsaKey, signEcdsa } from '../crypto/ecdsa.ts';
import { generateSeed, publicKeyOf, sign } from '../crypto/ed25519.ts';
import type { Secret } from '../crypto/secret.ts';
import type { PublicKey, SigningKeyType } from './public-key.ts';

const secretLength = 32;

/**
 * The private key of an identity: an Ed25519 seed (RFC 8032, section 5.1.5), or the scalar of an ECDSA key.
 * It is wiped when the `using` block ends.
 *
 * @example
 * using key = await generatePrivateKey('ed25519');
 */
export class PrivateKey implements Disposable {
  /** Its kind. */
  readonly type: SigningKeyType;
  /** Its 32 bytes. */
  readonly secret: Secret;

  /** Takes over `secret`, which has 32 bytes. That a scalar is one of the curve's is seen when it is used. */
  constructor(type: SigningKeyType, secret: Secret) {
    if (secret.length !== secretLength) {
      throw new TypeError(`a private key has ${secretLength} bytes, not ${secret.length}`);
    }
    this.type = type;
    this.secret = secret;
  }

  /** Overwrites the bytes with zeros. */
  [Symbol.dispose](): void {
    this.secret[Symbol.dispose]();
  }
}

/** A new private key of this kind. */
export async function generatePrivateKey(type: SigningKeyType): Promise<PrivateKey> {
  return new PrivateKey(type, type === 'ed25519' ? generateSeed() : await generateEcdsaKey(type));
}

/**
 * The public key of a private key.
 *
 * @throws HanaperError `malformed_key` where the scalar is not one of the curve's
 */
export async function publicKeyOfPrivate({ type, secret }: PrivateKey): Promise<PublicKey> {
  return type === 'ed25519'
    ? { type, bytes: await publicKeyOf(secret) }
    : { type, bytes: await ecdsaPublicKeyOf(type, secret) };
}

/** The signature of `message`: 64 bytes, of Ed25519 (RFC 8032) or of ECDSA with SHA-256 (r and s; FIPS 186-5). */
export function signWithKey({ type, secret }: PrivateKey, message: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return type === 'ed25519' ? sign(secret, message) : signEcdsa(type, secret, message);
}
