import { equalBytes } from '../../../bytes.ts';
import { digestEffect } from '../../../log/effect.ts';
import { type Effect, type LoggedTable, loggedTables, nameInSql } from '../../../store/engine/effects.ts';
import { listRows } from '../../../store/engine/every-row.ts';
import { listRowsByKey } from '../../../store/engine/rows-by-key.ts';
import type { LogEffectRow } from '../../../store/engine/schema.ts';
import type { Transaction } from '../../../store/engine/transaction.ts';
import {
  listEffectTables,
  listExplainedKeys,
  listLastEffects,
  listMisplacedDelegations,
} from '../../../store/tables/act-rows.ts';
import type { Findings } from '../findings.ts';
import { forgettableTables } from '../row-rules.ts';

// As many parameters as either engine takes in one statement with ease.
const keysAtOnce = 200;
const maxMisplaced = 100;

/** Runs a check about a table for itself: what cannot be read there is a finding, and its result `undefined`. */
export type StandingCheck = <Result>(
  table: string,
  run: (transaction: Transaction) => Promise<Result>,
) => Promise<Result | undefined>;

/**
 * Checks every row of every logged table against the last effect that the log has of it, and the other way round.
 * `since` is the first entry whose effects name their rows.
 */
export async function auditRows(
  check: StandingCheck,
  since: number,
  findings: Findings,
  onProgress?: (done: number) => void,
): Promise<void> {
  let done = 0;
  for (const table of loggedTables) {
    const name = nameInSql(table);
    await check(name, (transaction) => checkEffects(transaction, table, since, findings));
    await check(name, (transaction) => checkExplained(transaction, table, since, findings));
    onProgress?.(++done);
  }
  await check('log_effects', (transaction) => checkTables(transaction, findings));
  const list = (transaction: Transaction) => listMisplacedDelegations(transaction, maxMisplaced);
  for (const cid of (await check('ucan_delegations', list)) ?? []) {
    tell(findings, 'ucan_delegations', cid, 'The delegation lies in the row of another principal than its own.');
  }
}

async function checkEffects(
  transaction: Transaction,
  table: LoggedTable,
  since: number,
  findings: Findings,
): Promise<void> {
  for (let behind = '', more = true; more; ) {
    const effects = await listLastEffects(transaction, { table: nameInSql(table), since }, behind, keysAtOnce);
    const keys = effects.map(({ rowKey }) => rowKey);
    const rows = await listRowsByKey(transaction, table, keys);
    const byKey = new Map(rows.map((row) => [row.key, row]));
    effects.forEach((effect, at) => {
      const isRepeated = effect.rowKey === keys[at - 1];
      if (isRepeated) tellEffect(findings, effect, 'An entry names the row twice.');
      else checkEffect(effect, byKey.get(effect.rowKey), findings);
    });
    behind = keys.at(-1) ?? behind;
    more = effects.length >= keysAtOnce;
  }
}

/** The last that the log has of a row must be what it holds now. */
function checkEffect(effect: LogEffectRow, row: Effect | undefined, findings: Findings): void {
  const { tableName, rowKey: key, salt, digest } = effect;
  if (salt === null) {
    if (row) tellEffect(findings, effect, 'The salt of the row was erased, and the row stands.');
    else if (forgettableTables.has(tableName)) findings.addErased(tableName);
    else tellEffect(findings, effect, 'The row was removed together with its salt, and none in this table may be.');
    return;
  }
  const isSame = equalBytes(digestEffect(salt, { table: tableName, key, row: row?.row ?? null }), digest);
  if (isSame) return;
  const reason = row
    ? 'The row differs from what was written by this entry, and no later one explains it.'
    : 'The row is missing, and no entry has removed it.';
  tellEffect(findings, effect, reason);
}

async function checkExplained(
  transaction: Transaction,
  table: LoggedTable,
  since: number,
  findings: Findings,
): Promise<void> {
  for await (const rows of listRows(transaction, table)) {
    for (let start = 0; start < rows.length; start += keysAtOnce) {
      const keys = rows.slice(start, start + keysAtOnce).map(({ key }) => key);
      const explained = await listExplainedKeys(transaction, { table: nameInSql(table), since }, keys);
      for (const key of keys.filter((each) => !explained.has(each))) {
        tell(findings, nameInSql(table), key, 'No entry of the log explains the row.');
      }
    }
  }
}

async function checkTables(transaction: Transaction, findings: Findings): Promise<void> {
  const known = loggedTables.map(nameInSql);
  for (const table of await listEffectTables(transaction)) {
    if (known.includes(table)) continue;
    const message = `Effects are listed of the table ${table}, of which there can be none.`;
    findings.add({ kind: 'effect', table: 'log_effects', message });
  }
}

function tellEffect(findings: Findings, { entryIndex, tableName, rowKey }: LogEffectRow, message: string): void {
  findings.add({ kind: 'row', table: tableName, key: rowKey, index: entryIndex, message });
}

function tell(findings: Findings, table: string, key: string, message: string): void {
  findings.add({ kind: 'row', table, key, message });
}
