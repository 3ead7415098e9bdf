import { prepare, type Statement } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';

/** Something of a table: a row of a catalogue about it, its columns, indexes, constraints, or what hangs on it. */
export interface Part {
  readonly table: string;
  readonly part: string;
}

const ours = '(select oid from pg_namespace where nspname = $3)';

// The names of columns by their numbers; what an expression is made of has none.
const names = (relation: string, key: string) => `(
  select string_agg(coalesce((select attname from pg_attribute where attrelid = ${relation} and attnum = number), '0'), ','
    order by place) from unnest(${key}) with ordinality as key (number, place))`;

const ownRelations = (schema: string) => `own as (
    select oid, relname::text as name, relname::text as "table" from pg_class
    where relnamespace = ${schema} and relname = any ($1::text[])
  )`;

// With the indexes and sequences of tables. An index that is not valid is passed over where it calls nothing.
const allRelations = `relation as (select oid, name, "table" from own
    union all
    select indexrelid, pg_class.relname::text, "table" from own join pg_index on indrelid = own.oid
      join pg_class on pg_class.oid = indexrelid
      where indisvalid or exists (select from pg_depend where classid = 'pg_class'::regclass and objid = indexrelid
        and refclassid not in ('pg_class'::regclass, 'pg_constraint'::regclass))
    union all
    select objid, pg_class.relname::text, "table" from own
      join pg_depend on refclassid = 'pg_class'::regclass and refobjid = own.oid and classid = 'pg_class'::regclass
      join pg_class on pg_class.oid = objid and relkind = 'S'
  )`;

const allObjects = `object as (select 'pg_class'::regclass as class, oid, "table" from relation
    union all select 'pg_attrdef'::regclass, pg_attrdef.oid, "table" from own join pg_attrdef on adrelid = own.oid
    union all select 'pg_constraint'::regclass, pg_constraint.oid, "table" from own join pg_constraint on conrelid = own.oid
    union all select 'pg_trigger'::regclass, pg_trigger.oid, "table" from own join pg_trigger on tgrelid = own.oid
  )`;

// Whole rows of the catalogues are compared, and so whatever a later version of PostgreSQL adds to them. Left out is what
// says where something lies, who may use it and how it is looked after: numbers of objects and files, grants, owners,
// statistics, vacuum's books; and what says the same as other rows do, later than they. Objects of ours are told by name;
// all others by their number, since a name can be borrowed.
const lines: readonly string[] = [
  `select "table", concat_ws(' ', 'relation', name, to_jsonb(class) - '{oid,relname,relnamespace,reltype,relowner,relnatts,relfilenode,
        reltablespace,relpages,reltuples,relallvisible,relallfrozen,reltoastrelid,relhasindex,relhasrules,relhastriggers,
        relhassubclass,relfrozenxid,relminmxid,relrewrite,relacl,reloptions,relpersistence}'::text[],
        relpersistence = $2, reltoastrelid <> 0,
        (select string_agg(option, ',' order by option) from unnest(reloptions) as option
         where option !~ '^(log_)?(auto)?vacuum_')) as part
      from relation join pg_class as class using (oid)`,
  `select "table", concat_ws(' ', 'column', relation.name, attname, to_jsonb(attribute) - '{attrelid,attname,attnum,
        attcacheoff,attstattarget,attacl,atthasmissing,attmissingval}'::text[])
      from relation join pg_attribute as attribute on attrelid = oid where attnum > 0 and not attisdropped`,
  `select "table", concat_ws(' ', 'default', own.name, attname, pg_get_expr(adbin, adrelid))
      from own join pg_attrdef on adrelid = own.oid
      join pg_attribute on pg_attribute.attrelid = adrelid and attnum = adnum`,
  `select "table", concat_ws(' ', 'constraint', own.name, case contype when 'n' then '' else conname end,
        to_jsonb(made) - '{oid,conname,connamespace,conrelid,confrelid,conindid,conkey,confkey,conbin}'::text[],
        quote_nullable(pg_get_expr(conbin, conrelid)),
        ${names('conrelid', 'conkey')},
        coalesce((select name from relation where relation.oid = confrelid), confrelid::text),
        ${names('confrelid', 'confkey')},
        coalesce((select name from relation where relation.oid = conindid), conindid::text))
      from own join pg_constraint as made on conrelid = own.oid`,
  `select "table", concat_ws(' ', 'index', relation.name,
        to_jsonb(index) - '{indexrelid,indrelid,indkey,indcheckxmin,indisclustered,indexprs,indpred}'::text[],
        ${names('indrelid', 'indkey')},
        quote_nullable(pg_get_expr(indexprs, indrelid)), quote_nullable(pg_get_expr(indpred, indrelid)))
      from relation join pg_index as index on indexrelid = oid`,
  `select "table", concat_ws(' ', 'sequence', name, to_jsonb(sequence) - 'seqrelid')
      from relation join pg_sequence as sequence on seqrelid = oid`,
  `select "table", concat_ws(' ', 'trigger', case when tgisinternal then '' else tgname end,
        to_jsonb(fired) - '{oid,tgrelid,tgname,tgparentid,tgconstrrelid,tgconstrindid,tgconstraint,tgqual}'::text[],
        tgqual is null, (select conname from pg_constraint where pg_constraint.oid = tgconstraint),
        coalesce((select name from relation where relation.oid = tgconstrrelid), tgconstrrelid::text),
        coalesce((select name from relation where relation.oid = tgconstrindid), tgconstrindid::text))
      from own join pg_trigger as fired on tgrelid = own.oid`,
  `select "table", concat_ws(' ', 'rule', rulename) from own join pg_rewrite on ev_class = own.oid`,
  `select "table", concat_ws(' ', 'policy', polname) from own join pg_policy on polrelid = own.oid`,
  `select "table", concat_ws(' ', 'inheritance', inhrelid, inhparent)
      from own join pg_inherits on own.oid in (inhrelid, inhparent)`,
  `select "table", concat_ws(' ', 'statistics', stxname) from own join pg_statistic_ext on stxrelid = own.oid`,
  `select "table", concat_ws(' ', 'subscription', srsubid) from own join pg_subscription_rel on srrelid = own.oid`,
  `select "table", concat_ws(' ', 'dependency', refclassid::regclass, refobjid, deptype)
      from object join pg_depend on classid = class and objid = object.oid
      where refclassid not in ('pg_namespace'::regclass, 'pg_constraint'::regclass)
      and not (refclassid = 'pg_class'::regclass and refobjid in (select oid from relation))`,
];

const describe = (schema: string) =>
  `with ${ownRelations(schema)}, ${allRelations}, ${allObjects}, line as (${lines.join(' union all ')})`;

const selectLines = (schema: string) =>
  prepare<Part>(`${describe(schema)} select "table", part from line order by "table" collate "C", part collate "C"`);

/** What the catalogues say of tables, by their names, how lasting they should be, and the schema that they are in. */
export type SelectParts = Statement<Part>;

/** Of the tables in our schema. */
export const selectOwnParts: SelectParts = selectLines(ours);

/** Of temporary tables, whose schema is the session's own. */
export const selectTwinParts: SelectParts = selectLines('pg_my_temp_schema()');

/**
 * The schema with our tables; from then on, until the transaction ends, names are PostgreSQL's own and nobody else's.
 */
export async function leaveSchema(transaction: Transaction): Promise<string> {
  const [row] = await selectSchema(transaction);
  return row?.schema ?? '';
}

const selectSchema = prepare<{ readonly schema: string | null }>(
  `with found as materialized (select current_schema()::text as schema)
   select schema, set_config('search_path', 'pg_catalog, pg_temp', true) from found`,
);

/** The digest of what {@link selectOwnParts} gives, as the server computes it. */
export const selectOwnDigest: Statement<{ readonly digest: string }> = prepare(
  `${describe(ours)} select encode(sha256(convert_to(coalesce(string_agg("table" || ' ' || part,
     ';' order by "table" collate "C", part collate "C"), ''), 'UTF8')), 'hex') as digest from line`,
);

/**
 * Whatever in our schema could be called, or give its meaning to something that is: functions, operators and what belongs to
 * them, types of their own. Extensions are no exception. Casts between PostgreSQL's own types have no schema.
 */
export const selectCallables: Statement<{ readonly name: string }> = prepare(
  `with space as (select oid from pg_namespace where nspname = $1)
   select name from space join (
     select 'function ' || proname as name, pronamespace as schema from pg_proc
     union all select 'operator ' || oprname, oprnamespace from pg_operator
     union all select 'operator class ' || opcname, opcnamespace from pg_opclass
     union all select 'operator family ' || opfname, opfnamespace from pg_opfamily
     union all select 'collation ' || collname, collnamespace from pg_collation
     union all select 'conversion ' || conname, connamespace from pg_conversion
     union all select 'text search configuration ' || cfgname, cfgnamespace from pg_ts_config
     union all select 'text search dictionary ' || dictname, dictnamespace from pg_ts_dict
     union all select 'text search parser ' || prsname, prsnamespace from pg_ts_parser
     union all select 'text search template ' || tmplname, tmplnamespace from pg_ts_template
     union all select 'type ' || typname, typnamespace from pg_type as type
       where not exists (select from pg_type as element where element.typarray = type.oid)
       and not exists (select from pg_class where pg_class.oid = type.typrelid and relkind <> 'c')
   ) as object on schema = space.oid
   union all
   select concat_ws(' ', 'cast from', castsource::regtype, 'to', casttarget::regtype) from pg_cast
     where oid >= 16384 and castsource < 16384 and casttarget < 16384
   order by name limit 1`,
);
