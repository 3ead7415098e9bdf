import { concatBytes, encodeBase64, equalBytes } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { joinSecret } from '../secret-bytes.ts';
import { DerReader, derTag, malformedDer } from './der.ts';
import { type Ed25519PublicKey, importPublicKey, publicKeyOf } from './ed25519.ts';
import { decodePem, encodePem, findPemProblem } from './pem.ts';
import { type PrivateKeyInfo, publicKeyMismatch, readPrivateKeyInfo } from './private-key-info.ts';
import { Secret } from './secret.ts';

const rawLength = 32;

// RFC 8410, section 4: SubjectPublicKeyInfo of Ed25519 is this prefix and the 32 bytes.
const spkiPrefix = bytes('302a300506032b6570032100');
// RFC 8410, section 7: PrivateKeyInfo (version 0) is this prefix and the seed.
const pkcs8Prefix = bytes('302e020100300506032b657004220420');
const ed25519 = '2b6570';

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
  using der = requirePem(file, 'PUBLIC KEY');
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
  using der = requirePem(file.bytes, 'PRIVATE KEY');
  const seed = await decodeEd25519Info(readPrivateKeyInfo(der.bytes));
  if (seed === undefined) throw notEd25519('private');
  return seed;
}

/** A private key as PKCS#8 in PEM (RFC 7468, section 10), in bytes that can be wiped. */
export function encodePrivateKeyPem(seed: Secret): Secret {
  using der = encodeEd25519Info(seed);
  return encodePem('PRIVATE KEY', der.bytes);
}

/** A seed in PKCS#8, version 0. */
export function encodeEd25519Info(seed: Secret): Secret {
  return Secret.hold(joinSecret(pkcs8Prefix, seed.bytes));
}

/**
 * The seed of an Ed25519 key in PKCS#8 (RFC 8410, section 7); `undefined` where it is a key of another algorithm.
 *
 * @throws HanaperError `malformed_key`
 */
export async function decodeEd25519Info(info: PrivateKeyInfo): Promise<Secret | undefined> {
  if (info.algorithm !== ed25519 || info.parameter !== undefined) return undefined;
  const key = new DerReader(info.privateKey);
  const seed = key.read(derTag.octetString);
  key.end();
  if (seed.length !== rawLength) throw malformedDer();
  return info.publicKey ? await matchingSeed(Secret.copyOf(seed), info.publicKey) : Secret.copyOf(seed);
}

async function matchingSeed(seed: Secret, stated: Uint8Array): Promise<Secret> {
  if (equalBytes(await publicKeyOf(seed), stated)) return seed;
  seed[Symbol.dispose]();
  throw publicKeyMismatch();
}

function requirePem(file: Uint8Array, label: string): Secret {
  const der = decodePem(file, label);
  if (der) return der;
  const problem = findPemProblem(file, label);
  if (problem) throw new HanaperError('malformed_key', problem.message, { reason: problem.reason, expected: label });
  throw new HanaperError(
    'malformed_key',
    `This file holds no "${label}" in PEM, and not ${rawLength} raw bytes either. Expected "-----BEGIN ${label}-----".`,
    { reason: 'not a PEM or raw key', expected: label },
  );
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
