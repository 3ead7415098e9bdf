import { decodeBase64, encodeBase64 } from '../bytes.ts';
import { isSha256Hex } from '../crypto/fingerprint.ts';
import { malformedSignature, readObject, readString } from './malformed.ts';
import { parseTime } from './time.ts';

/** A `v1` signature document: Ed25519 over the 32 bytes of a package's SHA-256, which binds nothing else. */
export interface HashSignature {
  readonly version: 1;
  readonly algorithm: 'ed25519';
  /** 64 hex characters. */
  readonly package_hash: string;
  /** 64 hex characters. */
  readonly key_fingerprint: string;
  /** Standard base64 of 64 bytes. */
  readonly signature: string;
  /** RFC 3339, UTC: a claim, used by no rule. */
  readonly signed_at: string;
}

/** The document of a hash signature. */
export function encodeHashSignature(
  packageHash: string,
  keyFingerprint: string,
  signature: Uint8Array,
  signedAt: string,
): HashSignature {
  return {
    version: 1,
    algorithm: 'ed25519',
    package_hash: packageHash,
    key_fingerprint: keyFingerprint,
    signature: encodeBase64(signature),
    signed_at: signedAt,
  };
}

/**
 * Reads a `v1` document that came from outside; each of its six fields is checked.
 *
 * @throws HanaperError `malformed_signature`
 */
export function decodeHashSignature(value: unknown): Omit<HashSignature, 'signature'> & { signature: Uint8Array } {
  const keys = ['version', 'algorithm', 'package_hash', 'key_fingerprint', 'signature', 'signed_at'];
  const document = readObject(value, 'the hash signature', keys);
  if (document['version'] !== 1) throw malformedSignature('has a version other than 1');
  if (document['algorithm'] !== 'ed25519') throw malformedSignature('has an algorithm other than ed25519');
  const signature = decodeBase64(readString(document['signature'], 'signature', 88));
  if (signature?.length !== 64) throw malformedSignature('has no signature of 64 bytes in standard base64');
  return {
    version: 1,
    algorithm: 'ed25519',
    package_hash: readString(document['package_hash'], 'package_hash', 64, isSha256Hex),
    key_fingerprint: readString(document['key_fingerprint'], 'key_fingerprint', 64, isSha256Hex),
    signature,
    signed_at: readString(document['signed_at'], 'signed_at', 30, (text) => parseTime(text) !== undefined),
  };
}
