/** What lies in a database, whole. Nothing here needs Vitest. */

import type { Database } from '../../src/store/engine/database.ts';
import type { Effect } from '../../src/store/engine/effects.ts';
import { listEveryRow } from '../../src/store/engine/every-row.ts';
import { query, queryAll, type Statement } from './authority.ts';

/** Every table that holds what was done here. */
const everyTable = [
  'authority',
  'checkpoints',
  'did_documents',
  'kept_amounts',
  'key_slots',
  'key_trust_acls',
  'log_effects',
  'log_entries',
  'log_head',
  'log_keys',
  'log_tiles',
  'organizations',
  'package_signatures',
  'signature_places',
  'signing_keys',
  'trust_snapshots',
  'trusted_keys',
  'ucan_delegations',
  'ucan_invocations',
  'ucan_legacy_tokens',
  'ucan_proofs',
  'ucan_revocations',
] as const;

/** Every row of every table as text, by table. */
export async function dumpTables(url: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const dumped: Record<string, readonly string[]> = {};
  for (const table of everyTable) {
    const rows = await query(url, `select * from ${table}`);
    dumped[table] = rows.map((row) => JSON.stringify(row, textOfBytes)).toSorted();
  }
  return dumped;
}

/**
 * Keeps every row of every table, in tables beside them. Returns what puts them back, beneath anyone who has the database open:
 * as the owner of the tables can.
 */
export async function keepRows(url: string, name = 'kept'): Promise<() => Promise<void>> {
  const isServer = !url.startsWith('sqlite:');
  await queryAll(
    url,
    everyTable.map((table) => [`create table ${name}_${table} as select * from ${table}`]),
  );
  const begin: readonly Statement[] = isServer ? [['set local session_replication_role = replica']] : [];
  const overriding = isServer ? 'overriding system value' : '';
  return async () => {
    const replace = (table: string): readonly Statement[] => [
      [`delete from ${table}`],
      [`insert into ${table} ${overriding} select * from ${name}_${table}`],
    ];
    await queryAll(url, [...begin, ...everyTable.flatMap(replace)]);
  };
}

/** Every row of the logged tables in its canonical form, by its place. */
export async function readLoggedRows(database: Database): Promise<ReadonlyMap<string, Effect>> {
  return database.transact('read', async (transaction) => {
    const rows = new Map<string, Effect>();
    for await (const effects of listEveryRow(transaction)) {
      for (const effect of effects) rows.set(placeOf(effect), withoutBuffers(effect));
    }
    return rows;
  });
}

/** What names a row among those of all tables. */
export function placeOf({ table, key }: Pick<Effect, 'table' | 'key'>): string {
  return `${table}/${key}`;
}

// One driver gives its own kind of bytes.
function withoutBuffers(effect: Effect): Effect {
  const columns = Object.entries(effect.row ?? {});
  const row = columns.map(([column, value]) => [column, value instanceof Uint8Array ? new Uint8Array(value) : value]);
  return { ...effect, row: Object.fromEntries(row) };
}

function textOfBytes(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}
