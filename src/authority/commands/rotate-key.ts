import { z } from 'zod';
import { generateSeed, publicKeyOf } from '../../crypto/ed25519.ts';
import type { SigningKeyRow } from '../../store/engine/schema.ts';
import { listOrganizations, updatePolicy } from '../../store/tables/organizations.ts';
import { parsePolicy } from '../../trust/parse-policy.ts';
import { formatPolicy, holdSuccessor, type VerificationPolicy } from '../../trust/policy.ts';
import { requireNotRevoked } from '../keys/key-rules.ts';
import { beginRevocation } from '../keys/revoke-keys.ts';
import {
  addSigningKey,
  describeKey,
  describeSigningKey,
  type KeyReference,
  keyReferenceArgs,
  keyResult,
  type SigningKeyDocument,
} from '../keys/signing-keys.ts';
import { nameArg } from '../schemas/args.ts';
import type { Command, OrganisationContext } from '../schemas/command.ts';
import { affectedByKey, changeTrust } from '../trust/change-trust.ts';
import { lockSigningKey, revokeEverywhere } from './revoke-key.ts';

/** A signing key and the one whose place it took. */
export interface RotatedKeyDocument {
  readonly key: SigningKeyDocument;
  readonly replaced: SigningKeyDocument;
  /** Names of the other organisations that trusted the old key themselves: they decide about the new one. */
  readonly also_trusted_by: readonly string[];
  /** Groups of the verification policy that name the old key: whether the new one counts there is yet to be said. */
  readonly policy_groups: readonly string[];
}

/** Makes a signing key's successor under the same name; what the old one signed stays valid where its place is known. */
export const rotateKey: Command<'organisation', KeyReference, RotatedKeyDocument> = {
  name: '/key/rotate',
  summary: 'Replace a signing key by a new one of the same name; what it signed stays valid',
  subject: 'organisation',
  access: 'write',
  route: { method: 'POST', path: '/api/orgs/{org}/keys/{name}/rotate' },
  args: z.strictObject(keyReferenceArgs),
  result: z.strictObject({
    key: keyResult,
    replaced: keyResult,
    also_trusted_by: z.array(nameArg).describe('Other organisations that trusted the old key themselves'),
    policy_groups: z
      .array(nameArg)
      .describe('Groups of the verification policy that name the old key, not the new one'),
  }),
  async run(context, meant) {
    const old = await lockSigningKey(context, meant);
    requireNotRevoked(old);
    const revocation = await beginRevocation(context, { reason: 'superseded' });
    const affected = await affectedByKey(context.transaction, context.organisation.id, old.keyFingerprint);
    const { row, trusting, policy } = await changeTrust(context, affected, async (before) => {
      const standing = before.get(context.organisation.id)?.policy ?? null;
      const revoked = await revokeEverywhere(context, old, revocation);
      const successor = await makeSuccessor(context, old);
      if (standing) await carryNames(context, standing, old, successor);
      return { trusting: revoked, row: successor, policy: standing };
    });
    context.emit('key.signing.created', describeKey(context, row));
    return {
      key: describeSigningKey(row),
      replaced: describeSigningKey({ ...old, ...revocation }),
      also_trusted_by: await nameOthers(context, trusting),
      policy_groups: (policy?.groups ?? []).filter(({ keys }) => keys.includes(old.keyFingerprint)).map(nameOf),
    };
  },
};

async function makeSuccessor(
  context: OrganisationContext,
  { keyName: name, label }: SigningKeyRow,
): Promise<SigningKeyRow> {
  using seed = generateSeed();
  return await addSigningKey(context, { name, label }, seed, await publicKeyOf(seed));
}

// Not so in the groups: a holder of both keys would count twice for what the old one signed.
async function carryNames(
  { transaction, organisation, emit }: OrganisationContext,
  policy: VerificationPolicy,
  old: SigningKeyRow,
  successor: SigningKeyRow,
): Promise<void> {
  if (!policy.names.some(({ keys }) => keys.includes(old.keyFingerprint))) return;
  const held = parsePolicy(holdSuccessor(policy, old.keyFingerprint, successor.keyFingerprint));
  await updatePolicy(transaction, organisation.id, formatPolicy(held));
  emit('policy.changed', { organisation: organisation.name, level: held.level });
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

async function nameOthers(
  { transaction, organisation }: OrganisationContext,
  ids: readonly string[],
): Promise<readonly string[]> {
  const others = (await listOrganizations(transaction)).filter(({ id }) => id !== organisation.id && ids.includes(id));
  return others.map(nameOf);
}
