import { z } from 'zod';
import { decodeHex } from '../../bytes.ts';
import { importPublicKey } from '../../crypto/ed25519.ts';
import { fingerprintOf } from '../../crypto/fingerprint.ts';
import { createUuid } from '../../crypto/uuid.ts';
import { HanaperError } from '../../errors.ts';
import { required } from '../../required.ts';
import { takeLock } from '../../store/engine/lock.ts';
import type { RevocationColumns, TrustedKeyRow } from '../../store/engine/schema.ts';
import { active, type Revocation } from '../../store/tables/revocation-columns.ts';
import { listSigningKeysByFingerprint } from '../../store/tables/signing-keys.ts';
import {
  amendTrustedKeys,
  insertTrustedKey,
  listInheritedKeys,
  listTrustedKeys,
  revokeTrustedKeys,
} from '../../store/tables/trusted-keys.ts';
import { requireNotCompromised, requireNotIdentityKey, requireNotRevoked } from '../keys/key-rules.ts';
import {
  amendRevocation,
  beginRevocation,
  describeRevocation,
  type KeyRevocationArgs,
  type KeyRevocationDocument,
  revocationArgs,
  revocationFields,
} from '../keys/revoke-keys.ts';
import { requireWrittenRow } from '../log/check-rows.ts';
import { labelArg, nameArg, noArgs, sha256Arg, timeArg } from '../schemas/args.ts';
import type { Command, OrganisationContext } from '../schemas/command.ts';
import { affectedBy, changeTrust } from '../trust/change-trust.ts';
import {
  alteredFields,
  findAlteredList,
  type MaybeAltered,
  type MaybeMarked,
  mark,
  markFields,
  withAltered,
} from '../trust/find-altered-rows.ts';

/** A trusted key as a document. */
export interface TrustedKeyDocument extends KeyRevocationDocument {
  /** 64 hex characters. */
  readonly fingerprint: string;
  readonly name: string | null;
  /** What people call it; null: nothing else than its name. */
  readonly label: string | null;
  /** The organisation through which it is accepted; null: trusted directly. */
  readonly via: string | null;
  readonly trusted_at: string;
}

/** A public key to trust: 64 hex characters, and a name to know it by. */
export interface AddTrustArgs {
  readonly public_key: string;
  readonly name?: string;
  /** What people call it: up to 255 characters. */
  readonly label?: string;
}

const trustedKeyFields: { readonly [Field in keyof TrustedKeyDocument]: z.ZodType<TrustedKeyDocument[Field]> } = {
  fingerprint: sha256Arg.describe('SHA-256 of the public key'),
  name: z.string().nullable().describe('What the organisation calls it'),
  label: labelArg.nullable().describe('What people call it'),
  via: nameArg.nullable().describe('The organisation through which it is accepted; null: trusted directly'),
  trusted_at: timeArg,
  ...revocationFields,
};
/** {@link TrustedKeyDocument} as a result. */
export const trustedKeyResult: z.ZodType<TrustedKeyDocument> = z.strictObject(trustedKeyFields);
const fingerprintArg = sha256Arg.describe('SHA-256 of the public key: 64 hex characters');

/** Has an organisation trust a public key. */
export const addTrust: Command<'organisation', AddTrustArgs, TrustedKeyDocument> = {
  name: '/trust/add',
  summary: 'Trust a public key',
  subject: 'organisation',
  access: 'write',
  route: { method: 'POST', path: '/api/orgs/{org}/trust' },
  args: z.strictObject({
    public_key: sha256Arg.describe('The Ed25519 public key: 32 bytes in hex'),
    name: nameArg.describe('What to call it').exactOptional(),
    label: labelArg.describe('What people call it, where that is more than its name').exactOptional(),
  }),
  result: trustedKeyResult,
  async run(context, { public_key, name, label = null }) {
    const { transaction, organisation, now } = context;
    const publicKey = importPublicKey(required(decodeHex(public_key), 'public key in hex'));
    const keyFingerprint = fingerprintOf(publicKey);
    await takeLock(transaction, `key/${keyFingerprint}`);
    // Anybody can delegate to the public key of a vendor, and must not keep us from trusting it by that.
    await requireNotIdentityKey(context, publicKey, 'by what it issued');
    for (const row of await listSigningKeysByFingerprint(transaction, keyFingerprint)) {
      await requireWrittenRow(context, 'signingKeys', row);
      requireNotRevoked(row);
    }
    await requireNotCompromised(transaction, keyFingerprint);
    await requireNotTrusted(context, keyFingerprint);
    const row: TrustedKeyRow = {
      id: createUuid(new Date(now)),
      orgId: organisation.id,
      keyFingerprint,
      publicKey,
      keyName: name ?? null,
      label,
      trustedAt: now,
      ...active,
    };
    const affected = await affectedBy(transaction, organisation.id);
    await changeTrust(context, affected, () => insertTrustedKey(transaction, row));
    context.emit('key.trusted.added', {
      organisation: organisation.name,
      key: row.keyName,
      fingerprint: keyFingerprint,
    });
    return describeTrustedKey(row, null);
  },
};

/** What an organisation trusts: its own keys (revoked ones say so), and those it accepts through ACLs. */
export const listTrust: Command<
  'organisation',
  Record<string, never>,
  { keys: (TrustedKeyDocument & MaybeMarked)[] } & MaybeAltered
> = {
  name: '/trust/list',
  summary: 'List the keys that are trusted, and through whom',
  subject: 'organisation',
  access: 'read',
  route: { method: 'GET', path: '/api/orgs/{org}/trust' },
  args: noArgs,
  result: z.strictObject({ keys: z.array(z.strictObject({ ...trustedKeyFields, ...markFields })), ...alteredFields }),
  async run(context) {
    const { transaction, organisation } = context;
    const own = await listTrustedKeys(transaction, organisation.id);
    const inherited = await listInheritedKeys(transaction, organisation.id);
    const rows = [...own, ...inherited.map(({ via: _, ...row }) => row)];
    const altered = await findAlteredList(context, 'trustedKeys', rows, [organisation]);
    const standing = inherited.map((row) =>
      mark(describeTrustedKey({ ...row, ...findCompromise(own, row) }, row.via), row.id, altered),
    );
    return withAltered(
      { keys: [...own.map((row) => mark(describeTrustedKey(row, null), row.id, altered)), ...standing] },
      altered,
    );
  },
};

/** Whose trust ends, why, and since when. */
export interface RevokeTrustArgs extends KeyRevocationArgs {
  /** 64 hex characters. */
  readonly fingerprint: string;
}

/** Trust that has ended. */
export interface RevokedTrustDocument extends KeyRevocationDocument {
  readonly fingerprint: string;
  readonly revoked_at: string;
}

/** Ends an organisation's own trust in a key; or makes the end of it stricter. */
export const revokeTrust: Command<'organisation', RevokeTrustArgs, RevokedTrustDocument> = {
  name: '/trust/revoke',
  summary: 'Stop trusting a key',
  subject: 'organisation',
  access: 'write',
  route: { method: 'POST', path: '/api/orgs/{org}/trust/{fingerprint}/revoke' },
  args: z.strictObject({ fingerprint: fingerprintArg, ...revocationArgs }),
  result: z.strictObject({ fingerprint: fingerprintArg, ...revocationFields, revoked_at: timeArg }),
  async run(context, { fingerprint, ...args }) {
    const { transaction, organisation } = context;
    await takeLock(transaction, `key/${fingerprint}`);
    const standing = Object.keys(args).length === 0 ? undefined : await findEnded(context, fingerprint);
    const revocation = await (standing ? amendRevocation(context, standing, args) : beginRevocation(context, args));
    const end = standing ? amendTrustedKeys : revokeTrustedKeys;
    const affected = await affectedBy(transaction, organisation.id);
    const ended = await changeTrust(context, affected, () =>
      end(transaction, fingerprint, revocation, organisation.id),
    );
    if (ended.length === 0) throw await notTrusted(context, fingerprint);
    const why = revocation.revocationReason === null ? {} : { revocation: revocation.revocationReason };
    context.emit('key.trusted.revoked', { organisation: organisation.name, fingerprint, ...why });
    return { fingerprint, ...describeRevocation(revocation), revoked_at: revocation.revokedAt };
  },
};

// What the organisation itself has called compromised is so through whomever else it is accepted.
function findCompromise(
  own: readonly TrustedKeyRow[],
  { keyFingerprint }: TrustedKeyRow,
): RevocationColumns | undefined {
  const row = own.find((each) => each.keyFingerprint === keyFingerprint && each.revocationReason === 'compromised');
  if (row === undefined) return undefined;
  const { revokedAt, revocationReason, effectiveAt, effectiveIndex } = row;
  return { revokedAt, revocationReason, effectiveAt, effectiveIndex };
}

// The trust that ended last, where none is active.
async function findEnded(
  { transaction, organisation }: OrganisationContext,
  fingerprint: string,
): Promise<Revocation | undefined> {
  const rows = await listTrustedKeys(transaction, organisation.id);
  const ended: Revocation[] = [];
  for (const { keyFingerprint, revokedAt, ...row } of rows) {
    if (keyFingerprint !== fingerprint) continue;
    if (revokedAt === null) return undefined;
    ended.push({ ...row, revokedAt });
  }
  return ended.toSorted((one, other) => (one.revokedAt < other.revokedAt ? 1 : -1))[0];
}

async function requireNotTrusted(context: OrganisationContext, fingerprint: string): Promise<void> {
  const { transaction, organisation } = context;
  const rows = await listTrustedKeys(transaction, organisation.id);
  const row = rows.find((each) => each.keyFingerprint === fingerprint && each.revokedAt === null);
  if (row === undefined) return;
  await requireWrittenRow(context, 'trustedKeys', row);
  throw new HanaperError('already_trusted', `${organisation.name} trusts this key already.`, { fingerprint });
}

/** The error for a key that an organisation does not itself trust. */
export async function notTrusted(context: OrganisationContext, fingerprint: string): Promise<HanaperError> {
  const { transaction, organisation } = context;
  const inherited = await listInheritedKeys(transaction, organisation.id);
  const via = inherited.find((row) => row.keyFingerprint === fingerprint)?.via;
  const why = via === undefined ? 'does not trust' : `trusts only through ${via}`;
  return new HanaperError('not_found', `${organisation.name} ${why} the key ${fingerprint.slice(0, 16)}….`, {
    kind: 'trusted key',
    fingerprint,
    ...(via !== undefined && { remedy: 'list_acls' }),
  });
}

/** A row as a document; `via` names the organisation whose it is, where that is another. */
export function describeTrustedKey(row: TrustedKeyRow, via: string | null): TrustedKeyDocument {
  const { keyFingerprint, keyName, label, trustedAt } = row;
  const revocation = describeRevocation(row);
  return { fingerprint: keyFingerprint, name: keyName, label, via, trusted_at: trustedAt, ...revocation };
}
