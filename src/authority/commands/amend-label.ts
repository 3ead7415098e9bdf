import { z } from 'zod';
import { takeLock } from '../../store/engine/lock.ts';
import { rewriteRows } from '../../store/engine/rewrite.ts';
import type { TrustedKeyRow } from '../../store/engine/schema.ts';
import { listTrustedKeys } from '../../store/tables/trusted-keys.ts';
import {
  describeSigningKey,
  type KeyReference,
  keyReferenceArgs,
  keyResult,
  type SigningKeyDocument,
} from '../keys/signing-keys.ts';
import { labelArg, sha256Arg } from '../schemas/args.ts';
import type { Command, OrganisationContext } from '../schemas/command.ts';
import { lockSigningKey } from './revoke-key.ts';
import { describeTrustedKey, notTrusted, type TrustedKeyDocument, trustedKeyResult } from './trust.ts';

/** Which signing key gets which label. */
export interface AmendKeyArgs extends KeyReference {
  /** Up to 255 characters; null: none. */
  readonly label: string | null;
}

/** Which trusted key gets which label. */
export interface AmendTrustArgs {
  /** 64 hex characters. */
  readonly fingerprint: string;
  /** Up to 255 characters; null: none. */
  readonly label: string | null;
}

const newLabel = labelArg.nullable().describe('What people call it; null: nothing else than its name');

/** Changes the label of a signing key, and that of its own organisation's trust in it where that was the same. */
export const amendKey: Command<'organisation', AmendKeyArgs, SigningKeyDocument> = {
  name: '/key/amend',
  summary: 'Change the label of a signing key',
  subject: 'organisation',
  access: 'write',
  route: { method: 'PATCH', path: '/api/orgs/{org}/keys/{name}' },
  args: z.strictObject({ ...keyReferenceArgs, label: newLabel }),
  result: keyResult,
  async run(context, { label, ...key }) {
    const { transaction } = context;
    const row = await lockSigningKey(context, key);
    const trusted = (await listOwnTrust(context, row.keyFingerprint)).filter((each) => each.label === row.label);
    await rewriteRows(transaction, 'signingKeys', [row], { label });
    await rewriteRows(transaction, 'trustedKeys', trusted, { label });
    return describeSigningKey({ ...row, label });
  },
};

/** Changes the label of a key that an organisation itself trusts: of the active row, else of the one that ended last. */
export const amendTrust: Command<'organisation', AmendTrustArgs, TrustedKeyDocument> = {
  name: '/trust/amend',
  summary: 'Change the label of a trusted key',
  subject: 'organisation',
  access: 'write',
  route: { method: 'PATCH', path: '/api/orgs/{org}/trust/{fingerprint}' },
  args: z.strictObject({ fingerprint: sha256Arg.describe('SHA-256 of the public key'), label: newLabel }),
  result: trustedKeyResult,
  async run(context, { fingerprint, label }) {
    await takeLock(context.transaction, `key/${fingerprint}`);
    const rows = await listOwnTrust(context, fingerprint);
    const row = rows.find(({ revokedAt }) => revokedAt === null) ?? rows[0];
    if (row === undefined) throw await notTrusted(context, fingerprint);
    await rewriteRows(context.transaction, 'trustedKeys', [row], { label });
    return describeTrustedKey({ ...row, label }, null);
  },
};

async function listOwnTrust(
  { transaction, organisation }: OrganisationContext,
  fingerprint: string,
): Promise<readonly TrustedKeyRow[]> {
  const rows = await listTrustedKeys(transaction, organisation.id);
  return rows.filter(({ keyFingerprint }) => keyFingerprint === fingerprint);
}
