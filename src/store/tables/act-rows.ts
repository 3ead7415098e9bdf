import { sql } from 'kysely';
import type { CID } from 'multiformats/cid';
import { formatCid } from '../../ucan/encoding/cid.ts';
import { readPages } from '../engine/pages.ts';
import type { InvocationRow, LogEffectRow, LogKeyRow, ProofRow, SignaturePlaceRow } from '../engine/schema.ts';
import { lowestInteger, prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

/** Where an effect stands: by its entry, and within it. */
export type EffectPlace = Pick<LogEffectRow, 'entryIndex' | 'position'>;

/** An invocation or receipt as it is stored, and the DID in whose row it lies. */
export type PlacedInvocation = InvocationRow & { readonly did: string | null };

const selectEffects = prepare<LogEffectRow>(
  `select entry_index, position, table_name, row_key, salt, digest from log_effects
   where (entry_index, position) >= ($1, cast($2 as bigint)) order by entry_index, position limit $3`,
);
const selectLastEffects = prepare<LogEffectRow>(
  `select effect.entry_index, effect.position, effect.table_name, effect.row_key, effect.salt, effect.digest
   from (select row_key, max(entry_index) as entry_index from log_effects
         where table_name = $1 and row_key > $2 and entry_index >= $3 group by row_key order by row_key limit $4) as last
   join log_effects as effect
     on effect.table_name = $5 and effect.row_key = last.row_key and effect.entry_index = last.entry_index
   order by effect.row_key, effect.position`,
);
const selectEarlier = prepare<{ readonly position: number }>(
  'select position from log_effects where table_name = $1 and row_key = $2 and entry_index < $3 limit 1',
);
const selectEffectTables = prepare<{ readonly tableName: string }>('select distinct table_name from log_effects');
const selectInvocationCids = prepare<Pick<InvocationRow, 'id' | 'cid'>>(
  'select id, cid from ucan_invocations where id >= cast($1 as bigint) order by id limit $2',
);

/** Effects of all entries in their order, behind one of them or from the very first on: at most so many. */
export function listEffectsBehind(
  transaction: Transaction,
  behind: EffectPlace | undefined,
  limit: number,
): Promise<readonly LogEffectRow[]> {
  const { entryIndex, position } = behind ?? { entryIndex: lowestInteger, position: -1 };
  return selectEffects(transaction, entryIndex, position + 1, limit);
}

/** A table by its name in SQL, and the entry from which on its effects count. */
export interface EffectTable {
  readonly table: string;
  readonly since: number;
}

/** The last effect on each row of a table, by the rows' keys, behind a key: of at most so many rows. */
export function listLastEffects(
  transaction: Transaction,
  { table, since }: EffectTable,
  behind: string,
  limit: number,
): Promise<readonly LogEffectRow[]> {
  return selectLastEffects(transaction, table, behind, since, limit, table);
}

/** Which of these keys of a table have an effect. */
export async function listExplainedKeys(
  { kysely }: Transaction,
  { table, since }: EffectTable,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  if (keys.length === 0) return new Set();
  const rows = await kysely
    .selectFrom('logEffects')
    .select('rowKey')
    .distinct()
    .where('tableName', '=', table)
    .where('entryIndex', '>=', since)
    .where('rowKey', 'in', keys)
    .execute();
  return new Set(rows.map(({ rowKey }) => rowKey));
}

/** Whether an entry in front of one records a row of a table. */
export async function wasWritten(
  transaction: Transaction,
  table: string,
  key: string,
  before: number,
): Promise<boolean> {
  return (await selectEarlier(transaction, table, key, before)).length > 0;
}

/** The names in SQL of the tables that effects are about. */
export async function listEffectTables(transaction: Transaction): Promise<readonly string[]> {
  return (await selectEffectTables(transaction)).map(({ tableName }) => tableName);
}

/** Invocations and receipts by their CIDs. */
export async function listPlacedInvocations(
  { kysely }: Transaction,
  cids: readonly CID[],
): Promise<readonly PlacedInvocation[]> {
  if (cids.length === 0) return [];
  return kysely
    .selectFrom('ucanInvocations as invocation')
    .leftJoin('didDocuments as principal', 'principal.id', 'invocation.didId')
    .selectAll('invocation')
    .select('principal.did')
    .where('invocation.cid', 'in', cids.map(formatCid))
    .execute();
}

/** The CIDs of every invocation and receipt, some at a time. */
export async function* listInvocationCids(transaction: Transaction, atOnce: number): AsyncGenerator<readonly string[]> {
  const pages = readPages<Pick<InvocationRow, 'id' | 'cid'>>(atOnce, (last) =>
    selectInvocationCids(transaction, last ? last.id + 1 : lowestInteger, atOnce),
  );
  for await (const rows of pages) yield rows.map(({ cid }) => cid);
}

/** Every proof that is kept beside the acts, some at a time. */
export function listKeptProofs({ kysely }: Transaction, atOnce: number): AsyncGenerator<readonly ProofRow[]> {
  const proofs = kysely.selectFrom('ucanProofs').selectAll().orderBy('cid').limit(atOnce);
  return readPages(atOnce, (last) => proofs.where('cid', '>', last?.cid ?? '').execute());
}

/** Every hint at where a signature stands in the log, some at a time. */
export function listSignaturePlaces(
  { kysely }: Transaction,
  atOnce: number,
): AsyncGenerator<readonly SignaturePlaceRow[]> {
  const places = kysely.selectFrom('signaturePlaces').selectAll().orderBy('signatureDigest').limit(atOnce);
  const first = new Uint8Array(0);
  return readPages(atOnce, (last) => places.where('signatureDigest', '>', last?.signatureDigest ?? first).execute());
}

/** The keys of every epoch of the log, with their statements; nobody has verified them. */
export async function listLogKeys({ kysely }: Transaction): Promise<readonly LogKeyRow[]> {
  return kysely.selectFrom('logKeys').selectAll().orderBy('epoch').execute();
}

/** Which of these CIDs are those of invocations by which a revocation was made. */
export async function listRevocationInvocations(
  { kysely }: Transaction,
  cids: readonly string[],
): Promise<readonly string[]> {
  if (cids.length === 0) return [];
  const rows = await kysely
    .selectFrom('ucanRevocations')
    .select('invocationCid')
    .where('invocationCid', 'in', cids)
    .execute();
  return rows.map(({ invocationCid }) => invocationCid);
}

/** The CIDs of delegations that lie in the row of another principal than their own: at most so many. */
export async function listMisplacedDelegations({ kysely }: Transaction, limit: number): Promise<readonly string[]> {
  const rows = await kysely
    .selectFrom('ucanDelegations as delegation')
    .leftJoin('didDocuments as principal', 'principal.id', 'delegation.didId')
    .select('delegation.cid')
    .where(sql<boolean>`principal.did is null or principal.did <> coalesce(delegation.sub, delegation.iss)`)
    .limit(limit)
    .execute();
  return rows.map(({ cid }) => cid);
}
