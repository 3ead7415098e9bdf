import { decodeBase64Url, decodeBase64UrlAscii, encodeBase64Url, equalBytes } from '../bytes.ts';
import { compressEcdsaPublicKey, decompressEcdsaPublicKey } from '../crypto/ecdsa.ts';
import { importPublicKey } from '../crypto/ed25519.ts';
import { rsaLimits, rsaNumbersOf, rsaPublicKeyOf } from '../crypto/rsa.ts';
import { Secret } from '../crypto/secret.ts';
import { HanaperError } from '../errors.ts';
import { parseJson } from '../parse-json.ts';
import { encodeSecretText } from '../secret-bytes.ts';
import { PrivateKey, publicKeyOfPrivate } from './private-key.ts';
import type { KeyType, PublicKey, SigningKeyType } from './public-key.ts';

/** A public key as a JSON Web Key: RFC 8037 (Ed25519), RFC 7518 (P-256, P-384, P-521, RSA), RFC 8812 (secp256k1). */
export type PublicJwk = CurveJwk | RsaJwk;

/** A point on a curve, its coordinates in base64url. */
interface CurveJwk {
  readonly kty: 'OKP' | 'EC';
  readonly crv: 'Ed25519' | 'P-256' | 'secp256k1' | 'P-384' | 'P-521';
  /** 32 bytes, 48 of P-384, 66 of P-521. */
  readonly x: string;
  /** Likewise; for EC alone. */
  readonly y?: string;
}

/** Modulus and exponent in base64url. */
interface RsaJwk {
  readonly kty: 'RSA';
  readonly e: string;
  readonly n: string;
}

type Members = Readonly<Record<string, unknown>>;

interface CurveKind {
  readonly type: Exclude<KeyType, 'rsa'>;
  readonly kty: CurveJwk['kty'];
  readonly crv: CurveJwk['crv'];
  readonly algorithms: readonly unknown[];
  /** The bytes of a coordinate. */
  readonly bytes: number;
  readonly members: readonly string[];
}

interface RsaKind {
  readonly type: 'rsa';
  readonly kty: 'RSA';
  readonly crv: undefined;
  readonly algorithms: readonly unknown[];
  readonly members: readonly string[];
}

type Kind = CurveKind | RsaKind;

const okp = { kty: 'OKP', members: ['crv', 'x'] } as const;
const ec = { kty: 'EC', members: ['crv', 'x', 'y'] } as const;
const rsa = { kty: 'RSA', members: ['n', 'e'] } as const;
const kinds: readonly Kind[] = [
  { ...okp, type: 'ed25519', crv: 'Ed25519', algorithms: ['EdDSA', 'Ed25519'], bytes: 32 },
  { ...ec, type: 'p256', crv: 'P-256', algorithms: ['ES256'], bytes: 32 },
  { ...ec, type: 'secp256k1', crv: 'secp256k1', algorithms: ['ES256K'], bytes: 32 },
  { ...ec, type: 'p384', crv: 'P-384', algorithms: ['ES384'], bytes: 48 },
  { ...ec, type: 'p521', crv: 'P-521', algorithms: ['ES512'], bytes: 66 },
  { ...rsa, type: 'rsa', crv: undefined, algorithms: ['RS256'] },
];

// RFC 7517, section 4; `ext` is WebCrypto's.
const commonMembers = ['kty', 'use', 'alg', 'kid', 'key_ops', 'ext'];
const base64Url = /^[\w-]+$/;
const secretBytes = 32;
const maxNumberCharacters = Math.ceil(rsaLimits.maxBits / 6);

/** A public key as a JSON Web Key, with the required members alone, in the order of RFC 7638. */
export function encodeJwk(key: PublicKey): PublicJwk {
  if (key.type === 'ed25519') return { kty: 'OKP', crv: 'Ed25519', x: encodeBase64Url(key.bytes) };
  if (key.type === 'rsa') {
    const { modulus, exponent } = rsaNumbersOf(key.bytes);
    return { e: encodeBase64Url(exponent), kty: 'RSA', n: encodeBase64Url(modulus) };
  }
  const point = decompressEcdsaPublicKey(key.type, key.bytes);
  const end = (point.length + 1) / 2;
  return {
    kty: 'EC',
    crv: curveNameOf(key.type),
    x: encodeBase64Url(point.subarray(1, end)),
    y: encodeBase64Url(point.subarray(end)),
  };
}

/** Whether this claims to be a JSON Web Key of one of the kinds, and of RSA of the sizes, that are known here. */
export function isKnownJwk(jwk: unknown): boolean {
  return typeof jwk === 'object' && jwk !== null && kindOf(jwk as Members) !== undefined;
}

function curveNameOf(type: CurveKind['type']): CurveJwk['crv'] {
  const kind = kinds.find((each): each is CurveKind => each.type === type);
  if (kind) return kind.crv;
  throw new TypeError(`no curve is called ${type}`);
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
  const members = requireMembers(readText(text));
  const publicKey = readPublic(members, 'sign', ['d']);
  const key = new PrivateKey(requireSigning(publicKey.type), readSecret(members['d']));
  try {
    const { bytes } = await publicKeyOfPrivate(key);
    if (!equalBytes(bytes, publicKey.bytes)) throw malformed('its public key is not that of its private key');
    return key;
  } catch (error) {
    key[Symbol.dispose]();
    throw error;
  }
}

function readText(text: Uint8Array): unknown {
  const value = parseJson(text);
  if (value === undefined) throw malformed('it is no JSON');
  return value;
}

function requireMembers(jwk: unknown): Members {
  if (typeof jwk === 'object' && jwk !== null && !Array.isArray(jwk)) return jwk as Members;
  throw malformed('it is no JSON object');
}

function requireSigning(type: KeyType): SigningKeyType {
  if (type === 'ed25519' || type === 'p256' || type === 'secp256k1') return type;
  throw malformed('keys of its kind sign nothing here');
}

function kindOf(members: Members): Kind | undefined {
  const kind = kinds.find(({ kty, crv }) => members['kty'] === kty && members['crv'] === crv);
  return kind?.type === 'rsa' && !hasKnownSize(members['n']) ? undefined : kind;
}

function hasKnownSize(modulus: unknown): boolean {
  if (typeof modulus !== 'string') return false;
  const bytes = Math.floor((modulus.length * 3) / 4);
  return bytes >= rsaLimits.leastBits / 8 && bytes <= rsaLimits.maxBits / 8;
}

function readPublic(members: Members, operation: 'sign' | 'verify', more: readonly string[]): PublicKey {
  const kind = kindOf(members);
  if (kind === undefined) throw malformed('it is no key of Ed25519, P-256, P-384, P-521, secp256k1 or RSA');
  const allowed = [...commonMembers, ...kind.members, ...more];
  if (!Object.keys(members).every((name) => allowed.includes(name)))
    throw malformed('it has members that do not belong');
  requireUse(members, kind, operation);
  if (kind.type === 'rsa') {
    const [modulus, exponent] = [readNumber(members['n']), readNumber(members['e'])];
    return { type: kind.type, bytes: rsaPublicKeyOf({ modulus, exponent }) };
  }
  const x = readCoordinate(members['x'], kind);
  if (kind.type === 'ed25519') return { type: kind.type, bytes: importPublicKey(x) };
  const point = Uint8Array.of(4, ...x, ...readCoordinate(members['y'], kind));
  return { type: kind.type, bytes: compressEcdsaPublicKey(kind.type, point) };
}

// RFC 7517, sections 4.2 to 4.5: what the key says of itself must allow what it is read for.
function requireUse(members: Members, { algorithms }: Kind, operation: string): void {
  const { use = 'sig', alg = algorithms[0], kid = '', ext = true, key_ops: operations = [operation] } = members;
  if (use !== 'sig' || !algorithms.includes(alg)) throw malformed('it is for another use');
  if (!Array.isArray(operations) || !operations.includes(operation)) throw malformed('it is for another use');
  if (typeof kid !== 'string' || typeof ext !== 'boolean') throw malformed('a member has another type');
}

function readCoordinate(text: unknown, { bytes: length }: CurveKind): Uint8Array {
  const bytes = isBase64Url(text, length) ? decodeBase64Url(text) : undefined;
  if (bytes) return bytes;
  throw malformed(`a coordinate is not ${length} bytes in base64url`);
}

// RFC 7518, section 6.3.1: a number in as few bytes as it takes.
function readNumber(text: unknown): Uint8Array {
  const bytes = typeof text === 'string' && text.length <= maxNumberCharacters ? decodeBase64Url(text) : undefined;
  if (bytes && bytes[0] !== 0) return bytes;
  throw malformed('n or e is no number in base64url');
}

function isBase64Url(text: unknown, length: number): text is string {
  return typeof text === 'string' && text.length === Math.ceil((length * 4) / 3) && base64Url.test(text);
}

// As bytes: decoding text would leave copies that nobody wipes.
function readSecret(text: unknown): Secret {
  if (!isBase64Url(text, secretBytes)) throw malformed('d is not 32 bytes in base64url');
  using base64 = Secret.hold(encodeSecretText(text));
  const secret = decodeBase64UrlAscii(base64.bytes);
  if (secret) return Secret.hold(secret);
  throw malformed('d is not 32 bytes in base64url');
}

function malformed(why: string): HanaperError {
  return new HanaperError('malformed_key', `This JSON Web Key cannot be read: ${why}.`, { reason: why });
}
