import { z } from 'zod';
import { readLogHead } from '../../store/tables/log.ts';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { resolveOrganisation } from '../execution/find-organisation.ts';
import { readOrganisationNames } from '../log/describe-entries.ts';
import { findIndexAt } from '../log/find-entry.ts';
import { cidText, nameArg, sha256Arg, timeArg } from '../schemas/args.ts';
import type { Command } from '../schemas/command.ts';
import { alteredFields, type MaybeAltered, withAltered } from '../trust/find-altered-rows.ts';
import { type FoundSignature, readSigningPage } from './signing-page.ts';

/** Which signatures are listed; without any of these, all. */
export interface ListPackagesArgs {
  /** Name, DID or id. */
  readonly organisation?: string;
  /** Name or fingerprint of the key that signed. */
  readonly key?: string;
  /** The file name, in which `*` is any run of characters but `/`. */
  readonly name?: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly since?: string;
  /** The `next` of the page before. */
  readonly from?: number;
  /** 1 to 1,000; default: 100. */
  readonly limit?: number;
}

/** A signature that was made or attached here, as its entry in the log tells. */
export interface SignedPackageDocument {
  /** The index of the entry. */
  readonly index: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly enrolled_at: string;
  /** `/package/sign`, `/package/sign-hash` or `/package/attach`. */
  readonly command: string;
  /** DID of who asked for it. */
  readonly issuer: string;
  /** DID of the organisation. */
  readonly subject: string;
  readonly organisation?: string;
  readonly name?: string;
  readonly hash?: string;
  readonly key?: string;
  readonly key_fingerprint?: string;
  readonly signed_at?: string;
  /** CID, in base58btc. */
  readonly receipt: string;
}

/** One page of signatures; `next` is there where more may follow. */
export interface PackageListDocument extends MaybeAltered {
  readonly signatures: readonly SignedPackageDocument[];
  readonly next?: number;
}

const defaultLimit = 100;
const maxPatternCharacters = 256;
const index = z.int().min(0);

/** The signatures that were made or attached since the log began, oldest first: kept in the database or not. */
export const listPackages: Command<'authority', ListPackagesArgs, PackageListDocument> = {
  name: '/package/list',
  summary: 'List what was signed, by which key and for whom, as the log tells',
  subject: 'authority',
  access: 'read',
  route: { method: 'GET', path: '/api/packages' },
  args: z.strictObject({
    organisation: z.string().min(1).max(256).describe('Of this organisation: name, DID or id').exactOptional(),
    key: z.union([nameArg, sha256Arg]).describe('By this key: its name or its fingerprint').exactOptional(),
    name: z
      .string()
      .min(1)
      .max(maxPatternCharacters)
      .describe('Of this file name; `*` is any run of characters but `/`')
      .exactOptional(),
    since: timeArg.describe('From this time on').exactOptional(),
    from: index.describe('The `next` of the page before').exactOptional(),
    limit: z.int().min(1).max(1000).describe('How many at most; 100 where it is left out').exactOptional(),
  }),
  result: z.strictObject({
    signatures: z.array(
      z.strictObject({
        index: index.describe('The index of the entry in the log'),
        enrolled_at: timeArg,
        command: z.string(),
        issuer: z.string().describe('The DID of who asked for it'),
        subject: z.string().describe('The DID of the organisation'),
        organisation: z.string().describe('The name of the organisation').exactOptional(),
        name: z.string().describe('The file name; absent for a bare hash').exactOptional(),
        hash: z.string().describe('SHA-256 of the package').exactOptional(),
        key: z.string().describe('The name of the key; absent for what was attached').exactOptional(),
        key_fingerprint: z.string().describe('SHA-256 of the public key').exactOptional(),
        signed_at: z.string().exactOptional(),
        receipt: cidText,
      }),
    ),
    next: index.exactOptional(),
    ...alteredFields,
  }),
  async run(context, { organisation, key, name, since, from = 0, limit = defaultLimit }) {
    const { transaction } = context;
    const { size } = await readLogHead(transaction);
    const begin = since === undefined ? 0 : await findIndexAt(transaction, since, size);
    const { found, altered, next } = await readSigningPage(context, size, {
      subject: organisation === undefined ? undefined : (await resolveOrganisation(transaction, organisation)).did,
      key,
      pattern: name,
      from: Math.max(from, begin),
      limit,
    });
    const names = await readOrganisationNames(
      transaction,
      found.map(({ invocation }) => invocation.subject),
    );
    const signatures = found.map((each) => describe(each, names.get(each.invocation.subject)));
    return withAltered({ signatures, ...(next !== undefined && { next }) }, altered);
  },
};

function describe(
  { placed: { index: at, entry }, invocation, about, signedAt }: FoundSignature,
  organisation: string | undefined,
): SignedPackageDocument {
  const { command, issuer, subject } = invocation;
  return {
    index: at,
    enrolled_at: entry.enrolledAt,
    command,
    issuer,
    subject,
    ...(organisation !== undefined && { organisation }),
    ...about,
    ...(signedAt !== undefined && { signed_at: signedAt }),
    receipt: formatCid(entry.receipt),
  };
}
