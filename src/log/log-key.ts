import { decode, encode } from 'cborg';
import { equalBytes } from '../bytes.ts';
import { type Ed25519PublicKey, importPublicKey, importPublicKeyToVerify, verify } from '../crypto/ed25519.ts';
import { decodeEd25519DidKey } from '../did/did-key.ts';
import { formatOrigin, isEpoch, type LogName } from './origin.ts';
import { logTampered } from './tampered.ts';
import { isTime } from './time.ts';
import type { VerifierKey } from './verifier-key.ts';

/** By which key an authority signs the checkpoints of a log. */
export interface LogKeyClaims extends LogName {
  /** The Ed25519 public key of the notes: 32 bytes. */
  readonly publicKey: Uint8Array;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
}

/** {@link LogKeyClaims} as they are signed. */
export interface SignedLogKey {
  /** DAG-CBOR. */
  readonly statement: Uint8Array;
  /** 64 bytes, by the identity key of the authority. */
  readonly signature: Uint8Array;
}

/** The key of a log, by the word of its authority. */
export interface LogKey extends LogKeyClaims {
  readonly publicKey: Ed25519PublicKey;
  /** The origin of the log, which is the name of the key. */
  readonly origin: string;
}

/** The signer with the identity key of an authority: an unlocked vault. */
export interface IdentitySigner {
  readonly did: string;
  sign(message: Uint8Array): Promise<Uint8Array>;
}

const context = 'hanaper/v1/log-key';
const maxStatementLength = 256;

/**
 * The bytes that an identity key signs over the key of a log: DAG-CBOR
 * `["hanaper/v1/log-key", did, epoch, public key, created_at]`.
 */
export function encodeLogKeyStatement({ did, epoch, publicKey, createdAt }: LogKeyClaims): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encode([context, did, epoch, publicKey, createdAt]));
}

/** States the key of a log, in the name of the authority that signs. */
export async function signLogKey(identity: IdentitySigner, claims: Omit<LogKeyClaims, 'did'>): Promise<SignedLogKey> {
  const statement = encodeLogKeyStatement({ ...claims, did: identity.did });
  return { statement, signature: await identity.sign(statement) };
}

/**
 * The key of a log, if the authority `did` has signed that it is. The key is another than that of the authority.
 *
 * @throws HanaperError `log_tampered`; `bad_input`, `malformed_key`, `weak_key` for an invalid DID
 */
export async function checkLogKey({ statement, signature }: SignedLogKey, did: string): Promise<LogKey> {
  const identity = decodeEd25519DidKey(did);
  const whole = statement.length <= maxStatementLength && (await verify(identity, statement, signature));
  if (!whole) throw refused('is not signed by its authority', did);
  return requireOwn(readStatement(statement, did, importPublicKey), identity);
}

/**
 * The key of a log, out of a statement that stands within something else that the authority has signed with `identity`: the
 * statement's own signature is not looked at. The key is good to verify with, and for nothing else.
 *
 * @throws HanaperError `log_tampered`
 */
export function readLogKey(statement: Uint8Array, did: string, identity: Ed25519PublicKey): LogKey {
  if (statement.length > maxStatementLength) throw refused('has too long a statement', did);
  return requireOwn(readStatement(statement, did, importPublicKeyToVerify), identity);
}

/** The key as verifiers of notes take it: its name is the origin of the log. */
export function verifierKeyOf({ origin, publicKey }: LogKey): VerifierKey {
  return { name: origin, publicKey };
}

function requireOwn(key: LogKey, identity: Ed25519PublicKey): LogKey {
  if (equalBytes(key.publicKey, identity)) throw refused('is that of the authority itself', key.did);
  return key;
}

function readStatement(statement: Uint8Array, did: string, importKey: (bytes: Uint8Array) => Ed25519PublicKey): LogKey {
  const [, , epoch, key, createdAt] = readList(statement, did);
  if (!isEpoch(epoch) || !(key instanceof Uint8Array) || !isTime(createdAt)) {
    throw refused('has a statement with other fields', did);
  }
  const publicKey = readKey(key, did, importKey);
  const canonical = encodeLogKeyStatement({ did, epoch, publicKey, createdAt });
  if (!equalBytes(canonical, statement)) throw refused('has a statement about something else, or in another form', did);
  return { did, epoch, publicKey, createdAt, origin: formatOrigin({ did, epoch }) };
}

function readList(statement: Uint8Array, did: string): readonly unknown[] {
  try {
    const list: unknown = decode(statement);
    return Array.isArray(list) ? list : [];
  } catch (cause) {
    throw refused('has a statement that is no DAG-CBOR', did, cause);
  }
}

function readKey(bytes: Uint8Array, did: string, importKey: (bytes: Uint8Array) => Ed25519PublicKey): Ed25519PublicKey {
  try {
    return importKey(bytes);
  } catch (cause) {
    throw refused('is no key', did, cause);
  }
}

function refused(reason: string, did: string, cause?: unknown): Error {
  return logTampered('log key', reason, { did }, cause);
}
