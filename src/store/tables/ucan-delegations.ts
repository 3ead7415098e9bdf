import type { SelectQueryBuilder } from 'kysely';
import type { CID } from 'multiformats/cid';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { toDagJson } from '../../ucan/encoding/dag-json.ts';
import type { Delegation } from '../../ucan/token/delegation.ts';
import type { Verified } from '../../ucan/token/verified.ts';
import { noteFound } from '../engine/note-found.ts';
import type { DelegationRow, Schema } from '../engine/schema.ts';
import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

// Below the number of parameters that either engine takes in one statement.
const rowsAtOnce = 500;

const selectByCid = prepare<DelegationRow>('select * from ucan_delegations where cid = $1');

/** Which part of a list is wanted: newest first. */
export interface DelegationPage {
  /** Only what is valid at this time, in seconds since 1970. */
  readonly liveAt?: number | undefined;
  /** Only rows with an id below this one: that of the last row of the page before. */
  readonly before?: number | undefined;
  /** How many rows at most. */
  readonly limit: number;
}

/** What a list of delegations is about; what is left out does not matter. */
export interface DelegationFilter extends DelegationPage {
  readonly audience?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  /** Those that cover this command. */
  readonly command?: string | undefined;
}

/** Adds delegations, each to the row of its principal; one that is there already stays, and is noted as found. Returns how many are new. */
export async function insertDelegations(
  transaction: Transaction,
  delegations: readonly Verified<Delegation>[],
  didIds: ReadonlyMap<string, number>,
  now: string,
): Promise<number> {
  const { kysely, effects } = transaction;
  let inserted = 0;
  for (let start = 0; start < delegations.length; start += rowsAtOnce) {
    const rows = delegations.slice(start, start + rowsAtOnce).map((each) => toRow(each, didIds, now));
    const added = await kysely
      .insertInto('ucanDelegations')
      .values(rows)
      .onConflict((conflict) => conflict.column('cid').doNothing())
      .returning('cid')
      .execute();
    const cids = new Set(added.map(({ cid }) => cid));
    for (const row of rows) if (cids.has(row.cid)) effects.wrote('ucanDelegations', row);
    await noteFound(
      transaction,
      'ucanDelegations',
      rows.map(({ cid }) => cid).filter((cid) => !cids.has(cid)),
    );
    inserted += added.length;
  }
  return inserted;
}

/** Whose row a delegation belongs to: its subject's; its issuer's for a powerline. */
export function principalOf({ subject, issuer }: Delegation): string {
  return subject ?? issuer;
}

/** One delegation. */
export async function getDelegationByCid(transaction: Transaction, cid: CID): Promise<DelegationRow | undefined> {
  const [row] = await selectByCid(transaction, formatCid(cid));
  return row;
}

/** Which of these CIDs are stored, in base58btc. */
export async function listKnownCids({ kysely }: Transaction, cids: readonly string[]): Promise<readonly string[]> {
  if (cids.length === 0) return [];
  const rows = await kysely.selectFrom('ucanDelegations').select('cid').where('cid', 'in', cids).execute();
  return rows.map(({ cid }) => cid);
}

/** Delegations that fit a filter, newest first. */
export async function listDelegations(
  { kysely }: Transaction,
  { audience, issuer, subject, command, liveAt, before, limit }: DelegationFilter,
): Promise<readonly DelegationRow[]> {
  let query = kysely.selectFrom('ucanDelegations').selectAll().orderBy('id', 'desc').limit(limit);
  if (audience !== undefined) query = query.where('aud', '=', audience);
  if (issuer !== undefined) query = query.where('iss', '=', issuer);
  if (subject !== undefined) query = query.where('sub', '=', subject);
  if (command !== undefined) query = query.where('cmd', 'in', coveringCommands(command));
  if (before !== undefined) query = query.where('id', '<', before);
  return (liveAt === undefined ? query : whereLive(query, liveAt)).execute();
}

/** The delegations to one audience, newest first. */
export function listDelegationsToAudience(
  transaction: Transaction,
  audience: string,
  page: DelegationPage,
): Promise<readonly DelegationRow[]> {
  return listDelegations(transaction, { ...page, audience });
}

/** The delegations by one issuer, newest first. */
export function listDelegationsByIssuer(
  transaction: Transaction,
  issuer: string,
  page: DelegationPage,
): Promise<readonly DelegationRow[]> {
  return listDelegations(transaction, { ...page, issuer });
}

/** The delegations about one subject that cover a command, segment by segment, newest first. */
export function listDelegationsForCommand(
  transaction: Transaction,
  subject: string,
  command: string,
  page: DelegationPage,
): Promise<readonly DelegationRow[]> {
  return listDelegations(transaction, { ...page, subject, command });
}

/** Removes the delegations that expired before a time, in seconds, but for those that were revoked. Returns how many there were. */
export async function deleteExpiredDelegations({ kysely, effects }: Transaction, before: number): Promise<number> {
  const removed = await kysely
    .deleteFrom('ucanDelegations')
    .where('exp', '<', before)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('ucanRevocations')
            .select('ucanRevocations.id')
            .whereRef('ucanRevocations.delegationCid', '=', 'ucanDelegations.cid'),
        ),
      ),
    )
    .returningAll()
    .execute();
  for (const row of removed) effects.removed('ucanDelegations', row);
  return removed.length;
}

/** A command and all that cover it: `/a/b` gives `/`, `/a` and `/a/b`. */
function coveringCommands(command: string): readonly string[] {
  const segments = command.split('/').filter((segment) => segment !== '');
  return ['/', ...segments.map((_, index) => `/${segments.slice(0, index + 1).join('/')}`)];
}

function whereLive<Output>(query: SelectQueryBuilder<Schema, 'ucanDelegations', Output>, time: number) {
  return query
    .where((row) => row.or([row('exp', 'is', null), row('exp', '>=', time)]))
    .where((row) => row.or([row('nbf', 'is', null), row('nbf', '<=', time)]));
}

/** What the columns of a delegation hold, as its envelope says it. */
export function columnsOf(delegation: Delegation): Omit<DelegationRow, 'id' | 'didId' | 'envelope' | 'createdAt'> {
  const { issuer, audience, subject, command, policy, notBefore, expiration } = delegation;
  return {
    cid: formatCid(delegation.cid),
    iss: issuer,
    aud: audience,
    sub: subject,
    cmd: command,
    pol: toDagJson(policy.source),
    nbf: notBefore ?? null,
    exp: expiration,
    isRoot: toBit(issuer === subject),
    isPowerline: toBit(subject === null),
  };
}

function toRow(delegation: Verified<Delegation>, didIds: ReadonlyMap<string, number>, now: string) {
  const didId = didIds.get(principalOf(delegation));
  if (didId === undefined) throw new TypeError('the principal of a delegation has no row');
  return { ...columnsOf(delegation), didId, envelope: delegation.bytes, createdAt: now };
}

function toBit(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}
