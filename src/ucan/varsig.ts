import { decodeHex, equalBytes } from '../bytes.ts';
import type { KeyType } from '../did/public-key.ts';
import { malformedToken } from './malformed.ts';

/** What a varsig header says: who signs, over which encoding. Ours is always DAG-CBOR. */
export interface Varsig {
  readonly keyType: KeyType;
  /** The header's version; 0 is read, never written. */
  readonly version: 0 | 1;
}

// Varsig v1 (ChainAgnostic/varsig): prefix, version, algorithm, curve, hash, DAG-CBOR.
const headers: Readonly<Record<KeyType, string>> = {
  ed25519: '3401ed01ed011371',
  p256: '3401ec0180241271',
  secp256k1: '3401ec01e7011271',
};

const known: readonly (readonly [header: Uint8Array, varsig: Varsig])[] = [
  [encodeVarsig('ed25519'), { keyType: 'ed25519', version: 1 }],
  [encodeVarsig('p256'), { keyType: 'p256', version: 1 }],
  [encodeVarsig('secp256k1'), { keyType: 'secp256k1', version: 1 }],
  // Varsig v0 had no version byte.
  [Uint8Array.of(0x34, 0xed, 0x01, 0x71), { keyType: 'ed25519', version: 0 }],
];

/** The varsig v1 header of a key type, for a signature over DAG-CBOR. */
export function encodeVarsig(keyType: KeyType): Uint8Array<ArrayBuffer> {
  return decodeHex(headers[keyType]) ?? new Uint8Array(0);
}

/**
 * Reads a varsig header.
 *
 * @throws HanaperError `malformed_token`
 */
export function decodeVarsig(header: Uint8Array): Varsig {
  for (const [bytes, varsig] of known) if (equalBytes(bytes, header)) return varsig;
  throw malformedToken('has a signature header of an unknown kind', { field: 'h' });
}
