import { decodeHex, encodeHex } from '../bytes.ts';
import { HanaperError } from '../errors.ts';
import { required } from '../required.ts';
import { DerReader, derTag, encodeDer, encodeDerUnsigned } from './der.ts';

/** The costs of scrypt (RFC 7914): N, r and p. */
export interface ScryptParameters {
  readonly salt: Uint8Array;
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelization: number;
}

/** The costs of PBKDF2 (RFC 8018, section 5.2), with HMAC of this hash. */
export interface Pbkdf2Parameters {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly hash: Pbkdf2Hash;
}

/** The hashes of PBKDF2 that are read. SHA-1 is RFC 8018's default: older programs left the hash out. */
export type Pbkdf2Hash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** A private key in PKCS#8 that a passphrase encrypts by PBES2 (RFC 8018, section 6.2); its costs are within bounds. */
export interface EncryptedPrivateKeyInfo {
  readonly kdf: ({ readonly name: 'scrypt' } & ScryptParameters) | ({ readonly name: 'pbkdf2' } & Pbkdf2Parameters);
  /** Of AES-CBC, in bytes: 16 or 32. */
  readonly keyLength: number;
  readonly iv: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** What a file may ask for: a hostile one must not take all memory, or minutes. */
export const pbes2Limits: Readonly<Record<'scryptMemory' | 'scryptWork' | 'pbkdf2Iterations' | 'saltBytes', number>> = {
  /** r · (N + p) of scrypt, each 128 bytes: 256 MiB. */
  scryptMemory: 2 ** 21,
  /** N · r · p of scrypt. */
  scryptWork: 2 ** 23,
  pbkdf2Iterations: 10_000_000,
  saltBytes: 64,
};

const ivLength = 16;
const blockLength = 16;

const oid = {
  pbes2: '2a864886f70d01050d',
  pbkdf2: '2a864886f70d01050c',
  scrypt: '2b06010401da47040b',
  aes256: '60864801650304012a',
} as const;
const keyLengths: Readonly<Record<string, number>> = { '60864801650304012a': 32, '608648016503040102': 16 };
const hashes: Readonly<Record<string, Pbkdf2Hash>> = {
  '2a864886f70d0207': 'sha1',
  '2a864886f70d0209': 'sha256',
  '2a864886f70d020a': 'sha384',
  '2a864886f70d020b': 'sha512',
};

/**
 * Reads an EncryptedPrivateKeyInfo (RFC 5958, section 3) of PBES2 with scrypt or PBKDF2, and AES-CBC of 128 or 256 bits.
 *
 * @throws HanaperError `malformed_key`, also where the costs are beyond {@link pbes2Limits}
 */
export function readEncryptedPrivateKeyInfo(der: Uint8Array): EncryptedPrivateKeyInfo {
  const file = new DerReader(der);
  const info = file.readSequence();
  file.end();
  const { identifier, parameters } = readAlgorithm(info.readSequence());
  const ciphertext = info.read(derTag.octetString);
  info.end();
  if (identifier !== oid.pbes2) throw unknownEncryption();
  const both = parameters.readSequence();
  parameters.end();
  const derivation = readAlgorithm(both.readSequence());
  const cipher = readAlgorithm(both.readSequence());
  both.end();
  const keyLength = Object.hasOwn(keyLengths, cipher.identifier) ? keyLengths[cipher.identifier] : undefined;
  if (keyLength === undefined) throw unknownEncryption();
  const iv = cipher.parameters.read(derTag.octetString);
  cipher.parameters.end();
  if (iv.length !== ivLength || ciphertext.length === 0 || ciphertext.length % blockLength !== 0) throw damaged();
  return { kdf: readKdf(derivation, keyLength), keyLength, iv, ciphertext };
}

/** Writes an EncryptedPrivateKeyInfo of PBES2 with scrypt and AES-256-CBC. */
export function encodeScryptAes256(
  { salt, cost, blockSize, parallelization }: ScryptParameters,
  iv: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const costs = [cost, blockSize, parallelization].map(encodeDerUnsigned);
  const kdf = encodeAlgorithm(oid.scrypt, encodeDer(derTag.sequence, encodeDer(derTag.octetString, salt), ...costs));
  const cipher = encodeAlgorithm(oid.aes256, encodeDer(derTag.octetString, iv));
  const algorithm = encodeAlgorithm(oid.pbes2, encodeDer(derTag.sequence, kdf, cipher));
  return encodeDer(derTag.sequence, algorithm, encodeDer(derTag.octetString, ciphertext));
}

interface Algorithm {
  readonly identifier: string;
  readonly parameters: DerReader;
}

function readAlgorithm(reader: DerReader): Algorithm {
  return { identifier: encodeHex(reader.read(derTag.objectIdentifier)), parameters: reader };
}

function encodeAlgorithm(identifier: string, parameters: Uint8Array): Uint8Array {
  const name = encodeDer(derTag.objectIdentifier, required(decodeHex(identifier), 'identifier'));
  return encodeDer(derTag.sequence, name, parameters);
}

function readKdf({ identifier, parameters }: Algorithm, keyLength: number): EncryptedPrivateKeyInfo['kdf'] {
  const inner = parameters.readSequence();
  parameters.end();
  if (identifier === oid.scrypt) return readScrypt(inner, keyLength);
  if (identifier === oid.pbkdf2) return readPbkdf2(inner, keyLength);
  throw unknownEncryption();
}

// RFC 7914, section 7.1.
function readScrypt(reader: DerReader, keyLength: number): EncryptedPrivateKeyInfo['kdf'] {
  const salt = readSalt(reader);
  const [cost, blockSize, parallelization] = [reader.readUnsigned(), reader.readUnsigned(), reader.readUnsigned()];
  readKeyLength(reader, keyLength);
  reader.end();
  const isPowerOfTwo = cost > 1 && Number.isInteger(Math.log2(cost));
  if (!isPowerOfTwo || blockSize === 0 || parallelization === 0) throw damaged();
  if (blockSize === 1 && cost >= 2 ** 16) throw damaged();
  const memory = blockSize * (cost + parallelization);
  const work = cost * blockSize * parallelization;
  if (memory > pbes2Limits.scryptMemory || work > pbes2Limits.scryptWork) throw tooCostly();
  return { name: 'scrypt', salt, cost, blockSize, parallelization };
}

// RFC 8018, appendix A.2.
function readPbkdf2(reader: DerReader, keyLength: number): EncryptedPrivateKeyInfo['kdf'] {
  const salt = readSalt(reader);
  const iterations = reader.readUnsigned();
  readKeyLength(reader, keyLength);
  const hash = reader.nextIs(derTag.sequence) ? readHash(reader.readSequence()) : 'sha1';
  reader.end();
  if (iterations === 0) throw damaged();
  if (iterations > pbes2Limits.pbkdf2Iterations) throw tooCostly();
  return { name: 'pbkdf2', salt, iterations, hash };
}

function readHash(reader: DerReader): Pbkdf2Hash {
  const { identifier, parameters } = readAlgorithm(reader);
  if (parameters.nextIs(derTag.null)) parameters.read(derTag.null);
  parameters.end();
  const hash = Object.hasOwn(hashes, identifier) ? hashes[identifier] : undefined;
  if (hash === undefined) throw unknownEncryption();
  return hash;
}

function readSalt(reader: DerReader): Uint8Array {
  const salt = reader.read(derTag.octetString);
  if (salt.length > pbes2Limits.saltBytes) throw tooCostly();
  return salt;
}

function readKeyLength(reader: DerReader, expected: number): void {
  if (reader.nextIs(derTag.integer) && reader.readUnsigned() !== expected) throw damaged();
}

function damaged(): HanaperError {
  return new HanaperError('malformed_key', 'The encryption of this key file is damaged.', { reason: 'PBES2' });
}

function tooCostly(): HanaperError {
  return new HanaperError(
    'malformed_key',
    'This key file asks for more memory or time to be opened than a key file may. Encrypt it anew with smaller costs.',
    { reason: 'cost' },
  );
}

function unknownEncryption(): HanaperError {
  return new HanaperError(
    'malformed_key',
    'This key file is encrypted in a way that is not read here. `openssl pkcs8 -topk8 -v2 aes-256-cbc` writes one that is.',
    { reason: 'another encryption' },
  );
}
