import { encodeHex, encodeUtf8 } from '../bytes.ts';
import { sha256 } from '../crypto/digest.ts';
import { HanaperError } from '../errors.ts';
import { prepare } from './statement.ts';
import type { Engine, Transaction } from './transaction.ts';

/**
 * Every table as the migrations make it, by a digest of its description on each engine. A migration that changes a table
 * changes these; the error says what the new ones are.
 */
const ownTables: Readonly<Record<string, Readonly<Record<Engine, string>>>> = {
  authority: { sqlite: 'f67fb46d975414d2', postgres: 'c37aee8db7f159ef' },
  key_slots: { sqlite: 'c15c22e3d94b490b', postgres: '07993d68b59bba5a' },
  organizations: { sqlite: 'd7d95dc0c28e5e9b', postgres: '106392bbf783bb97' },
  signing_keys: { sqlite: '7bb051ea21229f71', postgres: '33bbbd563ee48f7b' },
  trusted_keys: { sqlite: '730788344ea1dffd', postgres: 'b24f6faa7808548f' },
  key_trust_acls: { sqlite: '8049c9992a8a8908', postgres: 'aeb53b8ef90839ec' },
  package_signatures: { sqlite: '04cf034b74e4ba69', postgres: '7e5b52c2ab39f919' },
  did_documents: { sqlite: 'b3039521b0c918b7', postgres: '2edf71c541b51143' },
  ucan_delegations: { sqlite: '9784d57e025b8375', postgres: '2c0f12af5ae88fd4' },
  ucan_invocations: { sqlite: '19f9df79b14261ad', postgres: '0642e514082ac0ed' },
  ucan_revocations: { sqlite: '71af0b1587ccc49e', postgres: '01ae81397cd937d4' },
  ucan_legacy_tokens: { sqlite: '26804e3cb81e85e1', postgres: '5b6ff37f50fda660' },
  ucan_proofs: { sqlite: '264ef66792f63b63', postgres: '74a8fd8e26925724' },
  log_head: { sqlite: '42a06cc2af114363', postgres: '41b6848285dd0627' },
  log_entries: { sqlite: 'aa082e8788d8cb5b', postgres: '21dc81b1a750e87c' },
  log_effects: { sqlite: '7ba5c4315fe181d8', postgres: '276a029aba98d607' },
  log_keys: { sqlite: 'da00628db8b3ceb1', postgres: 'dc9e9c3d8aaeef79' },
  log_tiles: { sqlite: '7e3689e78ffcb3e5', postgres: '2963c1e8775df037' },
  checkpoints: { sqlite: 'fe989ef69b395fa1', postgres: '3ff7f84c8c4c7e71' },
  trust_snapshots: { sqlite: '6d6847676969b367', postgres: '4f328680be505e32' },
  signature_places: { sqlite: 'e09cb82948de2a06', postgres: 'af28880aede5b908' },
  hanaper_migrations: { sqlite: '6f3d5f2abf42e939', postgres: 'dc0ff2a7bc4d40bf' },
};

/** Something of a table: its own definition, or that of an index, trigger, constraint or rule on it. */
interface Part {
  readonly table: string;
  readonly part: string;
}

const selectParts = {
  sqlite: prepare<Part>(
    `select tbl_name as "table", type || ' ' || name || ' ' || coalesce(sql, '') as part from sqlite_schema`,
  ),
  // By what the catalogues hold rather than by the text that is made of it, which is another with each version.
  postgres: prepare<Part>(
    `with own as (
       select oid, relname, relkind, relpersistence, relrowsecurity, relforcerowsecurity from pg_class
       where relnamespace = current_schema()::regnamespace and relkind <> 'i' and relkind <> 'S'
     )
     select own.relname as "table",
       concat_ws(' ', 'table', relkind, relpersistence, relrowsecurity, relforcerowsecurity) as part from own
     union all
     select own.relname,
       concat_ws(' ', 'column', attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated)
       from own join pg_attribute on attrelid = own.oid where attnum > 0 and not attisdropped
     union all
     select own.relname, concat_ws(' ', 'unique', indisprimary, indisvalid, indimmediate,
         (select string_agg(attname, ',' order by attname) from pg_attribute
          where attrelid = own.oid and attnum = any (indkey::int2[])),
         pg_get_expr(indpred, indrelid))
       from own join pg_index on indrelid = own.oid where indisunique
     union all
     select own.relname, concat_ws(' ', 'reference',
         (select referred.relname from pg_class as referred where referred.oid = confrelid), confupdtype, confdeltype,
         (select string_agg(attname, ',' order by attname) from pg_attribute
          where attrelid = own.oid and attnum = any (conkey)))
       from own join pg_constraint on conrelid = own.oid where contype = 'f'
     union all
     select own.relname, concat_ws(' ', 'trigger', tgname) from own join pg_trigger on tgrelid = own.oid
       where not tgisinternal
     union all
     select own.relname, concat_ws(' ', 'rule', rulename) from own join pg_rewrite on ev_class = own.oid
     union all
     select own.relname, 'inheritance' from own join pg_inherits on own.oid in (inhrelid, inhparent)`,
  ),
};

/**
 * Requires that the tables of ours are as this version makes them, with their indexes, and nothing on them that would
 * change what is written there. Tables of others beside them are not looked at.
 *
 * @throws HanaperError `database_corrupt`, details: `table`
 */
export async function requireOwnSchema(transaction: Transaction): Promise<void> {
  const { engine } = transaction;
  const parts = Map.groupBy(await selectParts[engine](transaction), ({ table }) => table);
  for (const [table, digests] of Object.entries(ownTables)) {
    const actual = digestOf(parts.get(table) ?? []);
    if (actual !== digests[engine]) throw altered(table, actual);
  }
}

function digestOf(parts: readonly Part[]): string {
  const lines = parts.map(({ part }) => part.replace(/\s+/g, ' ')).toSorted();
  return encodeHex(sha256(encodeUtf8(lines.join('\n')))).slice(0, 16);
}

function altered(table: string, digest: string): HanaperError {
  return new HanaperError(
    'database_corrupt',
    `The table ${table} is not as this version makes it: it is missing, or somebody has altered it, or put an index, a trigger or a rule on it. Restore the database from a backup.`,
    { table, digest },
  );
}
