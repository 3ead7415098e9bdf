import type { DelegationRow } from '../engine/schema.ts';
import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

/** What a search needs to know of a delegation before it reads it. */
export interface DelegationLink {
  readonly id: number;
  readonly iss: string;
  readonly aud: string;
  /** Of its envelope. */
  readonly bytes: number;
}

const columns = 'id, iss, aud, length(envelope) as bytes';

const selectAboutTo = prepare<DelegationLink>(
  `select ${columns} from ucan_delegations where aud = $1 and did_id = $2 and is_powerline = 0
   order by is_root desc, id desc limit $3`,
);
const selectPowerlinesTo = prepare<DelegationLink>(
  `select ${columns} from ucan_delegations where aud = $1 and is_powerline = 1 order by id desc limit $2`,
);
const selectAboutBy = prepare<DelegationLink>(
  `select ${columns} from ucan_delegations where iss = $1 and did_id = $2 and is_powerline = 0
   order by id desc limit $3`,
);
const selectPowerlinesBy = prepare<DelegationLink>(
  `select ${columns} from ucan_delegations where iss = $1 and is_powerline = 1 order by id desc limit $2`,
);
const selectById = prepare<DelegationRow>('select * from ucan_delegations where id = $1');

/** Those to an audience about a subject, the subject's own first, and powerlines to it; of each `limit` at most, newest first. */
export async function listLinksTo(
  transaction: Transaction,
  audience: string,
  subjectId: number,
  limit: number,
): Promise<readonly DelegationLink[]> {
  const about = await selectAboutTo(transaction, audience, subjectId, limit);
  return [...about, ...(await selectPowerlinesTo(transaction, audience, limit))];
}

/** Those by an issuer about a subject, and powerlines by it; of each `limit` at most, newest first. */
export async function listLinksBy(
  transaction: Transaction,
  issuer: string,
  subjectId: number,
  limit: number,
): Promise<readonly DelegationLink[]> {
  const about = await selectAboutBy(transaction, issuer, subjectId, limit);
  return [...about, ...(await selectPowerlinesBy(transaction, issuer, limit))];
}

/** The delegations with these ids, in their order. */
export async function listDelegationsById(
  transaction: Transaction,
  ids: readonly number[],
): Promise<readonly DelegationRow[]> {
  const rows: DelegationRow[] = [];
  for (const id of ids) rows.push(...(await selectById(transaction, id)));
  return rows;
}

/** What a list of delegations goes by, before it reads them. */
export interface ScannedDelegation extends DelegationLink {
  readonly sub: string | null;
  readonly cmd: string;
  readonly nbf: number | null;
  readonly exp: number | null;
}

/** Delegations to, by or about one principal, or all, newest first: `limit` at most, with ids below `before`. */
export async function scanDelegations(
  { kysely }: Transaction,
  whose: Partial<Readonly<Record<'iss' | 'aud' | 'sub', string>>>,
  limit: number,
  before?: number,
): Promise<readonly ScannedDelegation[]> {
  let query = kysely
    .selectFrom('ucanDelegations')
    .select([
      'id',
      'iss',
      'aud',
      'sub',
      'cmd',
      'nbf',
      'exp',
      ({ fn }) => fn<number>('length', ['envelope']).as('bytes'),
    ])
    .orderBy('id', 'desc')
    .limit(limit);
  for (const [column, did] of Object.entries(whose) as ['iss' | 'aud' | 'sub', string][]) {
    query = query.where(column, '=', did);
  }
  return (before === undefined ? query : query.where('id', '<', before)).execute();
}

const selectHostedTo = prepare<DelegationLink>(
  `select delegation.id, iss, aud, length(envelope) as bytes
   from ucan_delegations as delegation join did_documents on did_documents.id = did_id
   where aud = $1 and is_powerline = 0 and kind in ('authority', 'organisation')
   order by is_root desc, delegation.id desc limit $2`,
);

/** Those to an audience about the authority or an organisation, their own first, and powerlines; of each `limit` at most. */
export async function listHostedLinksTo(
  transaction: Transaction,
  audience: string,
  limit: number,
): Promise<readonly DelegationLink[]> {
  const about = await selectHostedTo(transaction, audience, limit);
  return [...about, ...(await selectPowerlinesTo(transaction, audience, limit))];
}
