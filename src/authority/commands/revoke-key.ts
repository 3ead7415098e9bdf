import { z } from 'zod';
import { takeLock } from '../../store/engine/lock.ts';
import type { SigningKeyRow, TrustedKeyRow } from '../../store/engine/schema.ts';
import type { Revocation } from '../../store/tables/revocation-columns.ts';
import { amendSigningKeys, revokeSigningKeys } from '../../store/tables/signing-keys.ts';
import { listTrusting } from '../../store/tables/trust-rows.ts';
import { amendTrustedKeys, listTrustedKeys, revokeTrustedKeys } from '../../store/tables/trusted-keys.ts';
import {
  amendRevocation,
  beginRevocation,
  describeRevocation,
  type KeyRevocationArgs,
  type KeyRevocationDocument,
  revocationArgs,
  revocationFields,
  revokedAlready,
} from '../keys/revoke-keys.ts';
import {
  describeKey,
  describeSigningKey,
  type KeyReference,
  keyFields,
  keyReferenceArgs,
  listNamesakes,
  requireSigningKey,
  type SigningKeyDocument,
} from '../keys/signing-keys.ts';
import { sha256Arg } from '../schemas/args.ts';
import type { Command, OrganisationContext } from '../schemas/command.ts';
import { affectedByKey, changeTrust } from '../trust/change-trust.ts';

/** Which signing key is revoked, why, and since when. */
export interface RevokeKeyArgs extends KeyReference, KeyRevocationArgs {}

/** A signing key that was revoked, how many organisations trusted it, and what else goes by its name. */
export interface RevokedKeyDocument extends SigningKeyDocument {
  readonly trust_revoked: number;
  /** The revocation that this one made stricter; null: the key was active. */
  readonly before: KeyRevocationDocument | null;
  /** Fingerprint of the active key of that name; null if no active key has the name. */
  readonly active_key: string | null;
  /** Fingerprints of the other keys of that name that were revoked, and not as compromised: the newest 100. */
  readonly older_keys: readonly string[];
}

const maxOlderKeys = 100;

/** Revokes a signing key, and every organisation's trust in it; or makes an earlier revocation stricter. */
export const revokeKey: Command<'organisation', RevokeKeyArgs, RevokedKeyDocument> = {
  name: '/key/revoke',
  summary: 'Revoke a signing key, and all trust in it',
  subject: 'organisation',
  access: 'write',
  route: { method: 'POST', path: '/api/orgs/{org}/keys/{name}/revoke' },
  args: z.strictObject({ ...keyReferenceArgs, ...revocationArgs }),
  result: z.strictObject({
    ...keyFields,
    trust_revoked: z.int().min(0).describe('How many organisations trusted it'),
    before: z
      .strictObject(revocationFields)
      .nullable()
      .describe('The revocation that this one made stricter; null: the key was active'),
    active_key: sha256Arg
      .nullable()
      .describe('Fingerprint of the active key of that name; null if no active key has the name'),
    older_keys: z
      .array(sha256Arg)
      .max(maxOlderKeys)
      .describe(`Other keys of that name, revoked and not as compromised: the newest ${maxOlderKeys}`),
  }),
  async run(context, { name, fingerprint, ...args }) {
    const row = await lockSigningKey(context, { name, ...(fingerprint !== undefined && { fingerprint }) });
    const revocation = await decide(context, row, args);
    const affected = await affectedByKey(context.transaction, context.organisation.id, row.keyFingerprint);
    const trusting = await changeTrust(context, affected, () => revokeEverywhere(context, row, revocation));
    return {
      ...describeSigningKey({ ...row, ...revocation }),
      trust_revoked: trusting.length,
      before: row.revokedAt === null ? null : describeRevocation(row),
      ...(await describeNamesakes(context, row)),
    };
  },
};

/** The signing key that is meant, which nobody else changes or trusts until the transaction ends. */
export async function lockSigningKey(context: OrganisationContext, key: KeyReference): Promise<SigningKeyRow> {
  const { keyFingerprint } = await requireSigningKey(context, key);
  await takeLock(context.transaction, `key/${keyFingerprint}`);
  return requireSigningKey(context, key);
}

/** Writes a revocation into the rows of a signing key. Returns the ids of the organisations that trusted it. */
export async function revokeEverywhere(
  context: OrganisationContext,
  row: SigningKeyRow,
  revocation: Revocation,
): Promise<readonly string[]> {
  const { transaction } = context;
  const { keyFingerprint, revokedAt } = row;
  const isFirst = revokedAt === null;
  await (isFirst ? revokeSigningKeys : amendSigningKeys)(transaction, keyFingerprint, revocation);
  const trusting = isFirst
    ? await revokeTrustedKeys(transaction, keyFingerprint, revocation)
    : await amendTrust(context, row, revocation);
  const why = revocation.revocationReason === null ? {} : { revocation: revocation.revocationReason };
  context.emit('key.signing.revoked', { ...describeKey(context, row), ...why });
  const organisations = trusting.length;
  if (organisations > 0) context.emit('key.trusted.revoked', { fingerprint: keyFingerprint, organisations, ...why });
  return trusting;
}

// An organisation that has made the end of its own trust stricter since then keeps it so.
async function amendTrust(
  { transaction }: OrganisationContext,
  { keyFingerprint, revocationReason }: SigningKeyRow,
  revocation: Revocation,
): Promise<readonly string[]> {
  const amended: string[] = [];
  for (const id of await listTrusting(transaction, keyFingerprint)) {
    const rows = await listTrustedKeys(transaction, id);
    const ended = rows.filter((row) => row.keyFingerprint === keyFingerprint && row.revokedAt === revocation.revokedAt);
    // Without a reason nothing counts, which is as strict as can be.
    if (revocationReason !== null && ended.some((row) => row.revocationReason === null)) continue;
    const strictest = ended.reduce(makeStricter, revocation);
    amended.push(...(await amendTrustedKeys(transaction, keyFingerprint, strictest, id)));
  }
  return amended;
}

function makeStricter(
  revocation: Revocation,
  { revocationReason, effectiveAt, effectiveIndex }: TrustedKeyRow,
): Revocation {
  if (effectiveAt === null || effectiveIndex === null) return revocation;
  const { effectiveAt: at, effectiveIndex: index } = revocation;
  return {
    ...revocation,
    revocationReason: revocationReason === 'compromised' ? revocationReason : revocation.revocationReason,
    effectiveAt: at !== null && at < effectiveAt ? at : effectiveAt,
    effectiveIndex: index === null ? effectiveIndex : Math.min(index, effectiveIndex),
  };
}

async function describeNamesakes(
  context: OrganisationContext,
  row: SigningKeyRow,
): Promise<Pick<RevokedKeyDocument, 'active_key' | 'older_keys'>> {
  const others = await listNamesakes(context, row);
  const older = others.filter((each) => each.revokedAt !== null && each.revocationReason !== 'compromised');
  return {
    active_key: others.find(({ revokedAt }) => revokedAt === null)?.keyFingerprint ?? null,
    older_keys: older.slice(0, maxOlderKeys).map(({ keyFingerprint }) => keyFingerprint),
  };
}

async function decide(context: OrganisationContext, row: SigningKeyRow, args: KeyRevocationArgs): Promise<Revocation> {
  const { revokedAt } = row;
  if (revokedAt === null) return beginRevocation(context, args);
  if (Object.keys(args).length === 0) throw revokedAlready({ ...row, revokedAt });
  return amendRevocation(context, { ...row, revokedAt }, args);
}
