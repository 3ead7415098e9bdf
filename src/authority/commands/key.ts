import { z } from 'zod';
import { decodeHex, encodeHex, equalBytes } from '../../bytes.ts';
import { type Ed25519PublicKey, generateSeed, publicKeyOf } from '../../crypto/ed25519.ts';
import { fingerprintOf } from '../../crypto/fingerprint.ts';
import { encodePublicKeyPem } from '../../crypto/key-format.ts';
import type { Secret } from '../../crypto/secret.ts';
import { createUuid } from '../../crypto/uuid.ts';
import { type ErrorDetails, HanaperError } from '../../errors.ts';
import { takeLock } from '../../store/lock.ts';
import { active } from '../../store/revocation.ts';
import type { SigningKeyRow } from '../../store/schema.ts';
import { findSigningKey, insertSigningKey, listSigningKeys, revokeSigningKeys } from '../../store/signing-keys.ts';
import { insertTrustedKey, listTrustedKeys, revokeTrustedKeys } from '../../store/trusted-keys.ts';
import { openSeed } from '../../vault/sealed-seed.ts';
import { nameArg, noArgs, sha256Arg, timeArg } from '../args.ts';
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

/** The same for a key from outside; the invocation is kept, so its private half goes into it sealed. */
export interface ImportKeyArgs extends CreateKeyArgs {
  /** 64 hex characters. */
  readonly public_key: string;
  /** The seed, sealed to the authority's identity key by {@link sealSigningKey}: 160 hex characters. */
  readonly sealed_seed: string;
}

/** A public key, to give to others. */
export interface ExportedKeyDocument extends SigningKeyDocument {
  /** 64 hex characters. */
  readonly public_key: string;
  /** SPKI. */
  readonly pem: string;
}

const createArgs = {
  name: nameArg.describe('What the key is called'),
  trusted: z.boolean().describe('false: the organisation does not trust it yet').exactOptional(),
};
const keyFields = {
  id: z.string().describe('UUID'),
  name: nameArg,
  fingerprint: sha256Arg.describe('SHA-256 of the public key'),
  created_at: timeArg,
  revoked_at: timeArg.nullable(),
};
const keyResult: z.ZodType<SigningKeyDocument> = z.strictObject(keyFields);
const namedKey = { name: nameArg.describe('The signing key') };

/** Makes a signing key, sealed, and has its own organisation trust it. */
export const createKey: Command<'organisation', CreateKeyArgs, SigningKeyDocument> = {
  name: '/key/create',
  summary: 'Create a signing key, sealed',
  subject: 'organisation',
  access: 'write',
  route: { method: 'POST', path: '/api/orgs/{org}/keys' },
  refusal: 'key.signing.create_failed',
  args: z.strictObject(createArgs),
  result: keyResult,
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
  summary: 'Take in a signing key that was made elsewhere',
  subject: 'organisation',
  access: 'write',
  route: { method: 'POST', path: '/api/orgs/{org}/keys/import' },
  refusal: 'key.signing.create_failed',
  args: z.strictObject({
    ...createArgs,
    public_key: sha256Arg.describe('Its Ed25519 public key: 32 bytes in hex'),
    sealed_seed: z
      .string()
      .refine((text) => /^[0-9a-f]{160}$/.test(text), 'must be 160 lower-case hex characters')
      .meta({ pattern: '^[0-9a-f]{160}$' })
      .describe("Its seed, sealed with HPKE to the authority's identity key"),
  }),
  result: keyResult,
  async run(context, args) {
    using seed = await openSigningKey(context, args);
    const publicKey = await publicKeyOf(seed);
    await requireSecretSeed(context, seed);
    await takeLock(context.transaction, `key/${fingerprintOf(publicKey)}`);
    await requireNotIdentityKey(context, publicKey);
    await requireNotSigningKey(context.transaction, publicKey);
    const row = await addSigningKey(context, args, seed, publicKey);
    context.emit('key.signing.imported', describeKey(context, row));
    return toDocument(row);
  },
};

/** An organisation's signing keys, newest first; revoked ones say so. */
export const listKeys: Command<'organisation', Record<string, never>, { keys: SigningKeyDocument[] }> = {
  name: '/key/list',
  summary: 'List the signing keys, revoked ones as such',
  subject: 'organisation',
  access: 'read',
  route: { method: 'GET', path: '/api/orgs/{org}/keys' },
  args: noArgs,
  result: z.strictObject({ keys: z.array(keyResult) }),
  run: async ({ transaction, organisation }) => ({
    keys: (await listSigningKeys(transaction, organisation.id)).map(toDocument),
  }),
};

/** The public half of a signing key. */
export const exportKey: Command<'organisation', { name: string }, ExportedKeyDocument> = {
  name: '/key/export',
  summary: 'Give the public half of a signing key',
  subject: 'organisation',
  access: 'read',
  route: { method: 'GET', path: '/api/orgs/{org}/keys/{name}' },
  args: z.strictObject(namedKey),
  result: z.strictObject({
    ...keyFields,
    public_key: sha256Arg.describe('The Ed25519 public key: 32 bytes in hex'),
    pem: z.string().describe('The same as SPKI in PEM'),
  }),
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
  summary: 'Revoke a signing key, and all trust in it',
  subject: 'organisation',
  access: 'write',
  route: { method: 'POST', path: '/api/orgs/{org}/keys/{name}/revoke' },
  args: z.strictObject(namedKey),
  result: z.strictObject({
    ...keyFields,
    trust_revoked: z.int().min(0).describe('How many organisations trusted it'),
  }),
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

async function openSigningKey(context: OrganisationContext, args: ImportKeyArgs): Promise<Secret> {
  const publicKey = decodeHex(args.public_key) ?? new Uint8Array(0);
  const seed = await openSeed(decodeHex(args.sealed_seed) ?? new Uint8Array(0), publicKey, context.vault());
  if (seed && equalBytes(await publicKeyOf(seed), publicKey)) return seed;
  seed?.[Symbol.dispose]();
  throw new HanaperError(
    'bad_input',
    `This private key was not sealed to ${context.authority.did} for this public key. Seal it anew.`,
    { field: 'sealed_seed' },
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
    ...active,
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
    ...active,
  });
  context.emit('key.trusted.added', describeKey(context, key));
}

function describeKey({ organisation }: OrganisationContext, { keyName, keyFingerprint }: SigningKeyRow): ErrorDetails {
  return { organisation: organisation.name, key: keyName, fingerprint: keyFingerprint };
}

function toDocument({ id, keyName, keyFingerprint, createdAt, revokedAt }: SigningKeyRow): SigningKeyDocument {
  return { id, name: keyName, fingerprint: keyFingerprint, created_at: createdAt, revoked_at: revokedAt };
}
