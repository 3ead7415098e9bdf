import { encodeHex, encodeUtf8 } from '../bytes.ts';
import { sha256 } from '../crypto/digest.ts';
import { HanaperError } from '../errors.ts';
import { prepare } from './statement.ts';
import type { Engine, Transaction } from './transaction.ts';

/**
 * Every table as the migrations make it, by a digest of its description on each engine. A migration that changes a table
 * changes these; the error says what the new ones are.
 */
const ownDigests: Readonly<Record<string, Readonly<Record<Engine, string>>>> = {
  authority: { sqlite: 'f67fb46d975414d2', postgres: 'ea353bc9e930137d' },
  key_slots: { sqlite: 'c15c22e3d94b490b', postgres: '767a54e7b119aa8e' },
  organizations: { sqlite: 'd7d95dc0c28e5e9b', postgres: '87a023bb1bfe9b96' },
  signing_keys: { sqlite: '7bb051ea21229f71', postgres: 'a6635b583d62653e' },
  trusted_keys: { sqlite: '730788344ea1dffd', postgres: 'ccffe0bd4dba879f' },
  key_trust_acls: { sqlite: '8049c9992a8a8908', postgres: '28cd687eae8ef202' },
  package_signatures: { sqlite: 'c2ee68e117698a2f', postgres: '09dd9bf2e663cdf5' },
  did_documents: { sqlite: 'b3039521b0c918b7', postgres: 'c13b80a78af54aa9' },
  ucan_delegations: { sqlite: '9784d57e025b8375', postgres: 'd8acbc7241fcc914' },
  ucan_invocations: { sqlite: '19f9df79b14261ad', postgres: '5fc69950240fecaf' },
  ucan_revocations: { sqlite: '71af0b1587ccc49e', postgres: '5a456e5e1bc8a0e7' },
  ucan_legacy_tokens: { sqlite: '26804e3cb81e85e1', postgres: 'd203e25682bce89c' },
  ucan_proofs: { sqlite: '264ef66792f63b63', postgres: 'ee0723416c304a19' },
  log_head: { sqlite: '42a06cc2af114363', postgres: '9820d8358d445cf2' },
  log_entries: { sqlite: 'aa082e8788d8cb5b', postgres: '7b2f8b034d9cb49d' },
  log_effects: { sqlite: '7ba5c4315fe181d8', postgres: 'e90a8fa7cded6316' },
  log_keys: { sqlite: 'da00628db8b3ceb1', postgres: '49cb53b89876075b' },
  log_tiles: { sqlite: '7e3689e78ffcb3e5', postgres: 'e2b8cb05e8f6fee6' },
  checkpoints: { sqlite: 'fe989ef69b395fa1', postgres: '7ff600eb5c7b5fe3' },
  trust_snapshots: { sqlite: '6d6847676969b367', postgres: '4e9b498584fcc356' },
  signature_places: { sqlite: 'e09cb82948de2a06', postgres: '148561fec8efdc38' },
  hanaper_migrations: { sqlite: '6f3d5f2abf42e939', postgres: '93c660206a6ee4e8' },
};

/** The names of our tables in SQL. */
export const ownTables: readonly string[] = Object.keys(ownDigests);

/** Something of a table: its own definition, or that of an index, trigger, constraint or rule on it. */
interface Part {
  readonly table: string;
  readonly part: string;
}

const selectParts = {
  sqlite: prepare<Part>(
    // Names that differ in their case alone are one to SQLite.
    `select lower(tbl_name) as "table", type || ' ' || name || ' ' || coalesce(sql, '') as part from sqlite_schema`,
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
       concat_ws(' ', 'column', attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
         (select collname from pg_collation where pg_collation.oid = attcollation))
       from own join pg_attribute on attrelid = own.oid where attnum > 0 and not attisdropped
     union all
     select own.relname, concat_ws(' ', 'unique', indisprimary, indimmediate, indnkeyatts, indnatts,
         (select string_agg(attname, ',' order by attname) from pg_attribute
          where attrelid = own.oid and attnum = any (indkey::int2[])),
         pg_get_expr(indpred, indrelid))
       from own join pg_index on indrelid = own.oid where indisunique and indisvalid
     union all
     select own.relname, 'exclusion' from own join pg_constraint on conrelid = own.oid where contype = 'x'
     union all
     select own.relname, 'expression in an index' from own join pg_index on indrelid = own.oid where indexprs is not null
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
     select own.relname, 'function of somebody' from own join pg_depend on refclassid = 'pg_proc'::regclass and (
         (classid = 'pg_constraint'::regclass and objid in (select oid from pg_constraint where conrelid = own.oid))
         or (classid = 'pg_attrdef'::regclass and objid in (select oid from pg_attrdef where adrelid = own.oid))
         or (classid = 'pg_class'::regclass and objid in (select indexrelid from pg_index where indrelid = own.oid)))
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
  if (engine === 'postgres') await requireOwnMeaning(transaction);
  const parts = Map.groupBy(await selectParts[engine](transaction), ({ table }) => table);
  for (const [table, digests] of Object.entries(ownDigests)) {
    const actual = digestOf(parts.get(table) ?? []);
    if (actual !== digests[engine]) throw altered(table, actual);
  }
}

// A function of that name, or an operator for just those types, would be called in the place of PostgreSQL's own. Extensions
// have theirs, which are the administrator's.
const selectImpostors = prepare<{ readonly name: string }>(
  `select oprname as name from pg_operator where oprnamespace = current_schema()::regnamespace and not exists (
     select from pg_depend where classid = 'pg_operator'::regclass and objid = pg_operator.oid and deptype = 'e')
   union all
   select proname from pg_proc where pronamespace = current_schema()::regnamespace and not exists (
     select from pg_depend where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e')
   and exists (select from pg_proc as own where own.proname = pg_proc.proname
     and own.pronamespace = 'pg_catalog'::regnamespace)
   limit 1`,
);

async function requireOwnMeaning(transaction: Transaction): Promise<void> {
  const [impostor] = await selectImpostors(transaction);
  if (impostor === undefined) return;
  throw new HanaperError(
    'database_corrupt',
    `The schema has "${impostor.name}", which is called in the place of PostgreSQL's own. Find out who made it, and drop it.`,
    { name: impostor.name },
  );
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
