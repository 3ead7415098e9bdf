/** What lies in a database, whole. Nothing here needs Vitest. */

import type { Database } from '../../src/store/database.ts';
import type { Effect } from '../../src/store/effects.ts';
import { listEveryRow } from '../../src/store/every-row.ts';
import { query } from './authority.ts';

/** Every table that holds what was done here. */
const everyTable = [
  'authority',
  'checkpoints',
  'did_documents',
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
