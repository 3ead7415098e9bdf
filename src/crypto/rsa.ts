import { verifyRsaMessage } from '#crypto/rsa';
import { concatBytes } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { DerReader, derTag, encodeDer } from './der.ts';

declare const checked: unique symbol;

/** An RSAPublicKey (RFC 8017, section A.1.1) in DER that passed {@link importRsaPublicKey}. */
export type RsaPublicKey = Uint8Array<ArrayBuffer> & { readonly [checked]: 'rsa' };

/** The numbers of an RSA key, most significant byte first, without leading zeros. */
export interface RsaNumbers {
  readonly modulus: Uint8Array;
  readonly exponent: Uint8Array;
}

/** What an RSA key may be: fewer bits are too weak, more cost too much. */
export const rsaLimits: Readonly<Record<'leastBits' | 'maxBits' | 'leastExponent', number>> = {
  leastBits: 2048,
  maxBits: 4096,
  /** FIPS 186-5, section 5.4: more than 2^16. The DER reader bounds it by 2^32. */
  leastExponent: 65_537,
};

/**
 * Checks an RSA public key that comes from outside: PKCS#1 in DER, an odd modulus of 2048 to 4096 bits, an odd exponent
 * from 65537 to 2³² − 1.
 *
 * @throws HanaperError `malformed_key`, `weak_key`
 */
export function importRsaPublicKey(der: Uint8Array): RsaPublicKey {
  const reader = new DerReader(der);
  const key = reader.readSequence();
  reader.end();
  const bits = requireModulus(key.readPositive());
  const exponent = key.readUnsigned();
  key.end();
  if (exponent % 2 === 0) throw malformed('its exponent is even');
  if (bits < rsaLimits.leastBits || exponent < rsaLimits.leastExponent) {
    throw new HanaperError(
      'weak_key',
      `This RSA key has ${bits} bits and the exponent ${exponent}; ${rsaLimits.leastBits} and ${rsaLimits.leastExponent} are the least.`,
      { bits, exponent },
    );
  }
  if (bits > rsaLimits.maxBits) throw malformed(`it has more than ${rsaLimits.maxBits} bits`);
  return new Uint8Array(der) as RsaPublicKey;
}

/**
 * The RSA public key of its numbers.
 *
 * @throws HanaperError `malformed_key`, `weak_key`
 */
export function rsaPublicKeyOf({ modulus, exponent }: RsaNumbers): RsaPublicKey {
  return importRsaPublicKey(encodeDer(derTag.sequence, encodePositive(modulus), encodePositive(exponent)));
}

/** The numbers of an RSA public key. */
export function rsaNumbersOf(key: RsaPublicKey): RsaNumbers {
  const numbers = new DerReader(key).readSequence();
  return { modulus: numbers.readPositive(), exponent: numbers.readPositive() };
}

/** The bytes of a signature by this key: those of its modulus. */
export function rsaSignatureLength(key: RsaPublicKey): number {
  return rsaNumbersOf(key).modulus.length;
}

/** Whether `signature` is that of `message` by `key`: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2). */
export async function verifyRsa(key: RsaPublicKey, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return signature.length === rsaSignatureLength(key) && verifyRsaMessage(key, message, signature);
}

function requireModulus(modulus: Uint8Array): number {
  if (((modulus.at(-1) ?? 0) & 1) === 0) throw malformed('its modulus is even');
  return 8 * modulus.length - (Math.clz32(modulus[0] ?? 0) - 24);
}

function encodePositive(bytes: Uint8Array): Uint8Array {
  return encodeDer(derTag.integer, (bytes[0] ?? 0) >= 0x80 ? concatBytes(Uint8Array.of(0), bytes) : bytes);
}

function malformed(why: string): HanaperError {
  return new HanaperError('malformed_key', `This is no RSA public key: ${why}.`, { reason: why });
}
