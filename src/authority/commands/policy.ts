import { z } from 'zod';
import { HanaperError } from '../../errors.ts';
import { updatePolicy } from '../../store/tables/organizations.ts';
import { formatPolicy, type VerificationPolicy } from '../../trust/policy.ts';
import type { TrustState } from '../../trust/state.ts';
import { nameArg, noArgs } from '../schemas/args.ts';
import type { Command, OrganisationContext } from '../schemas/command.ts';
import { policyArg } from '../schemas/policy.ts';
import { changeTrust } from '../trust/change-trust.ts';
import { openTrust } from '../trust/open-trust.ts';

/** What an organisation asks of signatures beyond one by a key that it trusts; null: nothing. */
export interface PolicyDocument {
  readonly organisation: string;
  readonly policy: VerificationPolicy | null;
}

const policy = policyArg.nullable().describe('What is asked beyond one good signature; null: nothing');
const policyResult: z.ZodType<PolicyDocument> = z.strictObject({ organisation: nameArg, policy });

/** Sets the verification policy of an organisation. The keys that it names must be in the organisation's trust. */
export const setPolicy: Command<'organisation', Pick<PolicyDocument, 'policy'>, PolicyDocument> = {
  name: '/policy/set',
  summary: 'Set what is asked of signatures beyond one by a trusted key',
  subject: 'organisation',
  access: 'write',
  route: { method: 'POST', path: '/api/orgs/{org}/policy' },
  args: z.strictObject({ policy }),
  result: policyResult,
  async run(context, args) {
    const { organisation, transaction } = context;
    const text = args.policy && formatPolicy(args.policy);
    await changeTrust(context, [organisation.id], async (before) => {
      if (args.policy) requireKnownKeys(context, args.policy, before.get(organisation.id)?.keys ?? []);
      await updatePolicy(transaction, organisation.id, text);
    });
    context.emit('policy.changed', { organisation: organisation.name, level: args.policy?.level ?? null });
    return { organisation: organisation.name, policy: args.policy };
  },
};

/** The verification policy of an organisation. */
export const showPolicy: Command<'organisation', Record<string, never>, PolicyDocument> = {
  name: '/policy/show',
  summary: 'Show what is asked of signatures beyond one by a trusted key',
  subject: 'organisation',
  access: 'read',
  route: { method: 'GET', path: '/api/orgs/{org}/policy' },
  args: noArgs,
  result: policyResult,
  run: async (context) => ({ organisation: context.organisation.name, policy: (await open(context)).policy }),
};

function open({ transaction, authority, organisation }: OrganisationContext): Promise<TrustState> {
  return openTrust(transaction, authority, organisation);
}

// A key that was rotated counts for what it signed: revoked ones may be named.
function requireKnownKeys(
  { organisation }: OrganisationContext,
  { groups, names }: VerificationPolicy,
  keys: TrustState['keys'],
): void {
  const known = new Set(keys.map(({ fingerprint }) => fingerprint));
  const unknown = [...groups, ...names].flatMap((part) => part.keys).find((fingerprint) => !known.has(fingerprint));
  if (unknown === undefined) return;
  throw new HanaperError(
    'not_found',
    `The policy names the key ${unknown.slice(0, 16)}…, which ${organisation.name} does not trust.`,
    { kind: 'trusted key', fingerprint: unknown, remedy: 'list_trusted_keys' },
  );
}
