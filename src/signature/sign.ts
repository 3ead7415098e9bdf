import { decodeHex } from '../bytes.ts';
import { sign } from '../crypto/ed25519.ts';
import type { Secret } from '../crypto/secret.ts';
import { type OptionNames, requireKnownOptions } from '../options.ts';
import { type DsseEnvelope, encodeEnvelope, preAuthenticationEncoding } from './dsse.ts';
import { encodeHashSignature, type HashSignature } from './hash-signature.ts';
import { encodeStatement, type PackageStatement } from './statement.ts';

const statementNames: OptionNames<PackageStatement> = {
  name: true,
  packageHash: true,
  organisation: true,
  keyFingerprint: true,
  signedAt: true,
  expiresAt: true,
};

/** Signs a statement about a package with the signing key that the statement names. */
export async function signStatement(seed: Secret, statement: PackageStatement): Promise<DsseEnvelope> {
  requireKnownOptions('signStatement', statement, statementNames);
  const payload = encodeStatement(statement);
  const signature = await sign(seed, preAuthenticationEncoding(payload));
  return encodeEnvelope(payload, signature, statement.keyFingerprint);
}

/**
 * Signs the bare SHA-256 of a package (64 hex characters).
 * Prefer {@link signStatement}: this binds neither name, organisation nor time.
 */
export async function signHash(
  seed: Secret,
  packageHash: string,
  keyFingerprint: string,
  signedAt: string,
): Promise<HashSignature> {
  const hash = decodeHex(packageHash);
  if (hash?.length !== 32) throw new TypeError('a package hash is 64 lower-case hex characters');
  return encodeHashSignature(packageHash, keyFingerprint, await sign(seed, hash), signedAt);
}
