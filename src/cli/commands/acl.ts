import { grantAcl, listAcls, revokeAcl } from '../../authority/index.ts';
import { markState } from '../altered.ts';
import { formatTable, type Outcome } from '../output.ts';
import type { Session } from '../session.ts';

/** The two organisations of an ACL, by name, DID or id. */
export interface AclOptions {
  /** Accepts the child's keys. */
  readonly parent: string;
  /** Is accepted. */
  readonly child: string;
}

/** `hanaper acl grant` */
export async function grant(session: Session, { parent, child }: AclOptions): Promise<Outcome> {
  const caller = await session.openCaller('write');
  const document = await caller.executeFor(parent, grantAcl, { child });
  return {
    document,
    lines: [
      `${document.parent} now accepts ${document.child}'s keys.`,
      `  one way: ${document.child} gains nothing, and what it accepts from others is not passed on`,
      '',
      `Next: hanaper package verify FILE --org ${document.parent}`,
    ],
  };
}

/** `hanaper acl revoke` */
export async function revoke(session: Session, { parent, child }: AclOptions): Promise<Outcome> {
  const caller = await session.openCaller('write');
  const document = await caller.executeFor(parent, revokeAcl, { child });
  return { document, lines: [`${document.parent} no longer accepts ${document.child}'s keys.`] };
}

/** `hanaper acl list` */
export async function list(session: Session): Promise<Outcome> {
  const caller = await session.openCaller('read');
  const document = await caller.executeFor(session.organisation, listAcls, {});
  const rows = document.acls.map(({ parent, child, granted_at, revoked_at, ...acl }) => [
    parent,
    child,
    granted_at,
    markState(revoked_at === null ? 'active' : `revoked ${revoked_at}`, acl),
  ]);
  const none = ['There is no trust ACL yet.', '', 'Next: hanaper acl grant --parent ORG --child ORG'];
  return { document, lines: rows.length > 0 ? formatTable(['ACCEPTS', 'KEYS OF', 'SINCE', 'STATE'], rows) : none };
}
