import { z } from 'zod';
import { sha256 } from '../../crypto/digest.ts';
import type { Secret } from '../../crypto/secret.ts';
import { HanaperError } from '../../errors.ts';
import { decodeSignature, type PackageSignature, type SignatureDocument } from '../../signature/document.ts';
import { encodeEnvelope } from '../../signature/dsse.ts';
import { encodeHashSignature } from '../../signature/hash-signature.ts';
import { signHash, signStatement } from '../../signature/sign.ts';
import { verifySignatures } from '../../signature/verify.ts';
import type { PackageSignatureRow, SigningKeyRow } from '../../store/engine/schema.ts';
import { listSignatures } from '../../store/tables/package-signatures.ts';
import { insertSignaturePlace } from '../../store/tables/signature-places.ts';
import { signingKeyContext } from '../identity/sealed-key-context.ts';
import { requireNotRevoked } from '../keys/key-rules.ts';
import { requireSigningKey } from '../keys/signing-keys.ts';
import { isPlaceNoted } from '../log/find-signing-entry.ts';
import { findPlace } from '../log/locate-signature.ts';
import { didArg, nameArg, sha256Arg, timeArg } from '../schemas/args.ts';
import type { Command, OrganisationContext } from '../schemas/command.ts';
import { signatureArg } from '../schemas/signature.ts';
import { alteredFields, findAlteredRows, type MaybeAltered, withAltered } from '../trust/find-altered-rows.ts';
import { gatherTrust } from '../trust/gather-trust.ts';
import { keepSignature } from '../trust/keep-signature.ts';

/** What is signed: the SHA-256 of a package, and the file name it goes by. */
export interface SignArgs {
  /** 64 hex characters. */
  readonly hash: string;
  readonly name: string;
  /** Name of the signing key. */
  readonly key: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly expires_at?: string;
  /** `true`: the signature is kept in the database too. */
  readonly store?: boolean;
}

/** The same without what a hash signature cannot bind. */
export type SignHashArgs = Pick<SignArgs, 'hash' | 'key' | 'store'>;

/** A signature, and by which key it is. */
export interface SignedDocument {
  readonly signature: SignatureDocument;
  readonly organisation: string;
  readonly key: string;
  /** 64 hex characters. */
  readonly key_fingerprint: string;
  readonly signed_at: string;
}

/** A signature to keep, and the package that it is of. */
export interface AttachArgs {
  /** 64 hex characters. */
  readonly hash: string;
  readonly name: string;
  readonly signature: SignatureDocument;
}

/** What was kept; with the signature itself, so that the receipt of the act proves its place in the log. */
export interface AttachedDocument {
  readonly signature: SignatureDocument;
  /** 64 hex characters. */
  readonly package_hash: string;
  /** 64 hex characters. */
  readonly key_fingerprint: string;
  readonly signed_at: string;
  /** DID of the organisation that trusts it. */
  readonly organisation: string;
}

/** A stored signature as a document. */
export interface StoredSignatureDocument {
  readonly format: 'dsse' | 'v1';
  readonly key_fingerprint: string;
  readonly signed_at: string;
  readonly expires_at: string | null;
  readonly signature: SignatureDocument;
}

const hashArg = sha256Arg.describe('SHA-256 of the package: 64 hex characters');
const keyAndStore = {
  hash: hashArg,
  key: nameArg.describe('The signing key'),
  store: z.boolean().describe('true: the signature is kept in the database too').exactOptional(),
};
const signedResult: z.ZodType<SignedDocument> = z.strictObject({
  signature: signatureArg,
  organisation: nameArg,
  key: nameArg,
  key_fingerprint: sha256Arg,
  signed_at: timeArg,
});

/** Signs a package: a DSSE envelope around a statement of hash, name, organisation, key and time. */
export const signPackage: Command<'organisation', SignArgs, SignedDocument> = {
  name: '/package/sign',
  summary: 'Sign a package: its hash, its name, the organisation, the key and the time',
  subject: 'organisation',
  access: 'write',
  route: { method: 'POST', path: '/api/orgs/{org}/packages/sign' },
  refusal: 'package.sign.failure',
  args: z.strictObject({
    ...keyAndStore,
    name: z.string().min(1).max(1024).describe('The file name under which it is verified'),
    expires_at: timeArg.describe('When the signature expires').exactOptional(),
  }),
  result: signedResult,
  run: (context, args) =>
    signWith(context, args, (seed, { keyFingerprint }) => {
      const { now: signedAt, organisation } = context;
      if (args.expires_at !== undefined && args.expires_at <= signedAt) throw alreadyExpired(args.expires_at);
      return signStatement(seed, {
        name: args.name,
        packageHash: args.hash,
        organisation: organisation.did,
        keyFingerprint,
        signedAt,
        ...(args.expires_at === undefined ? {} : { expiresAt: args.expires_at }),
      });
    }),
};

/** Signs the bare hash of a package, where the organisation has turned that on. */
export const signPackageHash: Command<'organisation', SignHashArgs, SignedDocument> = {
  name: '/package/sign-hash',
  summary: 'Sign the bare hash of a package, where the organisation allows it',
  subject: 'organisation',
  access: 'write',
  route: { method: 'POST', path: '/api/orgs/{org}/packages/sign-hash' },
  refusal: 'package.sign.failure',
  args: z.strictObject(keyAndStore),
  result: signedResult,
  run: async (context, args) => {
    requireHashSignatures(context);
    return signWith(context, args, (seed, { keyFingerprint }) =>
      signHash(seed, args.hash, keyFingerprint, context.now),
    );
  },
};

/** Keeps a signature that was made elsewhere, once it was found valid, by a key that the organisation trusts. */
export const attachSignature: Command<'organisation', AttachArgs, AttachedDocument> = {
  name: '/package/attach',
  summary: 'Keep a signature that was made elsewhere by a key that the organisation trusts',
  subject: 'organisation',
  access: 'write',
  route: { method: 'POST', path: '/api/orgs/{org}/packages/attach' },
  args: z.strictObject({
    hash: hashArg,
    name: z.string().min(1).max(1024).describe('The file name under which it was signed'),
    signature: signatureArg,
  }),
  result: z.strictObject({
    signature: signatureArg,
    package_hash: sha256Arg,
    key_fingerprint: sha256Arg,
    signed_at: timeArg,
    organisation: didArg,
  }),
  async run(context, { hash, name, signature: document }) {
    const { transaction, authority, organisation, now } = context;
    const { keys } = await gatherTrust(transaction, { authority }, organisation, { packageHash: hash, name });
    const candidate = { origin: 'detached', signature: decodeSignature(document) } as const;
    const aids = { findPlace: (signed: PackageSignature) => findPlace(transaction, authority.did, signed) };
    const { key, signature } = await verifySignatures({ hash, name }, [candidate], keys, new Date(now), aids);
    await keepSignature(context, signature);
    await notePlace(context, signature);
    const told = { package_hash: hash, fingerprint: key.fingerprint };
    context.emit('package.signature.attached', { organisation: organisation.name, ...told });
    return {
      signature: document,
      package_hash: hash,
      key_fingerprint: key.fingerprint,
      signed_at: new Date(signature.signedAt).toISOString(),
      organisation: organisation.did,
    };
  },
};

/** The signatures that are stored for a package; none of them is verified. */
export const listPackageSignatures: Command<
  'authority',
  { hash: string },
  { signatures: StoredSignatureDocument[] } & MaybeAltered
> = {
  name: '/package/signatures',
  summary: 'List the signatures that are stored for a package; none of them is verified',
  subject: 'authority',
  access: 'read',
  route: { method: 'GET', path: '/api/packages/{hash}/signatures' },
  args: z.strictObject({ hash: hashArg }),
  result: z.strictObject({
    signatures: z.array(
      z.strictObject({
        format: z.enum(['dsse', 'v1']),
        key_fingerprint: sha256Arg,
        signed_at: z.string(),
        expires_at: z.string().nullable(),
        signature: signatureArg,
      }),
    ),
    ...alteredFields,
  }),
  async run(context, { hash }) {
    const rows = await listSignatures(context.transaction, hash);
    const document = { signatures: rows.map(toDocument) };
    return withAltered(document, await findAlteredRows(context, 'packageSignatures', rows));
  },
};

async function signWith(
  context: OrganisationContext,
  { hash, key, store }: SignHashArgs,
  makeSignature: (seed: Secret, key: SigningKeyRow) => Promise<SignatureDocument>,
): Promise<SignedDocument> {
  const row = await context.recall(`signing-key/${context.organisation.id}/${key}`, () =>
    requireSigningKey(context, { name: key }),
  );
  requireNotRevoked(row);
  using seed = await context.vault().openKey(row.encryptedPrivateKey, signingKeyContext(row));
  const document = await makeSignature(seed, row);
  if (store) await keepSignature(context, decodeSignature(document));
  const { organisation, now } = context;
  if (context.enrolledAt !== now) await notePlace(context, decodeSignature(document));
  const about = { organisation: organisation.name, key: row.keyName };
  context.emit('package.signed', { ...about, fingerprint: row.keyFingerprint, package_hash: hash });
  return { signature: document, ...about, key_fingerprint: row.keyFingerprint, signed_at: now };
}

// Where it is not told by the time of the signature. Of several places the first stays, if it is one.
async function notePlace(
  { transaction, entryIndex, authority }: OrganisationContext,
  signed: PackageSignature,
): Promise<void> {
  const digest = sha256(signed.signature);
  if (await isPlaceNoted(transaction, authority.did, digest)) return;
  await insertSignaturePlace(transaction, digest, entryIndex);
}

function requireHashSignatures({ organisation: { name, hashSignaturesSince } }: OrganisationContext): void {
  if (hashSignaturesSince !== null) return;
  throw new HanaperError(
    'bad_input',
    `${name} does not make hash signatures, which bind neither name nor organisation.`,
    { reason: 'hash signatures are off', remedy: 'allow_hash_signatures' },
  );
}

function alreadyExpired(expiresAt: string): HanaperError {
  return new HanaperError('bad_input', `The signature would have expired already, at ${expiresAt}.`, {
    field: 'expires_at',
  });
}

function toDocument(row: PackageSignatureRow): StoredSignatureDocument {
  const { format, keyFingerprint, signedAt, expiresAt } = row;
  return {
    format,
    key_fingerprint: keyFingerprint,
    signed_at: signedAt,
    expires_at: expiresAt,
    signature: encode(row),
  };
}

function encode({
  statement,
  signature,
  keyFingerprint,
  packageHash,
  signedAt,
}: PackageSignatureRow): SignatureDocument {
  return statement
    ? encodeEnvelope(statement, signature, keyFingerprint)
    : encodeHashSignature(packageHash, keyFingerprint, signature, signedAt);
}
