import { z } from 'zod';
import { generateSeed, publicKeyOf } from '../../crypto/ed25519.ts';
import { fingerprintOf } from '../../crypto/fingerprint.ts';
import { createUuid } from '../../crypto/uuid.ts';
import { encodeEd25519DidKey } from '../../did/did-key.ts';
import { HanaperError } from '../../errors.ts';
import type { OrganizationRow } from '../../store/engine/schema.ts';
import {
  findOrganization,
  insertOrganization,
  listOrganizations,
  updateOrganization,
} from '../../store/tables/organizations.ts';
import { identityKeyContext } from '../identity/sealed-key-context.ts';
import { requireWrittenRow } from '../log/check-rows.ts';
import { didArg, nameArg, noArgs, switchArg, timeArg } from '../schemas/args.ts';
import type { Command, CommandContext } from '../schemas/command.ts';
import { settleOrganisation } from '../tokens/principals.ts';
import { signFirstSnapshot } from '../trust/change-trust.ts';
import {
  alteredFields,
  findAlteredRows,
  findLostRows,
  type MaybeAltered,
  type MaybeMarked,
  mark,
  markFields,
  withAltered,
} from '../trust/find-altered-rows.ts';

/** An organisation as a document. */
export interface OrganisationDocument {
  readonly id: string;
  readonly name: string;
  readonly did: string;
  readonly hash_signatures: 'on' | 'off';
  readonly public_verification: 'on' | 'off';
  readonly created_at: string;
}

/** What an organisation allows; what is left out stays as it is. */
export interface SetOrganisationArgs {
  readonly hash_signatures?: 'on' | 'off';
  readonly public_verification?: 'on' | 'off';
}

const hashSignatures = switchArg.describe('Whether it makes hash signatures, which bind nothing but the hash');
const publicVerification = switchArg.describe('Whether anybody may ask if it trusts a signature');
const organisationFields: { readonly [Field in keyof OrganisationDocument]: z.ZodType<OrganisationDocument[Field]> } = {
  id: z.string().describe('UUID'),
  name: nameArg,
  did: didArg,
  hash_signatures: hashSignatures,
  public_verification: publicVerification,
  created_at: timeArg,
};
const organisationResult: z.ZodType<OrganisationDocument> = z.strictObject(organisationFields);

/** Makes an organisation with an identity key of its own, sealed, and its root delegation to the authority. */
export const createOrganisation: Command<'authority', { name: string }, OrganisationDocument> = {
  name: '/org/create',
  summary: 'Create an organisation, with an identity key of its own',
  subject: 'authority',
  access: 'write',
  route: { method: 'POST', path: '/api/orgs' },
  args: z.strictObject({ name: nameArg.describe('What the organisation is called') }),
  result: organisationResult,
  async run(context, { name }) {
    const existing = await findOrganization(context.transaction, { name });
    if (existing) {
      await requireWrittenRow(context, 'organizations', existing);
      throw new HanaperError('already_exists', `There is an organisation "${name}" already. Choose another name.`, {
        kind: 'organisation',
        name,
      });
    }
    const row = await newOrganisation(context, name);
    await insertOrganization(context.transaction, row);
    await settleOrganisation(context, row);
    await signFirstSnapshot(context, row);
    return toDocument(row);
  },
};

/** All organisations, by name. */
export const listOrganisations: Command<
  'authority',
  Record<string, never>,
  { organisations: (OrganisationDocument & MaybeMarked)[] } & MaybeAltered
> = {
  name: '/org/list',
  summary: 'List the organisations',
  subject: 'authority',
  access: 'read',
  route: { method: 'GET', path: '/api/orgs' },
  args: noArgs,
  result: z.strictObject({
    organisations: z.array(z.strictObject({ ...organisationFields, ...markFields })),
    ...alteredFields,
  }),
  async run(context) {
    const rows = await listOrganizations(context.transaction);
    const altered = await findAlteredRows(context, 'organizations', rows);
    return withAltered(
      { organisations: rows.map((row) => mark(toDocument(row), row.id, altered)) },
      altered,
      await findLostRows(context, 'organizations'),
    );
  },
};

/** One organisation. */
export const showOrganisation: Command<'organisation', Record<string, never>, OrganisationDocument & MaybeAltered> = {
  name: '/org/show',
  summary: 'Show one organisation',
  subject: 'organisation',
  access: 'read',
  route: { method: 'GET', path: '/api/orgs/{org}' },
  args: noArgs,
  result: z.strictObject({ ...organisationFields, ...alteredFields }),
  run: async (context) =>
    withAltered(
      toDocument(context.organisation),
      await findAlteredRows(context, 'organizations', [context.organisation]),
    ),
};

/** Changes what an organisation allows: hash signatures (`v1`), and verification by anybody. */
export const setOrganisation: Command<'organisation', SetOrganisationArgs, OrganisationDocument> = {
  name: '/org/set',
  summary: 'Change what an organisation allows',
  subject: 'organisation',
  access: 'write',
  route: { method: 'PATCH', path: '/api/orgs/{org}' },
  args: z.strictObject({
    hash_signatures: hashSignatures.exactOptional(),
    public_verification: publicVerification.exactOptional(),
  }),
  result: organisationResult,
  async run({ transaction, organisation, now }, { hash_signatures, public_verification }) {
    const changes = {
      hashSignaturesSince: turn(organisation.hashSignaturesSince, hash_signatures, now),
      publicVerificationSince: turn(organisation.publicVerificationSince, public_verification, now),
    };
    await updateOrganization(transaction, organisation.id, changes);
    return toDocument({ ...organisation, ...changes });
  },
};

// What is on stays so since it was turned on.
function turn(since: string | null, to: 'on' | 'off' | undefined, now: string): string | null {
  if (to === undefined) return since;
  return to === 'off' ? null : (since ?? now);
}

async function newOrganisation(context: CommandContext, name: string): Promise<OrganizationRow> {
  const id = createUuid(new Date(context.now));
  using seed = generateSeed();
  const publicKey = await publicKeyOf(seed);
  return {
    id,
    name,
    did: encodeEd25519DidKey(publicKey),
    encryptedIdentityKey: await context.vault().sealKey(seed, identityKeyContext({ id }, fingerprintOf(publicKey))),
    hashSignaturesSince: null,
    publicVerificationSince: null,
    verificationPolicy: null,
    createdAt: context.now,
  };
}

function toDocument(row: OrganizationRow): OrganisationDocument {
  const { id, name, did, hashSignaturesSince, publicVerificationSince, createdAt } = row;
  return {
    id,
    name,
    did,
    hash_signatures: hashSignaturesSince ? 'on' : 'off',
    public_verification: publicVerificationSince ? 'on' : 'off',
    created_at: createdAt,
  };
}
