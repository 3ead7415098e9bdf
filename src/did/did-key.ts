import { base58btc } from 'multiformats/bases/base58';
import { requireRefusal } from '../attempt.ts';
import { concatBytes, equalBytes } from '../bytes.ts';
import { importEcdsaPublicKey } from '../crypto/ecdsa.ts';
import { type Ed25519PublicKey, importPublicKey, importPublicKeyToVerify } from '../crypto/ed25519.ts';
import { importRsaPublicKey } from '../crypto/rsa.ts';
import { HanaperError } from '../errors.ts';
import type { KeyType, PublicKey } from './public-key.ts';

const scheme = 'did:key:';
// The multicodec x25519-pub (0xec) as a varint.
const x25519Codec = Uint8Array.of(0xec, 0x01);

interface Kind {
  readonly type: KeyType;
  /** The multicodec as a varint. */
  readonly codec: Uint8Array;
  /** The least and the most characters after the scheme. */
  readonly characters: readonly [least: number, most: number];
}

// The multicodecs ed25519-pub (0xed), p256-pub (0x1200), secp256k1-pub (0xe7), p384-pub (0x1201), p521-pub (0x1202) and
// rsa-pub (0x1205), whose keys have 2048 to 4096 bits and an exponent of 3 to 5 bytes.
const kinds: readonly Kind[] = [
  { type: 'ed25519', codec: Uint8Array.of(0xed, 0x01), characters: [48, 48] },
  { type: 'p256', codec: Uint8Array.of(0x80, 0x24), characters: [49, 49] },
  { type: 'secp256k1', codec: Uint8Array.of(0xe7, 0x01), characters: [49, 49] },
  { type: 'p384', codec: Uint8Array.of(0x81, 0x24), characters: [71, 71] },
  { type: 'p521', codec: Uint8Array.of(0x82, 0x24), characters: [96, 96] },
  { type: 'rsa', codec: Uint8Array.of(0x85, 0x24), characters: [372, 726] },
];

/** The did:key of a public key: `did:key:z6Mk…`, `zDn…`, `zQ3s…`, `z82…`, `z2J9…`, `z4MX…` (did:key v0.9, section 3.1.2). */
export function encodeDidKey({ type, bytes }: PublicKey): string {
  const codec = kinds.find((kind) => kind.type === type)?.codec ?? new Uint8Array(0);
  return scheme + base58btc.encode(concatBytes(codec, bytes));
}

/**
 * The public key of a did:key, which must be in its one canonical form.
 *
 * @throws HanaperError `bad_input`, `malformed_key`, `weak_key`
 */
export function decodeDidKey(did: string): PublicKey {
  return decode(did, importPublicKey);
}

/**
 * Like {@link decodeDidKey}, for a key that verifies one signature and is then forgotten: that it is on the curve is left
 * to that verification, which no other key passes.
 *
 * @throws HanaperError `bad_input`, `malformed_key`, `weak_key`
 */
export function decodeDidKeyToVerify(did: string): PublicKey {
  return decode(did, importPublicKeyToVerify);
}

/** The did:key of an Ed25519 public key: `did:key:z6Mk…`. */
export function encodeEd25519DidKey(bytes: Ed25519PublicKey): string {
  return encodeDidKey({ type: 'ed25519', bytes });
}

/**
 * The public key of an Ed25519 did:key, which must be in its one canonical form.
 *
 * @throws HanaperError `bad_input`, `malformed_key`, `weak_key`
 */
export function decodeEd25519DidKey(did: string): Ed25519PublicKey {
  const key = decodeDidKey(did);
  if (key.type === 'ed25519') return key.bytes;
  throw notDidKey('This is a did:key, but not of an Ed25519 key, which begins with did:key:z6Mk.');
}

/** A public key of X25519, 32 bytes, behind the multicodec x25519-pub in base58btc: `z6LS…`. */
export function encodeX25519Multibase(bytes: Uint8Array): string {
  return base58btc.encode(concatBytes(x25519Codec, bytes));
}

/** Whether a did:key is as long as one of this kind is; nothing of it is decoded. */
export function isAsLongAs(type: KeyType, did: string): boolean {
  return kinds.some((kind) => kind.type === type && fits(kind, did));
}

/** Whether `text` is a canonical did:key of a key that is known here. */
export function isDidKey(text: string): boolean {
  try {
    return encodeDidKey(decodeDidKey(text)) === text;
  } catch (error) {
    requireRefusal(error);
    return false;
  }
}

function decode(did: string, importEd25519: (bytes: Uint8Array) => Ed25519PublicKey): PublicKey {
  const bytes = did.startsWith(scheme) ? decodeBase58(did) : undefined;
  const kind = bytes && kinds.find(({ codec }) => equalBytes(bytes.subarray(0, codec.length), codec));
  if (bytes === undefined || kind === undefined || !fits(kind, did)) {
    throw notDidKey(
      'This is no did:key of an Ed25519, P-256, P-384, P-521, secp256k1 or RSA key; one looks like did:key:z6Mk….',
    );
  }
  const { type, codec } = kind;
  const key = bytes.subarray(codec.length);
  if (type === 'ed25519') return { type, bytes: importEd25519(key) };
  if (type === 'rsa') return { type, bytes: importRsaPublicKey(key) };
  return { type, bytes: importEcdsaPublicKey(type, key) };
}

function fits({ characters: [least, most] }: Kind, did: string): boolean {
  const length = did.length - scheme.length;
  return length >= least && length <= most;
}

function decodeBase58(did: string): Uint8Array | undefined {
  if (!kinds.some((kind) => fits(kind, did))) return undefined;
  try {
    return base58btc.decode(did.slice(scheme.length));
  } catch {
    return undefined;
  }
}

function notDidKey(message: string): HanaperError {
  return new HanaperError('bad_input', message, { expected: 'did:key:z6Mk…' });
}
