import { z } from 'zod';
import { decodeHex } from '../../bytes.ts';
import { HanaperError } from '../../errors.ts';
import { required } from '../../required.ts';
import { getInvocationByCid } from '../../store/tables/ucan-invocations.ts';
import type { PlacedEntry } from '../log/find-entry.ts';
import { findSigningEntry } from '../log/find-signing-entry.ts';
import { type LogProofDocument, logProofResult, toLogProofDocument } from '../log/proof-document.ts';
import { proveEntry } from '../log/prove-entry.ts';
import { sha256Arg, timeArg } from '../schemas/args.ts';
import type { Command, OrganisationContext } from '../schemas/command.ts';

/** Of which signature the place is asked. */
export interface ProvePackageArgs {
  /** SHA-256 of the signature's 64 bytes: 64 hex characters. */
  readonly signature: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly signed_at: string;
}

/** Proves where in the log a package signature of the organisation stands; a checkpoint is made first, if the vault is open. */
export const provePackage: Command<'organisation', ProvePackageArgs, LogProofDocument> = {
  name: '/package/proof',
  summary: 'Prove where in the log a package signature stands',
  subject: 'organisation',
  access: 'read',
  needsCheckpoint: true,
  route: { method: 'GET', path: '/api/orgs/{org}/packages/proofs/{signature}' },
  args: z.strictObject({
    signature: sha256Arg.describe("SHA-256 of the signature's 64 bytes"),
    signed_at: timeArg.describe('When it was made, as the signature says'),
  }),
  result: logProofResult,
  async run(context, { signature, signed_at: signedAt }) {
    const { transaction, authority } = context;
    const digest = required(decodeHex(signature), 'digest in hex');
    const placed = await findSigningEntry(transaction, authority.did, { digest, signedAt });
    if (placed === undefined || !(await isOwn(context, placed))) throw notSignedHere(context);
    return toLogProofDocument(await proveEntry(transaction, authority.did, placed));
  },
};

async function isOwn({ transaction, organisation }: OrganisationContext, { entry }: PlacedEntry): Promise<boolean> {
  return (await getInvocationByCid(transaction, entry.invocation))?.sub === organisation.did;
}

function notSignedHere({ organisation }: OrganisationContext): HanaperError {
  return new HanaperError(
    'not_found',
    `The log has no act by which ${organisation.name} made or attached this signature. Only what was signed or attached here can be proven.`,
    { kind: 'package signature' },
  );
}
