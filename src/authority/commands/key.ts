import { z } from 'zod';
import { attempt } from '../../attempt.ts';
import { decodeHex, encodeHex, equalBytes } from '../../bytes.ts';
import { type Ed25519PublicKey, generateSeed, importPublicKey, publicKeyOf } from '../../crypto/ed25519.ts';
import { fingerprintOf } from '../../crypto/fingerprint.ts';
import { encodePublicKeyPem } from '../../crypto/key-format.ts';
import type { Secret } from '../../crypto/secret.ts';
import { HanaperError } from '../../errors.ts';
import { required } from '../../required.ts';
import { takeLock } from '../../store/engine/lock.ts';
import { listSigningKeys } from '../../store/tables/signing-keys.ts';
import { openSeed } from '../../vault/sealed-seed.ts';
import {
  publicKeyOfRow,
  requireNotCompromised,
  requireNotIdentityKey,
  requireNotSigningKey,
  requireSecretSeed,
} from '../keys/key-rules.ts';
import {
  addSigningKey,
  type CreateKeyArgs,
  describeKey,
  describeSigningKey,
  type KeyReference,
  keyFields,
  keyReferenceArgs,
  keyResult,
  listNamesakes,
  requireFreeName,
  requireSigningKey,
  type SigningKeyDocument,
} from '../keys/signing-keys.ts';
import { labelArg, nameArg, noArgs, sha256Arg } from '../schemas/args.ts';
import type { Command, OrganisationContext } from '../schemas/command.ts';
import { affectedBy, affectedByKey, changeTrust } from '../trust/change-trust.ts';
import {
  alteredFields,
  findAlteredList,
  findAlteredRows,
  type MaybeAltered,
  type MaybeMarked,
  mark,
  markFields,
  withAltered,
} from '../trust/find-altered-rows.ts';

/** The same for a key from outside; the invocation is kept, so its private half goes into it sealed. */
export interface ImportKeyArgs extends CreateKeyArgs {
  /** 64 hex characters. */
  readonly public_key: string;
  /** The seed, sealed to the authority's identity key by {@link sealSigningKey}: 160 hex characters. */
  readonly sealed_seed: string;
}

/** A public key, to give to others. */
export interface ExportedKeyDocument extends SigningKeyDocument, MaybeAltered {
  /** 64 hex characters. */
  readonly public_key: string;
  /** SPKI. */
  readonly pem: string;
  /** The other keys of the same name, newest first: those that it took the place of, and the one that took its. */
  readonly others: readonly SigningKeyDocument[];
}

const createArgs = {
  name: nameArg.describe('What the key is called'),
  label: labelArg.describe('What people call it, where that is more than its name').exactOptional(),
  trusted: z.boolean().describe('false: the organisation does not trust it yet').exactOptional(),
};

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
    const publicKey = await publicKeyOf(seed);
    const affected = await affectedBy(context.transaction, context.organisation.id);
    const row = await changeTrust(context, affected, () => addSigningKey(context, args, seed, publicKey));
    context.emit('key.signing.created', describeKey(context, row));
    return describeSigningKey(row);
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
    const publicKey = requirePublicKey(context, args);
    await takeLock(context.transaction, `key/${fingerprintOf(publicKey)}`);
    await requireNotIdentityKey(context, publicKey);
    await requireNotSigningKey(context.transaction, publicKey);
    await requireNotCompromised(context.transaction, fingerprintOf(publicKey));
    await requireFreeName(context, args.name);
    using seed = await openSigningKey(context, args, publicKey);
    await requireSecretSeed(context, seed);
    const affected = await affectedByKey(context.transaction, context.organisation.id, fingerprintOf(publicKey));
    const row = await changeTrust(context, affected, () => addSigningKey(context, args, seed, publicKey));
    context.emit('key.signing.imported', describeKey(context, row));
    return describeSigningKey(row);
  },
};

/** An organisation's signing keys, newest first; revoked ones say so. */
export const listKeys: Command<
  'organisation',
  Record<string, never>,
  { keys: (SigningKeyDocument & MaybeMarked)[] } & MaybeAltered
> = {
  name: '/key/list',
  summary: 'List the signing keys, revoked ones as such',
  subject: 'organisation',
  access: 'read',
  route: { method: 'GET', path: '/api/orgs/{org}/keys' },
  args: noArgs,
  result: z.strictObject({ keys: z.array(z.strictObject({ ...keyFields, ...markFields })), ...alteredFields }),
  async run(context) {
    const { transaction, organisation } = context;
    const rows = await listSigningKeys(transaction, organisation.id);
    const altered = await findAlteredList(context, 'signingKeys', rows, [organisation]);
    return withAltered({ keys: rows.map((row) => mark(describeSigningKey(row), row.id, altered)) }, altered);
  },
};

/** The public half of a signing key. */
export const exportKey: Command<'organisation', KeyReference, ExportedKeyDocument> = {
  name: '/key/export',
  summary: 'Give the public half of a signing key',
  subject: 'organisation',
  access: 'read',
  route: { method: 'GET', path: '/api/orgs/{org}/keys/{name}' },
  args: z.strictObject(keyReferenceArgs),
  result: z.strictObject({
    ...keyFields,
    public_key: sha256Arg.describe('The Ed25519 public key: 32 bytes in hex'),
    pem: z.string().describe('The same as SPKI in PEM'),
    others: z.array(keyResult).describe('The other keys of that name, newest first'),
    ...alteredFields,
  }),
  async run(context, key) {
    const row = await requireSigningKey(context, key);
    const publicKey = publicKeyOfRow(row);
    context.emit('key.exported', describeKey(context, row));
    const others = await listNamesakes(context, row);
    return withAltered(
      {
        ...describeSigningKey(row),
        public_key: encodeHex(publicKey),
        pem: encodePublicKeyPem(publicKey),
        others: others.map(describeSigningKey),
      },
      await findAlteredRows(context, 'signingKeys', others),
    );
  },
};

function requirePublicKey(context: OrganisationContext, args: ImportKeyArgs): Ed25519PublicKey {
  const publicKey = attempt(() => importPublicKey(required(decodeHex(args.public_key), 'public key in hex')));
  if (publicKey) return publicKey;
  throw notSealed(context);
}

async function openSigningKey(
  context: OrganisationContext,
  args: ImportKeyArgs,
  publicKey: Ed25519PublicKey,
): Promise<Secret> {
  const seed = await openSeed(required(decodeHex(args.sealed_seed), 'sealed seed in hex'), publicKey, context.vault());
  if (seed && equalBytes(await publicKeyOf(seed), publicKey)) return seed;
  seed?.[Symbol.dispose]();
  throw notSealed(context);
}

function notSealed({ authority }: OrganisationContext): HanaperError {
  return new HanaperError(
    'bad_input',
    `This private key was not sealed to ${authority.did} for this public key. Seal it anew.`,
    { field: 'sealed_seed' },
  );
}
