import { decodeEcInfo, decodeEcPrivateKey, type EcPrivateKey, encodeEcInfo } from '../crypto/ec-private-key.ts';
import { decryptPrivateKeyInfo, encryptPrivateKeyInfo } from '../crypto/encrypted-private-key.ts';
import { decodeEd25519Info, encodeEd25519Info } from '../crypto/key-format.ts';
import { readEncryptedPrivateKeyInfo } from '../crypto/pbes2.ts';
import { decodePem, encodePem, findPemProblem, maxKeyFileLength, trimAscii } from '../crypto/pem.ts';
import { readPrivateKeyInfo } from '../crypto/private-key-info.ts';
import { Secret } from '../crypto/secret.ts';
import { HanaperError } from '../errors.ts';
import { decodeSecretHex } from '../secret-bytes.ts';
import { decodePrivateJwk } from './jwk.ts';
import { PrivateKey } from './private-key.ts';

const label = { plain: 'PRIVATE KEY', ec: 'EC PRIVATE KEY', encrypted: 'ENCRYPTED PRIVATE KEY' } as const;
const hexLength = 64;
const newline = 0x0a;
const brace = 0x7b;

/**
 * Reads the private key of an identity, of any kind: PEM of PKCS#8, encrypted or not, or of SEC 1; a JSON Web Key; or
 * an Ed25519 seed as 64 lower-case hex characters, with a newline behind them or not.
 * `passphrase` is called for an encrypted key alone, after its costs were found to be within bounds; what it gives is
 * wiped here.
 *
 * @throws HanaperError `malformed_key`, `weak_key`, and `wrong_passphrase` where an encrypted key does not open
 */
export async function decodeIdentityKey(file: Secret, passphrase?: () => Promise<Secret>): Promise<PrivateKey> {
  if (file.length > maxKeyFileLength) throw unreadable();
  const seed = decodeHexSeed(file.bytes);
  if (seed) return new PrivateKey('ed25519', seed);
  if (trimAscii(file.bytes)[0] === brace) return await decodePrivateJwk(file.bytes);
  using plain = decodePem(file.bytes, label.plain);
  if (plain) return await decodeInfo(plain);
  using ec = decodePem(file.bytes, label.ec);
  const decoded = ec && (await decodeEcPrivateKey(ec.bytes));
  if (decoded) return fromEc(decoded);
  using encrypted = decodePem(file.bytes, label.encrypted);
  if (encrypted === undefined) throw explain(file.bytes);
  using info = await decrypt(encrypted, passphrase);
  return await decodeInfo(info);
}

/** A private key as PKCS#8 in PEM, byte for byte as OpenSSL writes it, in bytes that can be wiped. */
export async function encodeIdentityKeyPem(key: PrivateKey): Promise<Secret> {
  using info = await encodeInfo(key);
  const pem = encodePem(label.plain, info.bytes);
  return pem;
}

/** The same, encrypted with a passphrase: PBES2 (RFC 8018) of scrypt and AES-256-CBC, which OpenSSL reads. */
export async function encryptIdentityKeyPem(key: PrivateKey, passphrase: Secret): Promise<Secret> {
  using info = await encodeInfo(key);
  const encrypted = await encryptPrivateKeyInfo(info, passphrase);
  return encodePem(label.encrypted, encrypted);
}

async function decrypt(encrypted: Secret, passphrase: (() => Promise<Secret>) | undefined): Promise<Secret> {
  const parameters = readEncryptedPrivateKeyInfo(encrypted.bytes);
  if (passphrase === undefined) {
    throw new HanaperError('wrong_passphrase', 'This key file is encrypted, and no passphrase was given for it.', {
      reason: 'no passphrase',
    });
  }
  using given = await passphrase();
  const info = await decryptPrivateKeyInfo(parameters, given);
  if (info) return info;
  throw new HanaperError('wrong_passphrase', 'This passphrase does not open the key file, or the file is damaged.');
}

async function decodeInfo(der: Secret): Promise<PrivateKey> {
  const info = readPrivateKeyInfo(der.bytes);
  const seed = await decodeEd25519Info(info);
  return seed ? new PrivateKey('ed25519', seed) : fromEc(await decodeEcInfo(info));
}

function encodeInfo({ type, secret }: PrivateKey): Promise<Secret> {
  return type === 'ed25519'
    ? Promise.resolve(encodeEd25519Info(secret))
    : encodeEcInfo({ curve: type, scalar: secret });
}

function fromEc(key: EcPrivateKey | undefined): PrivateKey {
  if (key) return new PrivateKey(key.curve, key.scalar);
  throw new HanaperError(
    'malformed_key',
    'This file holds a private key, but not one of Ed25519, P-256 or secp256k1, which identities have.',
    { reason: 'another algorithm' },
  );
}

function decodeHexSeed(file: Uint8Array): Secret | undefined {
  const digits = file.length === hexLength + 1 && file[hexLength] === newline ? file.subarray(0, hexLength) : file;
  if (digits.length !== hexLength) return undefined;
  const seed = decodeSecretHex(digits);
  return seed && Secret.hold(seed);
}

function explain(file: Uint8Array): HanaperError {
  for (const each of [label.encrypted, label.ec, label.plain]) {
    const problem = findPemProblem(file, each);
    if (problem && problem.reason !== 'encrypted') {
      return new HanaperError('malformed_key', problem.message, { reason: problem.reason, expected: each });
    }
  }
  return unreadable();
}

function unreadable(): HanaperError {
  return new HanaperError(
    'malformed_key',
    'This file holds no private key that is read here: PEM ("-----BEGIN PRIVATE KEY-----", also EC or ENCRYPTED), ' +
      'a JSON Web Key, or 64 hex characters.',
    { reason: 'not a key file' },
  );
}
