import { concatBytes, decodeBase64Ascii, encodeBase64, encodeBase64Ascii, encodeUtf8, equalBytes } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { type Ed25519PublicKey, importPublicKey, publicKeyOf } from './ed25519.ts';
import { Secret } from './secret.ts';

const rawLength = 32;
const maxKeyFileLength = 64 * 1024;

// RFC 8410, section 4: SubjectPublicKeyInfo of Ed25519 is this prefix and the 32 bytes.
const spkiPrefix = bytes('302a300506032b6570032100');
// RFC 8410, section 7: PrivateKeyInfo (version 0) is this prefix and the seed.
const pkcs8Prefix = bytes('302e020100300506032b657004220420');
// RFC 5958, version 1: the same with the public key behind it, tagged [1] as a BIT STRING, in the two encodings in use.
const pkcs8WithPublicKey = [
  { prefix: bytes('3053020101300506032b657004220420'), between: bytes('a123032100') },
  { prefix: bytes('3051020101300506032b657004220420'), between: bytes('812100') },
];

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/**
 * Reads a public key file: 32 raw bytes, or SPKI in PEM (`BEGIN PUBLIC KEY`).
 *
 * @throws HanaperError `malformed_key`, `weak_key`
 */
export function decodePublicKey(file: Uint8Array): Ed25519PublicKey {
  if (file.length === rawLength) return importPublicKey(file);
  using der = decodePem(file, 'PUBLIC KEY');
  const key = stripPrefix(der.bytes, spkiPrefix);
  if (key?.length !== rawLength) throw notEd25519('public');
  return importPublicKey(key);
}

/** A public key as SPKI in PEM (RFC 7468, section 13). */
export function encodePublicKeyPem(publicKey: Ed25519PublicKey): string {
  return `-----BEGIN PUBLIC KEY-----\n${encodeBase64(concatBytes(spkiPrefix, publicKey))}\n-----END PUBLIC KEY-----\n`;
}

/**
 * Reads a private key file: 32 raw bytes (the seed), or unencrypted PKCS#8 in PEM (`BEGIN PRIVATE KEY`).
 * Where the file also holds the public key, it must be that of the seed.
 *
 * @throws HanaperError `malformed_key`
 */
export async function decodePrivateKey(file: Secret): Promise<Secret> {
  if (file.length === rawLength) return Secret.copyOf(file.bytes);
  using der = decodePem(file.bytes, 'PRIVATE KEY');
  const bare = stripPrefix(der.bytes, pkcs8Prefix);
  if (bare?.length === rawLength) return Secret.copyOf(bare);
  for (const { prefix, between } of pkcs8WithPublicKey) {
    const rest = stripPrefix(der.bytes, prefix);
    const stated = rest && stripPrefix(rest.subarray(rawLength), between);
    if (rest && stated?.length === rawLength) {
      return await matchingSeed(Secret.copyOf(rest.subarray(0, rawLength)), stated);
    }
  }
  throw notEd25519('private');
}

/** A private key as PKCS#8 in PEM (RFC 7468, section 10), in bytes that can be wiped. */
export function encodePrivateKeyPem(seed: Secret): Secret {
  using der = Secret.adopt(concatBytes(pkcs8Prefix, seed.bytes));
  using base64 = Secret.adopt(encodeBase64Ascii(der.bytes));
  return Secret.adopt(
    concatBytes(encodeUtf8('-----BEGIN PRIVATE KEY-----\n'), base64.bytes, encodeUtf8('\n-----END PRIVATE KEY-----\n')),
  );
}

async function matchingSeed(seed: Secret, stated: Uint8Array): Promise<Secret> {
  if (equalBytes(await publicKeyOf(seed), stated)) return seed;
  seed[Symbol.dispose]();
  throw new HanaperError('malformed_key', 'The public key in this private key file is not that of its private key.', {
    reason: 'public key mismatch',
  });
}

function decodePem(file: Uint8Array, label: string): Secret {
  const body = file.length > maxKeyFileLength ? undefined : pemBody(file, label);
  const der = body && decodeBase64Ascii(body);
  body?.fill(0);
  if (der === undefined) {
    throw new HanaperError(
      'malformed_key',
      `This file holds no "${label}" in PEM, and not ${rawLength} raw bytes either. Expected "-----BEGIN ${label}-----".`,
      { reason: 'not a PEM or raw key', expected: label },
    );
  }
  return Secret.adopt(der);
}

function pemBody(file: Uint8Array, label: string): Uint8Array | undefined {
  const begin = encodeUtf8(`-----BEGIN ${label}-----`);
  const end = encodeUtf8(`-----END ${label}-----`);
  const inner = trimAscii(file);
  if (stripPrefix(inner, begin) === undefined) return undefined;
  if (!equalBytes(inner.subarray(-end.length), end) || inner.length < begin.length + end.length) return undefined;
  return inner.subarray(begin.length, -end.length).filter((byte) => !isAsciiSpace(byte));
}

function trimAscii(text: Uint8Array): Uint8Array {
  const start = text.findIndex((byte) => !isAsciiSpace(byte));
  return start < 0 ? text.subarray(0, 0) : text.subarray(start, text.findLastIndex((byte) => !isAsciiSpace(byte)) + 1);
}

function isAsciiSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function stripPrefix(from: Uint8Array, prefix: Uint8Array): Uint8Array | undefined {
  return equalBytes(from.subarray(0, prefix.length), prefix) ? from.subarray(prefix.length) : undefined;
}

function notEd25519(kind: 'public' | 'private'): HanaperError {
  return new HanaperError(
    'malformed_key',
    `This file holds a ${kind} key, but not an Ed25519 one. Hanaper signs packages with Ed25519 keys only.`,
    { reason: 'another algorithm' },
  );
}
