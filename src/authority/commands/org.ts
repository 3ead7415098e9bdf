import { z } from 'zod';
import { generateSeed, publicKeyOf } from '../../crypto/ed25519.ts';
import { fingerprintOf } from '../../crypto/fingerprint.ts';
import { createUuid } from '../../crypto/uuid.ts';
import { encodeEd25519DidKey } from '../../did/did-key.ts';
import { HanaperError } from '../../errors.ts';
import {
  findOrganization,
  insertOrganization,
  listOrganizations,
  setHashSignatures,
} from '../../store/organizations.ts';
import type { OrganizationRow } from '../../store/schema.ts';
import { nameArg, noArgs } from '../args.ts';
import type { Command, CommandContext } from '../command.ts';
import { placeOfIdentityKey } from '../key-places.ts';
import { settleOrganisation } from '../principals.ts';

/** An organisation as a document. */
export interface OrganisationDocument {
  readonly id: string;
  readonly name: string;
  readonly did: string;
  readonly hash_signatures: 'on' | 'off';
  readonly created_at: string;
}

/** Makes an organisation with an identity key of its own, sealed, and its root delegation to the authority. */
export const createOrganisation: Command<'authority', { name: string }, OrganisationDocument> = {
  name: '/org/create',
  subject: 'authority',
  access: 'write',
  args: z.strictObject({ name: nameArg }),
  async run(context, { name }) {
    if (await findOrganization(context.transaction, { name })) {
      throw new HanaperError('already_exists', `There is an organisation "${name}" already. Choose another name.`, {
        kind: 'organisation',
        name,
      });
    }
    const row = await newOrganisation(context, name);
    await insertOrganization(context.transaction, row);
    await settleOrganisation(context, row);
    return toDocument(row);
  },
};

/** All organisations, by name. */
export const listOrganisations: Command<
  'authority',
  Record<string, never>,
  { organisations: OrganisationDocument[] }
> = {
  name: '/org/list',
  subject: 'authority',
  access: 'read',
  args: noArgs,
  run: async ({ transaction }) => ({ organisations: (await listOrganizations(transaction)).map(toDocument) }),
};

/** One organisation. */
export const showOrganisation: Command<'organisation', Record<string, never>, OrganisationDocument> = {
  name: '/org/show',
  subject: 'organisation',
  access: 'read',
  args: noArgs,
  run: async ({ organisation }) => toDocument(organisation),
};

/** Lets an organisation make hash signatures (`v1`), or stops it. */
export const setOrganisation: Command<'organisation', { hash_signatures: 'on' | 'off' }, OrganisationDocument> = {
  name: '/org/set',
  subject: 'organisation',
  access: 'write',
  args: z.strictObject({ hash_signatures: z.enum(['on', 'off']) }),
  async run({ transaction, organisation, now }, { hash_signatures }) {
    const since = hash_signatures === 'off' ? null : (organisation.hashSignaturesSince ?? now);
    await setHashSignatures(transaction, organisation.id, since);
    return toDocument({ ...organisation, hashSignaturesSince: since });
  },
};

async function newOrganisation(context: CommandContext, name: string): Promise<OrganizationRow> {
  const id = createUuid(new Date(context.now));
  using seed = generateSeed();
  const publicKey = await publicKeyOf(seed);
  return {
    id,
    name,
    did: encodeEd25519DidKey(publicKey),
    encryptedIdentityKey: await context.vault().sealKey(seed, placeOfIdentityKey({ id }, fingerprintOf(publicKey))),
    hashSignaturesSince: null,
    createdAt: context.now,
  };
}

function toDocument({ id, name, did, hashSignaturesSince, createdAt }: OrganizationRow): OrganisationDocument {
  return { id, name, did, hash_signatures: hashSignaturesSince ? 'on' : 'off', created_at: createdAt };
}
