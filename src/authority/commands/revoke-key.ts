import { z } from 'zod';
import { takeLock } from '../../store/lock.ts';
import type { Revocation } from '../../store/revocation.ts';
import type { SigningKeyRow, TrustedKeyRow } from '../../store/schema.ts';
import { amendSigningKeys, revokeSigningKeys } from '../../store/signing-keys.ts';
import { listTrusting } from '../../store/trust-rows.ts';
import { amendTrustedKeys, listTrustedKeys, revokeTrustedKeys } from '../../store/trusted-keys.ts';
import { nameArg } from '../args.ts';
import { affectedByKey, changeTrust } from '../change-trust.ts';
import type { Command, OrganisationContext } from '../command.ts';
import { requireNotRevoked } from '../key-rules.ts';
import { amendRevocation, beginRevocation, type KeyRevocationArgs, revocationArgs } from '../revocation.ts';
import {
  describeKey,
  describeSigningKey,
  keyFields,
  requireSigningKey,
  type SigningKeyDocument,
} from '../signing-keys.ts';

/** Which signing key is revoked, why, and since when. */
export interface RevokeKeyArgs extends KeyRevocationArgs {
  readonly name: string;
}

/** A signing key that was revoked, and how many organisations trusted it. */
export interface RevokedKeyDocument extends SigningKeyDocument {
  readonly trust_revoked: number;
}

/** Revokes a signing key, and every organisation's trust in it; or makes an earlier revocation stricter. */
export const revokeKey: Command<'organisation', RevokeKeyArgs, RevokedKeyDocument> = {
  name: '/key/revoke',
  summary: 'Revoke a signing key, and all trust in it',
  subject: 'organisation',
  access: 'write',
  route: { method: 'POST', path: '/api/orgs/{org}/keys/{name}/revoke' },
  args: z.strictObject({ name: nameArg.describe('The signing key'), ...revocationArgs }),
  result: z.strictObject({
    ...keyFields,
    trust_revoked: z.int().min(0).describe('How many organisations trusted it'),
  }),
  async run(context, { name, ...args }) {
    const row = await lockSigningKey(context, name);
    if (Object.keys(args).length === 0) requireNotRevoked(row);
    const revocation = await decide(context, row, args);
    const affected = await affectedByKey(context.transaction, context.organisation.id, row.keyFingerprint);
    const trusting = await changeTrust(context, affected, () => revokeEverywhere(context, row, revocation));
    return { ...describeSigningKey({ ...row, ...revocation }), trust_revoked: trusting.length };
  },
};

/** The signing key of that name, which nobody else changes or trusts until the transaction ends. */
export async function lockSigningKey(context: OrganisationContext, name: string): Promise<SigningKeyRow> {
  const { keyFingerprint } = await requireSigningKey(context, name);
  await takeLock(context.transaction, `key/${keyFingerprint}`);
  return requireSigningKey(context, name);
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

// Whoever has made the end of his own trust stricter since then keeps it so.
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

function decide(context: OrganisationContext, row: SigningKeyRow, args: KeyRevocationArgs): Promise<Revocation> {
  const { revokedAt } = row;
  return revokedAt === null ? beginRevocation(context, args) : amendRevocation(context, { ...row, revokedAt }, args);
}
