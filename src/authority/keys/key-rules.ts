import { equalBytes } from '../../bytes.ts';
import type { Ed25519PublicKey } from '../../crypto/ed25519.ts';
import { fingerprintOf } from '../../crypto/fingerprint.ts';
import type { Secret } from '../../crypto/secret.ts';
import { decodeEd25519DidKey, encodeEd25519DidKey } from '../../did/did-key.ts';
import { HanaperError } from '../../errors.ts';
import type { SigningKeyRow } from '../../store/engine/schema.ts';
import type { Transaction } from '../../store/engine/transaction.ts';
import { findDidDocument } from '../../store/tables/did-documents.ts';
import { findOrganization, listOrganizations } from '../../store/tables/organizations.ts';
import { listSigningKeysByFingerprint } from '../../store/tables/signing-keys.ts';
import { isCompromised, listPublicKeys } from '../../store/tables/trusted-keys.ts';
import { listDelegationsByIssuer } from '../../store/tables/ucan-delegations.ts';
import type { CommandContext } from '../schemas/command.ts';

/**
 * Signing keys sign packages, identity keys sign tokens, never the other way.
 *
 * @throws HanaperError `bad_input`
 */
export async function requireNotIdentityKey(
  { transaction, authority }: CommandContext,
  publicKey: Ed25519PublicKey,
  known: 'at all' | 'by what it issued' = 'at all',
): Promise<void> {
  const did = encodeEd25519DidKey(publicKey);
  const organisation = await findOrganization(transaction, { did });
  const principal =
    known === 'at all' ? await findDidDocument(transaction, did) : await findPrincipal(transaction, did);
  const owner = equalBytes(publicKey, authority.publicKey) ? 'the authority' : (organisation?.name ?? principal?.did);
  if (owner === undefined) return;
  throw new HanaperError(
    'bad_input',
    `This is the identity key of ${owner}. Identity keys never sign packages: use a signing key.`,
    { reason: 'identity key', fingerprint: fingerprintOf(publicKey) },
  );
}

// Delegating to a key, or claiming to act about it, does not make it one that signs tokens: only what it issued does.
async function findPrincipal(transaction: Transaction, did: string) {
  const principal = await findDidDocument(transaction, did);
  if (principal?.kind !== 'stranger') return principal;
  const issued = await listDelegationsByIssuer(transaction, did, { limit: 1 });
  return issued.length > 0 ? principal : undefined;
}

/**
 * A signing key belongs to one organisation, and once revoked is never taken in again.
 *
 * @throws HanaperError `already_exists`, `key_revoked`
 */
export async function requireNotSigningKey(transaction: Transaction, publicKey: Ed25519PublicKey): Promise<void> {
  const rows = await listSigningKeysByFingerprint(transaction, fingerprintOf(publicKey));
  rows.forEach(requireNotRevoked);
  const [row] = rows;
  if (row === undefined) return;
  throw new HanaperError('already_exists', `This key is the signing key "${row.keyName}" already.`, {
    kind: 'signing key',
    fingerprint: row.keyFingerprint,
  });
}

/**
 * A revoked signing key neither signs nor is trusted.
 *
 * @throws HanaperError `key_revoked`
 */
export function requireNotRevoked({ keyName, keyFingerprint, revokedAt }: SigningKeyRow): void {
  if (revokedAt === null) return;
  throw new HanaperError('key_revoked', `The signing key "${keyName}" was revoked at ${revokedAt}. Use another key.`, {
    fingerprint: keyFingerprint,
    revoked_at: revokedAt,
  });
}

/**
 * A key that is in wrong hands is never trusted or taken in again, by nobody here.
 *
 * @throws HanaperError `key_revoked`
 */
export async function requireNotCompromised(transaction: Transaction, fingerprint: string): Promise<void> {
  if (!(await isCompromised(transaction, fingerprint))) return;
  throw new HanaperError(
    'key_revoked',
    `The key ${fingerprint.slice(0, 16)}… was revoked as compromised, and is never trusted here again. Use another key.`,
    { fingerprint, reason: 'compromised' },
  );
}

/**
 * The public key of a row, checked against its fingerprint. Whether it is a good key was checked before it was stored.
 *
 * @throws HanaperError `database_corrupt`
 */
export function publicKeyOfRow({ publicKey, keyFingerprint }: KeyRow): Ed25519PublicKey {
  const stored = publicKey as Ed25519PublicKey;
  if (publicKey instanceof Uint8Array && fingerprintOf(stored) === keyFingerprint) return stored;
  throw new HanaperError(
    'database_corrupt',
    `The public key of ${keyFingerprint} was altered. Restore the database from a backup.`,
    { fingerprint: keyFingerprint },
  );
}

interface KeyRow {
  readonly publicKey: Uint8Array;
  readonly keyFingerprint: string;
}

/**
 * Refuses as a private key what is known to be public: with a raw file, the one is easily taken for the other.
 *
 * @throws HanaperError `bad_input`, `weak_key`
 */
export async function requireSecretSeed(
  { transaction, authority }: Pick<CommandContext, 'transaction' | 'authority'>,
  seed: Secret,
): Promise<void> {
  if (seed.bytes.every((byte) => byte === seed.bytes[0])) {
    throw new HanaperError('weak_key', 'This private key is one byte over and over. Generate a real one.', {});
  }
  const organisations = (await listOrganizations(transaction)).map(({ did }) => decodeEd25519DidKey(did));
  const known = [authority.publicKey, ...organisations, ...(await listPublicKeys(transaction))];
  if (!known.some((publicKey) => equalBytes(publicKey, seed.bytes))) return;
  throw new HanaperError('bad_input', 'This is a public key, which everybody may know, not a private one.', {
    reason: 'public key',
  });
}
