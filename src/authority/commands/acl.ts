import { z } from 'zod';
import { createUuid } from '../../crypto/uuid.ts';
import { HanaperError } from '../../errors.ts';
import { takeLock } from '../../store/engine/lock.ts';
import { listOrganizations } from '../../store/tables/organizations.ts';
import { insertTrustAcl, listTrustAcls, type NamedAcl, revokeTrustAcl } from '../../store/tables/trust-acls.ts';
import { resolveOrganisation } from '../execution/find-organisation.ts';
import { requireWrittenRow } from '../log/check-rows.ts';
import { nameArg, noArgs, timeArg } from '../schemas/args.ts';
import type { Command, OrganisationContext } from '../schemas/command.ts';
import { changeTrust } from '../trust/change-trust.ts';
import {
  alteredFields,
  findAlteredList,
  type MaybeAltered,
  type MaybeMarked,
  mark,
  markFields,
  withAltered,
} from '../trust/find-altered-rows.ts';

/** A trust ACL as a document: the parent accepts the child's keys. */
export interface AclDocument {
  readonly parent: string;
  readonly child: string;
  readonly granted_at: string;
  readonly revoked_at: string | null;
}

/** Name of the organisation whose keys are accepted. */
export interface AclArgs {
  readonly child: string;
}

const aclArgs: z.ZodType<AclArgs> = z.strictObject({
  child: nameArg.describe('The organisation whose keys are accepted'),
});

const aclFields: { readonly [Field in keyof AclDocument]: z.ZodType<AclDocument[Field]> } = {
  parent: nameArg.describe('The organisation that accepts'),
  child: nameArg.describe('The organisation whose keys are accepted'),
  granted_at: timeArg,
  revoked_at: timeArg.nullable(),
};
const aclResult: z.ZodType<AclDocument> = z.strictObject(aclFields);

/** Has an organisation (the parent) accept another's own keys. One level: what the child accepts is not passed on. */
export const grantAcl: Command<'organisation', AclArgs, AclDocument> = {
  name: '/acl/grant',
  summary: "Accept another organisation's own keys",
  subject: 'organisation',
  access: 'write',
  route: { method: 'POST', path: '/api/orgs/{org}/acls' },
  args: aclArgs,
  result: aclResult,
  async run(context, args) {
    const { transaction, organisation: parent, now } = context;
    const child = await resolveOrganisation(transaction, args.child);
    if (child.id === parent.id) {
      throw new HanaperError('bad_input', `${parent.name} accepts its own keys anyway; name another organisation.`, {
        field: 'child',
      });
    }
    await takeLock(transaction, `acl/${parent.id}`);
    await requireNotGranted(context, child.name);
    const id = createUuid(new Date(now));
    const row = { id, parentOrgId: parent.id, childOrgId: child.id, grantedAt: now, revokedAt: null };
    await changeTrust(context, [parent.id], () => insertTrustAcl(transaction, row));
    context.emit('key.trust_acl.granted', { parent: parent.name, child: child.name });
    return { parent: parent.name, child: child.name, granted_at: now, revoked_at: null };
  },
};

/** Ends what {@link grantAcl} began. */
export const revokeAcl: Command<'organisation', AclArgs, { parent: string; child: string; revoked_at: string }> = {
  name: '/acl/revoke',
  summary: "Accept another organisation's keys no longer",
  subject: 'organisation',
  access: 'write',
  route: { method: 'POST', path: '/api/orgs/{org}/acls/revoke' },
  args: aclArgs,
  result: z.strictObject({ parent: nameArg, child: nameArg, revoked_at: timeArg }),
  async run(context, args) {
    const { transaction, organisation: parent, now, emit } = context;
    const child = await resolveOrganisation(transaction, args.child);
    const revoke = () => revokeTrustAcl(transaction, parent.id, child.id, now);
    if (!(await changeTrust(context, [parent.id], revoke))) {
      throw new HanaperError('not_found', `${parent.name} does not accept the keys of ${child.name}.`, {
        kind: 'trust ACL',
      });
    }
    emit('key.trust_acl.revoked', { parent: parent.name, child: child.name });
    return { parent: parent.name, child: child.name, revoked_at: now };
  },
};

/** The ACLs in which an organisation is parent or child. */
export const listAcls: Command<
  'organisation',
  Record<string, never>,
  { acls: (AclDocument & MaybeMarked)[] } & MaybeAltered
> = {
  name: '/acl/list',
  summary: 'List whose keys are accepted by whom',
  subject: 'organisation',
  access: 'read',
  route: { method: 'GET', path: '/api/orgs/{org}/acls' },
  args: noArgs,
  result: z.strictObject({ acls: z.array(z.strictObject({ ...aclFields, ...markFields })), ...alteredFields }),
  async run(context) {
    const { transaction, organisation } = context;
    const acls = await listTrustAcls(transaction, organisation.id);
    const parents = new Set([organisation.id, ...acls.map(({ row }) => row.parentOrgId)]);
    const organisations = (await listOrganizations(transaction)).filter(({ id }) => parents.has(id));
    const rows = acls.map(({ row }) => row);
    const altered = await findAlteredList(context, 'keyTrustAcls', rows, organisations);
    return withAltered({ acls: acls.map((acl) => mark(toDocument(acl), acl.row.id, altered)) }, altered);
  },
};

async function requireNotGranted(context: OrganisationContext, child: string): Promise<void> {
  const { transaction, organisation } = context;
  const acls = await listTrustAcls(transaction, organisation.id);
  const isGranted = ({ row, ...names }: NamedAcl) =>
    names.parent === organisation.name && names.child === child && row.revokedAt === null;
  const active = acls.find(isGranted);
  if (active === undefined) return;
  await requireWrittenRow(context, 'keyTrustAcls', active.row);
  throw new HanaperError('already_trusted', `${organisation.name} accepts the keys of ${child} already.`, {
    kind: 'trust ACL',
  });
}

function toDocument({ parent, child, row: { grantedAt, revokedAt } }: NamedAcl): AclDocument {
  return { parent, child, granted_at: grantedAt, revoked_at: revokedAt };
}
