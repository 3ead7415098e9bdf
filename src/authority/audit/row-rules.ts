import { type LoggedTable, nameInSql } from '../../store/engine/effects.ts';

/** Rows that may have to be forgotten. All others say who may do what, or whose word counts: one that is gone is a finding. */
export const forgettableTables: ReadonlySet<string> = namesOf([
  'packageSignatures',
  'didDocuments',
  'ucanDelegations',
  'ucanLegacyTokens',
]);

/** Rows in which no key is sealed, no secret wrapped, and no foreign credential kept: an export shows them, as they stand. */
export const shownTables: readonly LoggedTable[] = [
  'authority',
  'trustedKeys',
  'keyTrustAcls',
  'packageSignatures',
  'trustSnapshots',
  'logKeys',
  'didDocuments',
  'ucanDelegations',
  'ucanRevocations',
];

function namesOf(tables: readonly LoggedTable[]): ReadonlySet<string> {
  return new Set(tables.map(nameInSql));
}
