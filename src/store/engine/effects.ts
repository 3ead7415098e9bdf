import type { Selectable } from 'kysely';
import type { Schema } from './schema.ts';

// Rows that are numbered by the engine are known by what they say, since the numbers of two engines differ.
type NumberedTable = 'didDocuments' | 'ucanDelegations' | 'ucanRevocations' | 'ucanLegacyTokens';

/** The tables whose rows are checked against the log. Invocations and receipts are named by the entries themselves. */
export type LoggedTable =
  | 'authority'
  | 'keySlots'
  | 'organizations'
  | 'signingKeys'
  | 'trustedKeys'
  | 'keyTrustAcls'
  | 'packageSignatures'
  | 'trustSnapshots'
  | 'logKeys'
  | NumberedTable;

/** A row of such a table, without what the engine numbers. */
export type LoggedRow<Table extends LoggedTable> = Table extends NumberedTable
  ? Omit<Selectable<Schema[Table]>, 'id' | 'didId'>
  : Selectable<Schema[Table]>;

/** What a row holds, in its canonical form: columns by their names in SQL, without those that are null. */
type CanonicalRow = Readonly<Record<string, string | number | Uint8Array>>;

/** One row that a transaction has written. */
export interface Effect {
  /** The table's name in SQL. */
  readonly table: string;
  /** What names the row in its table, the same on both engines. */
  readonly key: string;
  /** null: the row was removed. */
  readonly row: CanonicalRow | null;
}

/** What a transaction has made of a row. */
export interface Change extends Effect {
  /** What the row was before the transaction; `undefined` where it is new. */
  readonly former: CanonicalRow | undefined;
}

const keyColumns: { readonly [Table in LoggedTable]: readonly (keyof LoggedRow<Table> & string)[] } = {
  authority: ['id'],
  keySlots: ['id'],
  organizations: ['id'],
  signingKeys: ['id'],
  trustedKeys: ['id'],
  keyTrustAcls: ['id'],
  packageSignatures: ['id'],
  trustSnapshots: ['id'],
  logKeys: ['epoch'],
  didDocuments: ['did'],
  ucanDelegations: ['cid'],
  ucanRevocations: ['delegationCid', 'revokedBy'],
  ucanLegacyTokens: ['tokenDigest'],
};

/** Every logged table, in the order in which rows refer to each other. */
export const loggedTables: readonly LoggedTable[] = Object.keys(keyColumns) as LoggedTable[];

/** The logged table of that name in SQL. */
export function loggedTableOf(name: string): LoggedTable | undefined {
  return loggedTables.find((table) => nameInSql(table) === name);
}

const numberedTables: readonly string[] = [
  'didDocuments',
  'ucanDelegations',
  'ucanRevocations',
  'ucanLegacyTokens',
] satisfies readonly NumberedTable[];
const numbers = ['id', 'didId'];

/** Collects what a transaction writes, each row as it is at the end. */
export class Effects {
  readonly #byRow = new Map<string, Change>();
  readonly #found = new Map<string, Effect>();

  /** Notes a row that was added. */
  wrote<Table extends LoggedTable>(table: Table, row: LoggedRow<Table>): void {
    this.#note({ ...effectOf(table, row), former: undefined });
  }

  /** Notes a row that was changed, as it was read before and as it is meant to be now. */
  changed<Table extends LoggedTable>(table: Table, former: LoggedRow<Table>, row: LoggedRow<Table>): void {
    this.#note({ ...effectOf(table, row), former: formOf(table, former) });
  }

  /** Notes a row that was removed. */
  removed<Table extends LoggedTable>(table: Table, row: LoggedRow<Table>): void {
    this.#note({ ...effectOf(table, row), row: null, former: formOf(table, row) });
  }

  /** Notes a row that was there already, in the place of one that was to be written. */
  found(effect: Effect): void {
    if (!this.has(effect)) this.#found.set(placeOf(effect), effect);
  }

  /** Takes over what a savepoint has written and found. */
  add(others: Effects): void {
    for (const effect of others.listFound()) this.found(effect);
    for (const effect of others.list()) this.#note(effect);
  }

  /** Whether a row was written. */
  has(effect: Effect): boolean {
    return this.#byRow.has(placeOf(effect));
  }

  /** Every row once, in the order in which they were last written. */
  list(): readonly Change[] {
    return [...this.#byRow.values()];
  }

  /** Every row that was found before anything was written in its place. */
  listFound(): readonly Effect[] {
    return [...this.#found.values()];
  }

  #note(change: Change): void {
    const place = placeOf(change);
    const { former } = this.#byRow.get(place) ?? change;
    this.#byRow.delete(place);
    this.#byRow.set(place, { ...change, former });
  }
}

function placeOf({ table, key }: Effect): string {
  return `${table}/${key}`;
}

/** A row as an effect: its table, its key and its canonical form. */
export function effectOf<Table extends LoggedTable>(table: Table, row: LoggedRow<Table>): Effect {
  const key = keyColumns[table].map((column) => String(row[column as keyof typeof row])).join(' ');
  return { table: nameInSql(table), key, row: formOf(table, row) };
}

function formOf<Table extends LoggedTable>(table: Table, row: LoggedRow<Table>): CanonicalRow {
  const columns = Object.entries(row as Readonly<Record<string, string | number | Uint8Array | null>>);
  const isNumbered = numberedTables.includes(table);
  const canonical: Record<string, string | number | Uint8Array> = {};
  for (const [column, value] of columns) {
    if (value !== null && !(isNumbered && numbers.includes(column))) canonical[nameInSql(column)] = value;
  }
  return canonical;
}

/** The name of a table or column in SQL. */
export function nameInSql(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
