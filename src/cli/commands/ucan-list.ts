import {
  type DelegationListDocument,
  type ListDelegationsArgs,
  listStoredDelegations,
  pruneDelegations,
} from '../../authority/commands/delegation.ts';
import type { AlteredDocument } from '../../authority/trust/find-altered-rows.ts';
import { formatTable, type Outcome } from '../output.ts';
import type { Session } from '../session.ts';
import { formatSeconds } from '../token-document.ts';

/** Options of `ucan list`. */
export interface ListOptions {
  readonly audience?: string;
  readonly issuer?: string;
  readonly subject?: string;
  readonly command?: string;
  readonly revoked?: boolean;
  readonly expired?: boolean;
}

const pageLength = 1000;

/** `hanaper ucan list` */
export async function list(session: Session, options: ListOptions): Promise<Outcome> {
  const caller = await session.openCaller('read');
  const { audience, issuer, subject, command, revoked, expired } = options;
  const about: ListDelegationsArgs = {
    ...(audience !== undefined && { audience }),
    ...(issuer !== undefined && { issuer }),
    ...(subject !== undefined && { subject }),
    ...(command !== undefined && { command }),
    ...(revoked !== undefined && { revoked }),
    ...(expired !== undefined && { expired }),
  };
  const delegations: DelegationListDocument['delegations'][number][] = [];
  const altered: AlteredDocument[] = [];
  for (let before: number | undefined, more = true; more; ) {
    const args = { ...about, limit: pageLength, ...(before !== undefined && { before }) };
    const page = await caller.execute(listStoredDelegations, args);
    delegations.push(...page.delegations);
    altered.push(...(page.altered ?? []));
    before = page.next;
    more = before !== undefined;
  }
  const document = { delegations, ...(altered.length > 0 && { altered }) };
  return { document, lines: format(delegations) };
}

/** `hanaper ucan prune` */
export async function prune(session: Session): Promise<Outcome> {
  const caller = await session.openCaller('write');
  const document = await caller.execute(pruneDelegations, {});
  return {
    document,
    lines: [`${document.removed} expired delegation(s) were removed. Revocations stay, whatever they revoke.`],
  };
}

function format(delegations: DelegationListDocument['delegations']): readonly string[] {
  if (delegations.length === 0) {
    return [
      'There is no such delegation.',
      '',
      'Next: hanaper ucan delegate --help, or --revoked and --expired to see more.',
    ];
  }
  const rows = delegations.map(({ cid, iss, aud, sub, cmd, exp, state }) => [
    cid,
    cmd,
    iss,
    aud,
    sub === undefined ? 'powerline' : sub === iss ? 'issuer' : sub,
    exp === undefined ? 'never' : formatSeconds(exp),
    state.replaceAll('_', ' '),
  ]);
  return formatTable(['CID', 'COMMAND', 'ISSUER', 'AUDIENCE', 'SUBJECT', 'EXPIRES', 'STATE'], rows);
}
