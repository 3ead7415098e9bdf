import { decodeBase64Url, decodeBase64UrlAscii, decodeUtf8, encodeBase64Url, equalBytes } from '../bytes.ts';
import { compressEcdsaPublicKey, decompressEcdsaPublicKey } from '../crypto/ecdsa.ts';
import { importPublicKey } from '../crypto/ed25519.ts';
import { Secret } from '../crypto/secret.ts';
import { HanaperError } from '../errors.ts';
import { encodeSecretText } from '../secret-bytes.ts';
import { PrivateKey, publicKeyOfPrivate } from './private-key.ts';
import type { KeyType, PublicKey } from './public-key.ts';

/** A public key as a JSON Web Key: RFC 8037 (Ed25519), RFC 7518 (P-256), RFC 8812 (secp256k1). */
export interface PublicJwk {
  readonly kty: 'OKP' | 'EC';
  readonly crv: 'Ed25519' | 'P-256' | 'secp256k1';
  /** 32 bytes in base64url. */
  readonly x: string;
  /** Likewise; for EC alone. */
  readonly y?: string;
}

type Members = Readonly<Record<string, unknown>>;

interface Kind {
  readonly type: KeyType;
  readonly kty: PublicJwk['kty'];
  readonly crv: PublicJwk['crv'];
  readonly algorithms: readonly unknown[];
}

const kinds: readonly Kind[] = [
  { type: 'ed25519', kty: 'OKP', crv: 'Ed25519', algorithms: ['EdDSA', 'Ed25519'] },
  { type: 'p256', kty: 'EC', crv: 'P-256', algorithms: ['ES256'] },
  { type: 'secp256k1', kty: 'EC', crv: 'secp256k1', algorithms: ['ES256K'] },
];

// RFC 7517, section 4; `ext` is WebCrypto's.
const commonMembers = ['kty', 'crv', 'x', 'use', 'alg', 'kid', 'key_ops', 'ext'];
const coordinate = /^[\w-]{43}$/;

/** A public key as a JSON Web Key, with the required members alone, in the order of RFC 7638. */
export function encodeJwk(key: PublicKey): PublicJwk {
  if (key.type === 'ed25519') return { kty: 'OKP', crv: 'Ed25519', x: encodeBase64Url(key.bytes) };
  const point = decompressEcdsaPublicKey(key.type, key.bytes);
  return {
    kty: 'EC',
    crv: key.type === 'p256' ? 'P-256' : 'secp256k1',
    x: encodeBase64Url(point.subarray(1, 33)),
    y: encodeBase64Url(point.subarray(33)),
  };
}

/** Whether this claims to be a JSON Web Key of one of the kinds that are known here. */
export function isKnownJwk(jwk: unknown): boolean {
  return typeof jwk === 'object' && jwk !== null && kindOf(jwk as Members) !== undefined;
}

/**
 * The public key of a JSON Web Key. Unlike RFC 7517, section 4, has it, members of no known name are refused, and so is
 * a private key.
 *
 * @throws HanaperError `malformed_key`, `weak_key`
 */
export function decodePublicJwk(jwk: unknown): PublicKey {
  return readPublic(requireMembers(jwk), 'verify', []);
}

/**
 * Reads a private key in the JSON text of a JSON Web Key, whose public half must be that of `d`.
 * The bytes made here are wiped; the strings that parsing makes are not, until they are collected.
 *
 * @throws HanaperError `malformed_key`, `weak_key`
 */
export async function decodePrivateJwk(text: Uint8Array): Promise<PrivateKey> {
  const members = requireMembers(parseJson(text));
  const publicKey = readPublic(members, 'sign', ['d']);
  const key = new PrivateKey(publicKey.type, readSecret(members['d']));
  try {
    const { bytes } = await publicKeyOfPrivate(key);
    if (!equalBytes(bytes, publicKey.bytes)) throw malformed('its public key is not that of its private key');
    return key;
  } catch (error) {
    key[Symbol.dispose]();
    throw error;
  }
}

function parseJson(text: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(text) ?? '');
  } catch {
    // The parser's own message would quote the text.
    throw malformed('it is no JSON');
  }
}

function requireMembers(jwk: unknown): Members {
  if (typeof jwk === 'object' && jwk !== null && !Array.isArray(jwk)) return jwk as Members;
  throw malformed('it is no JSON object');
}

function kindOf(members: Members): Kind | undefined {
  return kinds.find(({ kty, crv }) => members['kty'] === kty && members['crv'] === crv);
}

function readPublic(members: Members, operation: 'sign' | 'verify', more: readonly string[]): PublicKey {
  const kind = kindOf(members);
  if (kind === undefined) throw malformed('it is no key of Ed25519, P-256 or secp256k1');
  const allowed = [...commonMembers, ...(kind.kty === 'EC' ? ['y'] : []), ...more];
  if (!Object.keys(members).every((name) => allowed.includes(name)))
    throw malformed('it has members that do not belong');
  requireUse(members, kind, operation);
  const x = readCoordinate(members['x']);
  if (kind.type === 'ed25519') return { type: kind.type, bytes: importPublicKey(x) };
  const point = Uint8Array.of(4, ...x, ...readCoordinate(members['y']));
  return { type: kind.type, bytes: compressEcdsaPublicKey(kind.type, point) };
}

// RFC 7517, sections 4.2 to 4.5: what the key says of itself must allow what it is read for.
function requireUse(members: Members, { algorithms }: Kind, operation: string): void {
  const { use = 'sig', alg = algorithms[0], kid = '', ext = true, key_ops: operations = [operation] } = members;
  if (use !== 'sig' || !algorithms.includes(alg)) throw malformed('it is for another use');
  if (!Array.isArray(operations) || !operations.includes(operation)) throw malformed('it is for another use');
  if (typeof kid !== 'string' || typeof ext !== 'boolean') throw malformed('a member has another type');
}

function readCoordinate(text: unknown): Uint8Array {
  const bytes = typeof text === 'string' && coordinate.test(text) ? decodeBase64Url(text) : undefined;
  if (bytes) return bytes;
  throw malformed('a coordinate is not 32 bytes in base64url');
}

// As bytes: decoding text would leave copies that nobody wipes.
function readSecret(text: unknown): Secret {
  if (typeof text !== 'string' || !coordinate.test(text)) throw malformed('d is not 32 bytes in base64url');
  using base64 = Secret.hold(encodeSecretText(text));
  const secret = decodeBase64UrlAscii(base64.bytes);
  if (secret) return Secret.hold(secret);
  throw malformed('d is not 32 bytes in base64url');
}

function malformed(why: string): HanaperError {
  return new HanaperError('malformed_key', `This JSON Web Key cannot be read: ${why}.`, { reason: why });
}
