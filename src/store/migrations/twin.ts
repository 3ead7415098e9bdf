import { CompiledQuery } from 'kysely';
import { HanaperError } from '../../errors.ts';
import { prepare } from '../engine/statement.ts';
import type { Transaction } from '../engine/transaction.ts';
import { migrations } from './list.ts';
import { leaveSchema, type Part, selectOwnParts, selectTwinParts } from './postgres-schema.ts';
import { createVersionsTable } from './versions-table.ts';

const temporary = 't';
const permanent = 'p';
const selectEventTriggers = prepare<{ readonly name: string }>(
  `select evtname as name from pg_event_trigger where evtenabled in ('O', 'A') and evtevent <> 'login' order by name`,
);

/**
 * Compares our tables on PostgreSQL with a twin: the migrations are run once more, into the temporary schema of the session,
 * and all that the catalogues say of the two must be equal. Nothing of the twin is left.
 *
 * @throws HanaperError `database_corrupt`, details: `table` and `part`; `unavailable` where no twin can be made
 */
export async function compareWithTwin(
  transaction: Transaction,
  schema: string,
  tables: readonly string[],
): Promise<void> {
  await requireNothingBeside(transaction);
  const twin = groupByTable(await describeTwin(transaction, tables));
  const own = groupByTable(await selectOwnParts(transaction, tables, permanent, schema));
  const differences = tables.flatMap((table) => {
    const part = findDifference(own.get(table) ?? [], twin.get(table) ?? []);
    return part === undefined ? [] : [{ table, part }];
  });
  // A reference has triggers of PostgreSQL's own on either table; the one with the reference is told.
  const told = differences.find(({ part }) => part !== 'trigger ') ?? differences[0];
  if (told) throw altered(told.table, told.part);
}

// Whatever runs where tables are made can make the same of the twin.
async function requireNothingBeside(transaction: Transaction): Promise<void> {
  const [trigger] = await selectEventTriggers(transaction);
  if (trigger === undefined) return;
  throw new HanaperError(
    'unavailable',
    `Whether somebody has altered the tables cannot be told: the event trigger ${trigger.name} runs wherever tables are made. Have an administrator disable or drop it.`,
    { unchecked: 'schema', reason: 'event_trigger', name: trigger.name },
  );
}

/** What is reported about a table that differs from the migrations' one. */
export function altered(table: string, part: string): HanaperError {
  return new HanaperError(
    'database_corrupt',
    `The table ${table} is not as this version makes it (${part}): it is missing, or somebody has altered it, or put something on it. Restore the database from a backup.`,
    { table, part },
  );
}

async function describeTwin(transaction: Transaction, tables: readonly string[]): Promise<readonly Part[]> {
  await run(transaction, 'savepoint twin');
  try {
    await run(transaction, 'set local search_path = pg_temp');
    await createVersionsTable(transaction);
    for (const { up } of migrations) await up(transaction);
    await leaveSchema(transaction);
    return await selectTwinParts(transaction, tables, temporary);
  } catch (error) {
    throw uncompared(error);
  } finally {
    await run(transaction, 'rollback to savepoint twin').catch(() => undefined);
  }
}

function groupByTable(parts: readonly Part[]): ReadonlyMap<string, readonly string[]> {
  const groups = Map.groupBy(parts, ({ table }) => table);
  return new Map([...groups].map(([table, group]) => [table, group.map(({ part }) => part)]));
}

// By its first words: what comes behind them is PostgreSQL's own way to say it.
function findDifference(own: readonly string[], twin: readonly string[]): string | undefined {
  const stray = own.find((part, index) => count(own, part) !== count(twin, part) || own.indexOf(part) > index);
  const missing = twin.find((part) => !own.includes(part));
  return (stray ?? missing)?.split(' {')[0];
}

function count(parts: readonly string[], part: string): number {
  return parts.filter((each) => each === part).length;
}

async function run({ kysely }: Transaction, sql: string): Promise<void> {
  await kysely.executeQuery(CompiledQuery.raw(sql));
}

function uncompared(cause: unknown): unknown {
  const reason = cause instanceof Error ? cause.message : 'unknown';
  return new HanaperError(
    'unavailable',
    `Whether somebody has altered the tables cannot be told: they are compared with temporary ones, and none can be made here (${reason}). Grant TEMPORARY on the database to this role, and connect to a server that can be written to.`,
    { unchecked: 'schema', reason },
    cause,
  );
}
