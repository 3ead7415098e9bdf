import { decodeHex, equalBytes } from '../../bytes.ts';
import { rsaLimits } from '../../crypto/rsa.ts';
import type { KeyType, SigningKeyType } from '../../did/public-key.ts';
import { required } from '../../required.ts';
import { malformedToken } from '../malformed.ts';

/** What a varsig header says: who signs, over which encoding. Ours is always DAG-CBOR. */
export interface Varsig {
  readonly keyType: KeyType;
  /** The header's version; 0 is read, never written. */
  readonly version: 0 | 1;
  /** The bytes of the key's modulus and of the signature; of RSA alone. */
  readonly rsaBytes?: number;
}

// Varsig v1 (ChainAgnostic/varsig): prefix, version, algorithm, curve, hash, DAG-CBOR.
const headers: Readonly<Record<Exclude<KeyType, 'rsa'>, string>> = {
  ed25519: '3401ed01ed011371',
  p256: '3401ec0180241271',
  secp256k1: '3401ec01e7011271',
  p384: '3401ec0181242071',
  p521: '3401ec0182241371',
};

const known: readonly (readonly [header: Uint8Array, varsig: Varsig])[] = [
  ...Object.entries(headers).map(
    ([keyType, hex]) => [bytesOf(hex), { keyType: keyType as Exclude<KeyType, 'rsa'>, version: 1 }] as const,
  ),
  // Varsig v0 had no version byte.
  [Uint8Array.of(0x34, 0xed, 0x01, 0x71), { keyType: 'ed25519', version: 0 }],
];

// Prefix, version, RSA, SHA-256; the bytes of the key as a varint of two bytes; DAG-CBOR.
const rsaPrefix = bytesOf('3401852412');
const dagCbor = 0x71;

/** The varsig v1 header of a key that signs here, for a signature over DAG-CBOR. */
export function encodeVarsig(keyType: SigningKeyType): Uint8Array<ArrayBuffer> {
  return bytesOf(headers[keyType]);
}

/**
 * Reads a varsig header.
 *
 * @throws HanaperError `malformed_token`
 */
export function decodeVarsig(header: Uint8Array): Varsig {
  for (const [bytes, varsig] of known) if (equalBytes(bytes, header)) return varsig;
  const rsaBytes = readRsaBytes(header);
  if (rsaBytes !== undefined) return { keyType: 'rsa', version: 1, rsaBytes };
  throw malformedToken('has a signature header of an unknown kind', { field: 'h' });
}

function readRsaBytes(header: Uint8Array): number | undefined {
  if (header.length !== 8 || header[7] !== dagCbor || !equalBytes(header.subarray(0, 5), rsaPrefix)) return undefined;
  const [low = 0, high = 0x80] = header.subarray(5);
  const bytes = (low & 0x7f) + 128 * high;
  const isVarint = low >= 0x80 && high < 0x80;
  return isVarint && bytes >= rsaLimits.leastBits / 8 && bytes <= rsaLimits.maxBits / 8 ? bytes : undefined;
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return required(decodeHex(hex), 'header');
}
