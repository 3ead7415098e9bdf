/**
 * Every table as the migrations make it on SQLite, by a digest of its description. A migration that changes a table changes
 * these; the error says what the new ones are.
 */
export const ownDigests: Readonly<Record<string, string>> = {
  authority: 'f67fb46d975414d2',
  key_slots: 'c15c22e3d94b490b',
  organizations: 'd7d95dc0c28e5e9b',
  signing_keys: '63bace6b4b46cef8',
  trusted_keys: 'b1eca402372eb039',
  key_trust_acls: '8049c9992a8a8908',
  package_signatures: 'c2ee68e117698a2f',
  did_documents: 'b3039521b0c918b7',
  ucan_delegations: '4b7ebaac84f2d71a',
  ucan_invocations: '19f9df79b14261ad',
  ucan_revocations: '71af0b1587ccc49e',
  ucan_legacy_tokens: '26804e3cb81e85e1',
  kept_amounts: '0a5b7d9875579fee',
  ucan_proofs: '264ef66792f63b63',
  log_head: '42a06cc2af114363',
  log_entries: 'aa082e8788d8cb5b',
  log_effects: '7ba5c4315fe181d8',
  log_keys: 'da00628db8b3ceb1',
  log_tiles: '7e3689e78ffcb3e5',
  checkpoints: 'fe989ef69b395fa1',
  trust_snapshots: '6d6847676969b367',
  signature_places: 'e09cb82948de2a06',
  hanaper_migrations: '6f3d5f2abf42e939',
};

/** The same of every view. On PostgreSQL none is compared: nothing of ours reads a view. */
export const ownViewDigests: Readonly<Record<string, string>> = {
  ucan_delegations_view: 'c4f37ee9a4ea8cf2',
};

/** The names of our tables in SQL. */
export const ownTables: readonly string[] = Object.keys(ownDigests);
