import { z } from 'zod';
import { encodeHex } from '../../bytes.ts';
import { type Ed25519PublicKey, generateSeed, publicKeyOf } from '../../crypto/ed25519.ts';
import { fingerprintOf } from '../../crypto/fingerprint.ts';
import { encodePublicKeyPem } from '../../crypto/key-format.ts';
import { Secret } from '../../crypto/secret.ts';
import { createUuid } from '../../crypto/uuid.ts';
import { type ErrorDetails, HanaperError } from '../../errors.ts';
import { takeLock } from '../../store/lock.ts';
import type { SigningKeyRow } from '../../store/schema.ts';
import { findSigningKey, insertSigningKey, listSigningKeys, revokeSigningKeys } from '../../store/signing-keys.ts';
import { insertTrustedKey, listTrustedKeys, revokeTrustedKeys } from '../../store/trusted-keys.ts';
import { nameArg, noArgs } from '../args.ts';
import type { Command, OrganisationContext } from '../command.ts';
import { placeOfSigningKey } from '../key-places.ts';
import {
  publicKeyOfRow,
  requireNotIdentityKey,
  requireNotRevoked,
  requireNotSigningKey,
  requireSecretSeed,
} from '../key-rules.ts';

/** A signing key as a document: its public half. */
export interface SigningKeyDocument {
  readonly id: string;
  readonly name: string;
  /** 64 hex characters. */
  readonly fingerprint: string;
  readonly created_at: string;
  readonly revoked_at: string | null;
}

/** How a signing key comes to be. `trusted: false` leaves its own organisation's trust in it to a later step. */
export interface CreateKeyArgs {
  readonly name: string;
  readonly trusted?: boolean;
}

/** The same for a key from outside: `seed` is its private half, 32 bytes. */
export interface ImportKeyArgs extends CreateKeyArgs {
  readonly seed: Secret;
}

/** A public key, to give to others. */
export interface ExportedKeyDocument extends SigningKeyDocument {
  /** 64 hex characters. */
  readonly public_key: string;
  /** SPKI. */
  readonly pem: string;
}

const createArgs = { name: nameArg, trusted: z.boolean().exactOptional() };

/** Makes a signing key, sealed, and has its own organisation trust it. */
export const createKey: Command<'organisation', CreateKeyArgs, SigningKeyDocument> = {
  name: '/key/create',
  subject: 'organisation',
  access: 'write',
  refusal: 'key.signing.create_failed',
  args: z.strictObject(createArgs),
  async run(context, args) {
    using seed = generateSeed();
    const row = await addSigningKey(context, args, seed, await publicKeyOf(seed));
    context.emit('key.signing.created', describeKey(context, row));
    return toDocument(row);
  },
};

/** Takes in a signing key that was made elsewhere. */
export const importKey: Command<'organisation', ImportKeyArgs, SigningKeyDocument> = {
  name: '/key/import',
  subject: 'organisation',
  access: 'write',
  refusal: 'key.signing.create_failed',
  args: z.strictObject({ ...createArgs, seed: z.custom<Secret>((value) => value instanceof Secret) }),
  async run(context, args) {
    const publicKey = await publicKeyOf(args.seed);
    await requireSecretSeed(context, args.seed);
    await takeLock(context.transaction, `key/${fingerprintOf(publicKey)}`);
    await requireNotIdentityKey(context, publicKey);
    await requireNotSigningKey(context.transaction, publicKey);
    const row = await addSigningKey(context, args, args.seed, publicKey);
    context.emit('key.signing.imported', describeKey(context, row));
    return toDocument(row);
  },
};

/** An organisation's signing keys, newest first; revoked ones say so. */
export const listKeys: Command<'organisation', Record<string, never>, { keys: SigningKeyDocument[] }> = {
  name: '/key/list',
  subject: 'organisation',
  access: 'read',
  args: noArgs,
  run: async ({ transaction, organisation }) => ({
    keys: (await listSigningKeys(transaction, organisation.id)).map(toDocument),
  }),
};

/** The public half of a signing key. */
export const exportKey: Command<'organisation', { name: string }, ExportedKeyDocument> = {
  name: '/key/export',
  subject: 'organisation',
  access: 'read',
  args: z.strictObject({ name: nameArg }),
  async run(context, { name }) {
    const row = await requireSigningKey(context, name);
    const publicKey = publicKeyOfRow(row);
    context.emit('key.exported', describeKey(context, row));
    return { ...toDocument(row), public_key: encodeHex(publicKey), pem: encodePublicKeyPem(publicKey) };
  },
};

/** Revokes a signing key, and every organisation's trust in it. */
export const revokeKey: Command<'organisation', { name: string }, SigningKeyDocument & { trust_revoked: number }> = {
  name: '/key/revoke',
  subject: 'organisation',
  access: 'write',
  args: z.strictObject({ name: nameArg }),
  async run(context, { name }) {
    const { transaction, now } = context;
    const { keyFingerprint } = await requireSigningKey(context, name);
    await takeLock(transaction, `key/${keyFingerprint}`);
    const row = await requireSigningKey(context, name);
    requireNotRevoked(row);
    await revokeSigningKeys(transaction, keyFingerprint, now);
    const trustRevoked = await revokeTrustedKeys(transaction, keyFingerprint, now);
    context.emit('key.signing.revoked', describeKey(context, row));
    if (trustRevoked > 0)
      context.emit('key.trusted.revoked', { fingerprint: keyFingerprint, organisations: trustRevoked });
    return { ...toDocument({ ...row, revokedAt: now }), trust_revoked: trustRevoked };
  },
};

/**
 * The signing key of that name, revoked or not.
 *
 * @throws HanaperError `not_found`
 */
export async function requireSigningKey(context: OrganisationContext, name: string): Promise<SigningKeyRow> {
  const row = await findSigningKey(context.transaction, context.organisation.id, name);
  if (row) return row;
  throw new HanaperError(
    'not_found',
    `${context.organisation.name} has no signing key "${name}". "hanaper key list" shows those it has.`,
    { kind: 'signing key', name },
  );
}

async function addSigningKey(
  context: OrganisationContext,
  { name, trusted }: CreateKeyArgs,
  seed: Secret,
  publicKey: Ed25519PublicKey,
): Promise<SigningKeyRow> {
  const { transaction, organisation } = context;
  const existing = await findSigningKey(transaction, organisation.id, name);
  if (existing && existing.revokedAt === null) {
    throw new HanaperError(
      'already_exists',
      `${organisation.name} has a signing key "${name}" already. Choose another name, or revoke that one first.`,
      { kind: 'signing key', name },
    );
  }
  const row = await sealSigningKey(context, name, seed, publicKey);
  await insertSigningKey(transaction, row);
  if (trusted !== false) await trustOwnKey(context, row);
  return row;
}

async function sealSigningKey(
  context: OrganisationContext,
  keyName: string,
  seed: Secret,
  publicKey: Ed25519PublicKey,
): Promise<SigningKeyRow> {
  const id = createUuid(new Date(context.now));
  const orgId = context.organisation.id;
  const keyFingerprint = fingerprintOf(publicKey);
  const place = placeOfSigningKey({ id, orgId, keyFingerprint });
  const encryptedPrivateKey = await context.vault().sealKey(seed, place);
  return {
    id,
    orgId,
    keyName,
    encryptedPrivateKey,
    publicKey,
    keyFingerprint,
    createdAt: context.now,
    revokedAt: null,
  };
}

async function trustOwnKey(context: OrganisationContext, key: SigningKeyRow): Promise<void> {
  const { transaction, organisation, now } = context;
  const trusted = await listTrustedKeys(transaction, organisation.id);
  // A key that comes from outside may be trusted already.
  if (trusted.some((row) => row.keyFingerprint === key.keyFingerprint && row.revokedAt === null)) return;
  await insertTrustedKey(transaction, {
    id: createUuid(new Date(now)),
    orgId: organisation.id,
    keyFingerprint: key.keyFingerprint,
    publicKey: key.publicKey,
    keyName: key.keyName,
    trustedAt: now,
    revokedAt: null,
  });
  context.emit('key.trusted.added', describeKey(context, key));
}

function describeKey({ organisation }: OrganisationContext, { keyName, keyFingerprint }: SigningKeyRow): ErrorDetails {
  return { organisation: organisation.name, key: keyName, fingerprint: keyFingerprint };
}

function toDocument({ id, keyName, keyFingerprint, createdAt, revokedAt }: SigningKeyRow): SigningKeyDocument {
  return { id, name: keyName, fingerprint: keyFingerprint, created_at: createdAt, revoked_at: revokedAt };
}
