import { z } from 'zod';
import { decodeUtf8 } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { required } from '../../required.ts';
import { signBundle } from '../../trust/bundle.ts';
import { readSignedHead } from '../log/prove-entry.ts';
import type { SignedHead } from '../log/verify-head.ts';
import { didArg, nameArg, timeArg } from '../schemas/args.ts';
import type { Command, OrganisationContext } from '../schemas/command.ts';
import { openTrust } from '../trust/open-trust.ts';

/** For how many seconds a bundle counts: a minute to a year; absent: 30 days. */
export interface ExportTrustArgs {
  readonly expires_in?: number;
}

/** A trust bundle, and what it says of itself. */
export interface TrustBundleDocument {
  readonly organisation: string;
  /** DID of the authority that signed it. */
  readonly authority: string;
  /** Of the organisation's trust. */
  readonly version: number;
  readonly issued_at: string;
  readonly expires_at: string;
  /** How many entries of the log are under the checkpoint that it rests on. */
  readonly log_size: number;
  /** The text of the `.trust` file. */
  readonly bundle: string;
}

const day = 86_400;

/** Signs a bundle of what an organisation trusts, for verifiers without the database. It changes nothing, and needs the vault. */
export const exportTrust: Command<'organisation', ExportTrustArgs, TrustBundleDocument> = {
  name: '/trust/export',
  summary: 'Sign a bundle of what is trusted, for verifiers without the database',
  subject: 'organisation',
  access: 'read',
  needsCheckpoint: true,
  signs: true,
  route: { method: 'GET', path: '/api/orgs/{org}/trust/bundle' },
  args: z.strictObject({
    expires_in: z
      .int()
      .min(60)
      .max(366 * day)
      .describe('For how many seconds it counts; absent: 30 days')
      .exactOptional(),
  }),
  result: z.strictObject({
    organisation: nameArg,
    authority: didArg,
    version: z.int().min(1).describe("Of the organisation's trust"),
    issued_at: timeArg,
    expires_at: timeArg,
    log_size: z.int().min(0).describe('How many entries of the log are under the checkpoint that it rests on'),
    bundle: z.string().describe('The text of the .trust file'),
  }),
  async run(context, { expires_in = 30 * day }) {
    const { organisation, authority, now: issuedAt } = context;
    const head = await requireHead(context);
    const expiresAt = new Date(Date.parse(issuedAt) + expires_in * 1000).toISOString();
    const { bundle, version } = await makeBundle(context, head, { issuedAt, expiresAt });
    context.emit('trust.exported', { organisation: organisation.name, version, expires_at: expiresAt });
    return {
      organisation: organisation.name,
      authority: authority.did,
      version,
      issued_at: issuedAt,
      expires_at: expiresAt,
      log_size: head.checkpoint.size,
      bundle,
    };
  },
};

async function makeBundle(
  { transaction, authority, organisation, vault }: OrganisationContext,
  { note, logKey }: SignedHead,
  times: { readonly issuedAt: string; readonly expiresAt: string },
): Promise<{ readonly bundle: string; readonly version: number }> {
  const state = await openTrust(transaction, authority, organisation);
  const bytes = await signBundle(vault(), { ...times, state, log: logKey, checkpoint: note });
  return { bundle: required(decodeUtf8(bytes), 'text of a bundle'), version: state.version };
}

async function requireHead({ transaction, authority }: OrganisationContext): Promise<SignedHead> {
  const head = await readSignedHead(transaction, authority.did);
  if (head) return head;
  throw new HanaperError(
    'locked',
    'The log has no checkpoint yet, and one is signed only while the vault is open. Unlock it first.',
  );
}
