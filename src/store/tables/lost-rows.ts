import { prepare, type Statement } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

/** The tables of rows with an id that are never removed. */
export type UnforgettableTable = 'organizations' | 'signingKeys' | 'trustedKeys' | 'keyTrustAcls';

const maxLost = 100;

const selectLost: Readonly<Record<UnforgettableTable, Statement<{ readonly rowKey: string }>>> = {
  organizations: selectLostOf('organizations'),
  signingKeys: selectLostOf('signing_keys'),
  trustedKeys: selectLostOf('trusted_keys'),
  keyTrustAcls: selectLostOf('key_trust_acls'),
};

/** The ids of rows that the log records, and that are not in the table: at most a hundred. */
export async function listLostKeys(transaction: Transaction, table: UnforgettableTable): Promise<readonly string[]> {
  return (await selectLost[table](transaction, maxLost)).map(({ rowKey }) => rowKey);
}

const selectLostRevocations = {
  sqlite: selectLostRevocationsBy('instr'),
  postgres: selectLostRevocationsBy('strpos'),
};

/** The keys of revocations that the log records, and that are not in the table: at most a hundred. */
export async function listLostRevocations(transaction: Transaction): Promise<readonly string[]> {
  const rows = await selectLostRevocations[transaction.engine](transaction, maxLost);
  return rows.map(({ rowKey }) => rowKey);
}

// A key is the CID and the revoker, with a space between them.
function selectLostRevocationsBy(find: 'instr' | 'strpos'): Statement<{ readonly rowKey: string }> {
  const space = `${find}(effect.row_key, ' ')`;
  return prepare(
    `select distinct effect.row_key from log_effects as effect
     where effect.table_name = 'ucan_revocations' and not exists (
       select 1 from ucan_revocations as revocation
       where revocation.delegation_cid = substr(effect.row_key, 1, ${space} - 1)
         and revocation.revoked_by = substr(effect.row_key, ${space} + 1))
     order by effect.row_key limit $1`,
  );
}

function selectLostOf(table: string): Statement<{ readonly rowKey: string }> {
  return prepare(
    `select distinct row_key from log_effects
     where table_name = '${table}' and row_key not in (select cast(id as text) from ${table})
     order by row_key limit $1`,
  );
}
