import { z } from 'zod';
import type { Ed25519PublicKey } from '../../crypto/ed25519.ts';
import { fingerprintOf } from '../../crypto/fingerprint.ts';
import type { Secret } from '../../crypto/secret.ts';
import { createUuid } from '../../crypto/uuid.ts';
import { type ErrorDetails, HanaperError } from '../../errors.ts';
import type { SigningKeyRow } from '../../store/engine/schema.ts';
import { active } from '../../store/tables/revocation-columns.ts';
import {
  findSigningKey,
  insertSigningKey,
  listSigningKeys,
  listSigningKeysByFingerprint,
} from '../../store/tables/signing-keys.ts';
import { insertTrustedKey, listTrustedKeys } from '../../store/tables/trusted-keys.ts';
import { signingKeyContext } from '../identity/sealed-key-context.ts';
import { requireWrittenRow } from '../log/check-rows.ts';
import { labelArg, nameArg, sha256Arg, timeArg } from '../schemas/args.ts';
import type { OrganisationContext } from '../schemas/command.ts';
import { describeRevocation, type KeyRevocationDocument, revocationFields } from './revoke-keys.ts';

/** A signing key as a document: its public half. */
export interface SigningKeyDocument extends KeyRevocationDocument {
  readonly id: string;
  readonly name: string;
  /** What people call it; null: nothing else than its name. */
  readonly label: string | null;
  /** 64 hex characters. */
  readonly fingerprint: string;
  readonly created_at: string;
}

/** Which signing key is meant: of those of a name the active one, else the one that was revoked last; or the very one. */
export interface KeyReference {
  readonly name: string;
  /** 64 hex characters. */
  readonly fingerprint?: string;
}

/** How a signing key is made. `trusted: false` leaves its own organisation's trust in it to a later step. */
export interface CreateKeyArgs {
  readonly name: string;
  /** What people call it: up to 255 characters. */
  readonly label?: string;
  readonly trusted?: boolean;
}

/** The form of {@link SigningKeyDocument}. */
export const keyFields: { readonly [Field in keyof SigningKeyDocument]: z.ZodType<SigningKeyDocument[Field]> } = {
  id: z.string().describe('UUID'),
  name: nameArg,
  label: labelArg.nullable().describe('What people call it'),
  fingerprint: sha256Arg.describe('SHA-256 of the public key'),
  created_at: timeArg,
  ...revocationFields,
};

/** The form of {@link KeyReference}. The name is always there, so that a policy about names holds for every key. */
export const keyReferenceArgs: {
  readonly name: z.ZodType<string>;
  readonly fingerprint: z.ZodExactOptional<z.ZodType<string>>;
} = {
  name: nameArg.describe('The signing key'),
  fingerprint: sha256Arg
    .describe('Which of the keys of that name. Absent: the active one, else the one that was revoked last')
    .exactOptional(),
};

/** {@link SigningKeyDocument} as a result. */
export const keyResult: z.ZodType<SigningKeyDocument> = z.strictObject(keyFields);

/**
 * The signing key that is meant, revoked or not.
 *
 * @throws HanaperError `not_found`, `log_tampered` where somebody has altered its row
 */
export async function requireSigningKey(context: OrganisationContext, key: KeyReference): Promise<SigningKeyRow> {
  const { name, fingerprint } = key;
  const row = await findMeant(context, key);
  if (row) {
    await requireWrittenRow(context, 'signingKeys', row);
    return row;
  }
  const which = fingerprint === undefined ? '' : ` with the fingerprint ${fingerprint}`;
  throw new HanaperError('not_found', `${context.organisation.name} has no signing key "${name}"${which}.`, {
    kind: 'signing key',
    ...key,
    remedy: 'list_signing_keys',
  });
}

async function findMeant(
  { transaction, organisation }: OrganisationContext,
  { name, fingerprint }: KeyReference,
): Promise<SigningKeyRow | undefined> {
  if (fingerprint === undefined) return findSigningKey(transaction, organisation.id, name);
  const rows = await listSigningKeysByFingerprint(transaction, fingerprint);
  return rows.find(({ orgId, keyName }) => orgId === organisation.id && keyName === name);
}

/** The other keys of the same name, newest first. */
export async function listNamesakes(
  { transaction, organisation }: OrganisationContext,
  { id, keyName }: SigningKeyRow,
): Promise<readonly SigningKeyRow[]> {
  const rows = await listSigningKeys(transaction, organisation.id);
  return rows.filter((row) => row.keyName === keyName && row.id !== id);
}

/**
 * Seals a new signing key, and has its own organisation trust it unless told otherwise.
 *
 * @throws HanaperError `already_exists`, `locked`
 */
export async function addSigningKey(
  context: OrganisationContext,
  { name, label = null, trusted }: Omit<CreateKeyArgs, 'label'> & { readonly label?: string | null },
  seed: Secret,
  publicKey: Ed25519PublicKey,
): Promise<SigningKeyRow> {
  await requireFreeName(context, name);
  const row = { ...(await sealSigningKey(context, name, seed, publicKey)), label };
  await insertSigningKey(context.transaction, row);
  if (trusted !== false) await trustOwnKey(context, row);
  return row;
}

/**
 * Requires that no active signing key of the organisation goes by a name.
 *
 * @throws HanaperError `already_exists`, `log_tampered`
 */
export async function requireFreeName(context: OrganisationContext, name: string): Promise<void> {
  const { transaction, organisation } = context;
  const existing = await findSigningKey(transaction, organisation.id, name);
  if (!existing || existing.revokedAt !== null) return;
  await requireWrittenRow(context, 'signingKeys', existing);
  throw new HanaperError(
    'already_exists',
    `${organisation.name} has a signing key "${name}" already. Choose another name, or revoke that one first.`,
    { kind: 'signing key', name },
  );
}

async function sealSigningKey(
  context: OrganisationContext,
  keyName: string,
  seed: Secret,
  publicKey: Ed25519PublicKey,
): Promise<Omit<SigningKeyRow, 'label'>> {
  const id = createUuid(new Date(context.now));
  const orgId = context.organisation.id;
  const keyFingerprint = fingerprintOf(publicKey);
  const place = signingKeyContext({ id, orgId, keyFingerprint });
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
    label: key.label,
    trustedAt: now,
    ...active,
  });
  context.emit('key.trusted.added', describeKey(context, key));
}

/** The description of a signing key. */
export function describeKey(
  { organisation }: OrganisationContext,
  { keyName, keyFingerprint }: SigningKeyRow,
): ErrorDetails {
  return { organisation: organisation.name, key: keyName, fingerprint: keyFingerprint };
}

/** A row as a document: its public half. */
export function describeSigningKey(row: SigningKeyRow): SigningKeyDocument {
  const { id, keyName, label, keyFingerprint, createdAt } = row;
  const revocation = describeRevocation(row);
  return { id, name: keyName, label, fingerprint: keyFingerprint, created_at: createdAt, ...revocation };
}
