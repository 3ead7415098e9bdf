import { encodeHex, encodeUtf8 } from '../../bytes.ts';
import { sha256 } from '../../crypto/digest.ts';
import { HanaperError } from '../../errors.ts';
import type { Database } from '../engine/database.ts';
import { ownDigests, ownTables, ownViewDigests } from '../engine/own-tables.ts';
import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';
import { leaveSchema, selectCallables, selectOwnDigest } from './postgres-schema.ts';
import { altered, compareWithTwin } from './twin.ts';

/**
 * What the catalogues of PostgreSQL say of a twin of all tables together, on each version that is listed: what equals this
 * needs no twin to be compared with. A version that is not listed makes one.
 */
export const twinDigests: readonly string[] = [
  // 18
  'ef9c2fcaf6d7871dca24af7c7ea92a30f5b06c387cb507397d8e6b60b49b157f',
];

/** Something of a table of SQLite: its own definition, or that of an index or trigger on it. */
interface Part {
  readonly table: string;
  readonly part: string;
}

// Names that differ in their case alone are one to SQLite.
const selectParts = prepare<Part>(
  `select lower(tbl_name) as "table", type || ' ' || name || ' ' || coalesce(sql, '') as part from sqlite_schema`,
);

/**
 * Requires that the tables of ours are as this version makes them, with their indexes, and nothing on them that would
 * change what is written there. Tables of others beside them are not looked at.
 *
 * @throws HanaperError `database_corrupt`, details: `table`; `unavailable` where that cannot be told
 */
export async function requireOwnSchema(database: Database): Promise<void> {
  if (database.engine === 'sqlite') return database.transact('read', requireOwnText);
  const known = [...twinDigests, ...database.comparedSchemas];
  const isKnown = await database.transact('read', async (transaction) =>
    isOneOf(transaction, await leaveSchema(transaction), known),
  );
  if (isKnown) return;
  const compared = await database.transact('write', async (transaction) =>
    compare(transaction, await leaveSchema(transaction)),
  );
  database.comparedSchemas.push(compared);
}

/** The same in a transaction that has just made or changed the tables, and does nothing more. */
export async function requireMadeSchema(transaction: Transaction): Promise<void> {
  if (transaction.engine === 'sqlite') return requireOwnText(transaction);
  // Once: from then on the schema is no longer the current one.
  const schema = await leaveSchema(transaction);
  if (!(await isOneOf(transaction, schema, twinDigests))) await compare(transaction, schema);
}

async function isOneOf(transaction: Transaction, schema: string, known: readonly string[]): Promise<boolean> {
  const isKnown = known.includes(await readDigest(transaction, schema));
  if (isKnown) await requireNothingToCall(transaction, schema);
  return isKnown;
}

async function compare(transaction: Transaction, schema: string): Promise<string> {
  await compareWithTwin(transaction, schema, ownTables);
  await requireNothingToCall(transaction, schema);
  return readDigest(transaction, schema);
}

/** The digest of all that the catalogues say of our tables in a schema. */
export async function readDigest(transaction: Transaction, schema: string): Promise<string> {
  const [row] = await selectOwnDigest(transaction, ownTables, 'p', schema);
  return row?.digest ?? '';
}

async function requireOwnText(transaction: Transaction): Promise<void> {
  const parts = Map.groupBy(await selectParts(transaction), ({ table }) => table);
  for (const [table, digest] of Object.entries({ ...ownDigests, ...ownViewDigests })) {
    const actual = digestOf(parts.get(table) ?? []);
    if (actual !== digest) throw altered(table, `digest ${actual}`);
  }
}

// Any other space than these belongs to a name.
function digestOf(parts: readonly Part[]): string {
  const lines = parts.map(({ part }) => part.replace(/[ \t\r\n]+/g, ' ')).toSorted();
  return encodeHex(sha256(encodeUtf8(lines.join('\n')))).slice(0, 16);
}

async function requireNothingToCall(transaction: Transaction, schema: string): Promise<void> {
  const [callable] = await selectCallables(transaction, schema);
  if (callable === undefined) return;
  throw new HanaperError(
    'database_corrupt',
    `The schema has something that could be called in the place of PostgreSQL's own: ${callable.name}. Find out who made it, and drop it; an extension belongs into a schema of its own.`,
    { name: callable.name },
  );
}
