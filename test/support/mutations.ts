/** Random changes of a database past the store, and the way back. Nothing here needs Vitest. */
import { randomUUID } from 'node:crypto';
import { query, queryAll, queryOne, type Row, type Statement } from './authority.ts';

/** One change of one row. */
export interface Mutation {
  readonly table: string;
  readonly title: string;
  /** The tables of which one must be named: a changed effect shows in the row that it was about. */
  readonly names: readonly string[];
  /** Every row of the table as it was. */
  readonly before: readonly Row[];
}

/** Numbers from 0 to below 1, the same for the same seed (xorshift32). */
export function createRandom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

// What nothing depends on: numbers that the engine gives, and when a checkpoint was put down.
const free: Readonly<Record<string, readonly string[]>> = {
  did_documents: ['id'],
  ucan_delegations: ['id'],
  ucan_invocations: ['id'],
  ucan_revocations: ['id'],
  ucan_legacy_tokens: ['id'],
  checkpoints: ['created_at'],
  log_head: ['id'],
  authority: ['id'],
};

const alternatives: Readonly<Record<string, readonly string[]>> = {
  kind: ['stranger', 'person', 'passphrase', 'derived'],
  format: ['dsse', 'v1'],
  revocation_reason: ['superseded', 'compromised'],
};

/** What a row is known by in its table, for the statement that changes it. */
const keys: Readonly<Record<string, readonly string[]>> = {
  log_entries: ['entry_index'],
  log_effects: ['entry_index', 'position'],
  log_tiles: ['level', 'tile_index'],
  log_keys: ['epoch'],
  checkpoints: ['size'],
};

/** The tables that can be changed in a way that is found. */
export const mutableTables: readonly string[] = [
  'authority',
  'key_slots',
  'organizations',
  'signing_keys',
  'trusted_keys',
  'key_trust_acls',
  'package_signatures',
  'trust_snapshots',
  'log_keys',
  'did_documents',
  'ucan_delegations',
  'ucan_revocations',
  'ucan_legacy_tokens',
  'ucan_invocations',
  'log_head',
  'log_entries',
  'log_effects',
  'log_tiles',
  'checkpoints',
];

// What is missing there is no fault, since it proves nothing.
const hintTables: readonly string[] = ['ucan_proofs', 'signature_places'];

/** Lets rows be changed that others refer to, as the owner of the server can: the tables stay as they are. */
export async function dropReferences(url: string): Promise<void> {
  if (url.startsWith('sqlite:')) return;
  const { name } = await queryOne(url, 'select current_database() as name');
  await query(url, `alter database "${String(name)}" set session_replication_role = 'replica'`);
}

/** Changes, adds or removes one random row of a random table. A change that the database does not take is made anew. */
export async function mutate(url: string, random: () => number): Promise<Mutation> {
  for (;;) {
    const table = pick(mutableTables, random);
    const before = await query(url, `select * from ${table}`);
    if (before.length === 0) continue;
    const kind = pick(['change', 'change', 'add', 'remove'] as const, random);
    const made = await attempt(url, table, before, kind, random);
    if (made) return { ...made, table, before };
  }
}

/** The rows of every table of which an audit says something. */
export async function readRows(url: string): Promise<ReadonlyMap<string, readonly Row[]>> {
  const tables = [...mutableTables, ...hintTables];
  const rows = await queryAll(
    url,
    tables.map((table) => [`select * from ${table}`]),
  );
  return new Map(tables.map((table, index) => [table, rows[index] ?? []]));
}

/** Puts tables back as they were. */
export async function restore(url: string, before: ReadonlyMap<string, readonly Row[]>): Promise<void> {
  const statements: Statement[] = [];
  for (const [table, rows] of before)
    statements.push([`delete from ${table}`], ...rows.map((row) => insertOf(table, row)));
  await queryAll(url, statements);
}

type Made = Pick<Mutation, 'title' | 'names'>;

async function attempt(
  url: string,
  table: string,
  rows: readonly Row[],
  kind: 'change' | 'add' | 'remove',
  random: () => number,
): Promise<Made | undefined> {
  try {
    if (kind === 'change') return await change(url, table, rows, random);
    return kind === 'add' ? await add(url, table, rows, random) : await remove(url, table, rows, random);
  } catch {
    return undefined;
  }
}

async function change(
  url: string,
  table: string,
  rows: readonly Row[],
  random: () => number,
): Promise<Made | undefined> {
  const row = pick(rows, random);
  const columns = Object.keys(row).filter((column) => !free[table]?.includes(column));
  const column = pick(columns, random);
  if (table === 'log_effects' && !isBound(row, column, rows)) return undefined;
  const value = differ(column, row[column], random);
  if (value === undefined) return undefined;
  const { text, values } = whereIs(table, row, 2);
  await query(url, `update ${table} set ${column} = $1 where ${text}`, [value, ...values]);
  return { title: `${column} of ${describe(table, row)} changed`, names: namesOf(table, row) };
}

// The salt of an effect says nothing once the row was written again.
function isBound(row: Row, column: string, rows: readonly Row[]): boolean {
  if (column !== 'salt') return true;
  const later = rows.filter(
    (other) =>
      other['table_name'] === row['table_name'] &&
      other['row_key'] === row['row_key'] &&
      Number(other['entry_index']) > Number(row['entry_index']),
  );
  return later.length === 0;
}

async function add(url: string, table: string, rows: readonly Row[], random: () => number): Promise<Made | undefined> {
  if (table === 'authority' || table === 'log_head') return undefined;
  const row = { ...pick(rows, random) };
  if (typeof row['id'] === 'string' && row['id'].length === 36) row['id'] = randomUUID();
  else delete row['id'];
  for (const column of uniqueColumns) {
    if (column in row) row[column] = differ(column, row[column], random);
  }
  for (const column of keys[table] ?? []) row[column] = Number(row[column]) + 1000;
  if (table === 'log_entries') row['entry_index'] = rows.length;
  if (table === 'log_effects') row['entry_index'] = Number(row['entry_index']) - 1000;
  await query(url, ...insertOf(table, row));
  return { title: `${describe(table, row)} added`, names: namesOf(table, row) };
}

const uniqueColumns = [
  'name',
  'did',
  'key_name',
  'key_fingerprint',
  'cid',
  'payload_digest',
  'token_digest',
  'revoked_by',
];

async function remove(
  url: string,
  table: string,
  rows: readonly Row[],
  random: () => number,
): Promise<Made | undefined> {
  // Of checkpoints the last says what those before it have said.
  const row =
    table === 'checkpoints'
      ? rows.toSorted((left, right) => Number(left['size']) - Number(right['size'])).at(-1)
      : pick(rows, random);
  if (row === undefined) return undefined;
  const { text, values } = whereIs(table, row, 1);
  await query(url, `delete from ${table} where ${text}`, values);
  return { title: `${describe(table, row)} removed`, names: namesOf(table, row) };
}

/** The statement that adds a row. */
export function insertOf(table: string, row: Row): Statement {
  const columns = Object.keys(row);
  const places = columns.map((_, index) => `$${index + 1}`);
  return [`insert into ${table} (${columns.join(', ')}) values (${places.join(', ')})`, Object.values(row)];
}

function namesOf(table: string, row: Row): readonly string[] {
  return table === 'log_effects' ? [table, String(row['table_name'])] : [table];
}

function describe(table: string, row: Row): string {
  return `${table} ${whereIs(table, row, 1).values.join('/')}`;
}

function whereIs(table: string, row: Row, first: number): { text: string; values: readonly unknown[] } {
  const columns = keys[table] ?? ['id'];
  const text = columns.map((column, index) => `${column} = $${first + index}`).join(' and ');
  return { text, values: columns.map((column) => row[column]) };
}

/** Another value of the same kind, that the column takes. */
function differ(column: string, value: unknown, random: () => number): unknown {
  const others = alternatives[column]?.filter((each) => each !== value);
  if (others) return pick(others, random);
  if (value instanceof Uint8Array) return flipBit(value, random);
  if (value instanceof Date) return new Date(value.getTime() + 1000);
  if (typeof value === 'number') return value === 1 && column.startsWith('is_') ? 0 : value + 1;
  if (typeof value === 'string') return differText(column, value, random);
  if (column.endsWith('_at') || column.endsWith('_since')) return '2026-05-05T05:05:05.555Z';
  if (['exp', 'nbf', 'iat', 'effective_index'].includes(column)) return 5;
  if (['statement', 'wrapped_root_secret', 'salt'].includes(column)) return undefined;
  return 'something';
}

function differText(column: string, text: string, random: () => number): string {
  if (/^\d{4}-\d\d-\d\dT/.test(text)) return new Date(Date.parse(text) + 1000).toISOString();
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-/.test(text)) return randomUUID();
  if (/^\d{1,15}$/.test(text) && !column.endsWith('name')) return String(Number(text) + 1);
  const at = Math.floor(random() * text.length);
  const other = text[at] === 'b' ? 'c' : 'b';
  return `${text.slice(0, at)}${other}${text.slice(at + 1)}`;
}

function flipBit(bytes: Uint8Array, random: () => number): Uint8Array {
  const changed = Buffer.from(bytes);
  const at = Math.floor(random() * changed.length);
  changed[at] = (changed[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  return changed;
}

function pick<Item>(items: readonly Item[], random: () => number): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('there is nothing to pick from');
  return item;
}
