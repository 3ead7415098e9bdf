/** Authorities for tests, and the rows beneath them. Nothing here needs Vitest: child processes use it too. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Client } from 'pg';
import {
  type Authority,
  type AuthorityOptions,
  type CreateKeyArgs,
  type ImportKeyArgs,
  type Initialized,
  type InitializeOptions,
  importKey,
  initializeAuthority,
  openAuthority,
  type SigningKeyDocument,
} from '../../src/authority/index.ts';
import { encodeHex } from '../../src/bytes.ts';
import { publicKeyOf } from '../../src/crypto/ed25519.ts';
import { Secret } from '../../src/crypto/secret.ts';
import type { HanaperEvent } from '../../src/events.ts';
import type { Database } from '../../src/store/engine/database.ts';
import { parseDatabaseUrl } from '../../src/store/engine/location.ts';
import type { PostgresWaits } from '../../src/store/engine/postgres-session.ts';
import { openDatabase } from '../../src/store/open-database.ts';
import { type Credential, preparePassphrase } from '../../src/vault/index.ts';
import { sealSeed } from '../../src/vault/sealed-seed.ts';
import { patience } from './eventually.ts';

/** The cheapest costs that are accepted. */
export const costs = { memoryKib: 19 * 1024, passes: 2, lanes: 1 } as const;

/** What a test waits for PostgreSQL where nothing is to be waited for in vain: a slow machine is no fault. */
const longWaits: PostgresWaits = {
  connect: patience,
  lock: patience,
  statement: patience,
  answer: patience + 10_000,
  idle: patience,
};

/** The passphrase of every test's database, unless it says otherwise. */
export const passphrase = 'a passphrase for tests';

/** A passphrase as a credential; each call gives a new one, since secrets end. */
export function byPassphrase(text: string = passphrase): Credential {
  return { kind: 'passphrase', passphrase: preparePassphrase(text) };
}

/** A raw key of 32 equal bytes as a credential. */
export function byRawKey(byte: number): Credential {
  return { kind: 'raw', key: Secret.adopt(new Uint8Array(32).fill(byte)) };
}

/** Initialises a database by passphrase, with an organisation `acme`, unless told otherwise. */
export function initialize(database: string, changes: Partial<InitializeOptions> = {}): Promise<Initialized> {
  return initializeAuthority({
    database,
    slot: 'passphrase',
    credential: byPassphrase(),
    costs,
    organisation: 'acme',
    ...changes,
  });
}

/** Opens a database that is initialised, and unlocks it. */
export async function openUnlocked(
  database: string,
  options: Partial<AuthorityOptions> = {},
  credential: Credential = byPassphrase(),
): Promise<Authority> {
  const authority = await openAuthority({ database, waits: longWaits, ...options });
  try {
    await authority.unlock(credential);
    return authority;
  } catch (error) {
    await authority.close();
    throw error;
  }
}

/** A new database with an unlocked authority, and the events that it reports from there on. */
export async function createAuthority(
  database: string,
  options: Partial<InitializeOptions & AuthorityOptions> = {},
): Promise<{ authority: Authority; events: HanaperEvent[] }> {
  const { clock, organisation = 'acme' } = options;
  const events: HanaperEvent[] = [];
  // What every command reports alike is left to the tests of the door.
  const observer = (event: HanaperEvent) => {
    if (!event.name.startsWith('command.')) events.push(event);
  };
  await initialize(database, { slot: 'raw', credential: byRawKey(1), organisation, ...(clock && { clock }) });
  const authority = await openUnlocked(database, { observer, ...(clock && { clock }) }, byRawKey(1));
  events.length = 0;
  return { authority, events };
}

/** Takes in a signing key by its seed, sealed to the authority as its owner would. The seed is left to its owner. */
export async function importSeed(
  authority: Authority,
  organisation: string,
  { seed, ...args }: CreateKeyArgs & { readonly seed: Secret },
): Promise<SigningKeyDocument> {
  return authority.executeFor(organisation, importKey, { ...args, ...(await sealedSeed(authority, seed)) });
}

/** The arguments of an import that hold the key itself. */
export async function sealedSeed(
  { identity }: Authority,
  seed: Secret,
): Promise<Pick<ImportKeyArgs, 'public_key' | 'sealed_seed'>> {
  const publicKey = await publicKeyOf(seed);
  return {
    public_key: encodeHex(publicKey),
    sealed_seed: encodeHex(await sealSeed(seed, publicKey, identity.did)),
  };
}

/** Opens the store alone. */
export function openStore(url: string, create = false): Promise<Database> {
  return openDatabase(parseDatabaseUrl(url), create ? 'create' : 'use');
}

/** The path in a URL of SQLite. */
export function pathOf(url: string): string {
  return url.slice('sqlite:'.length);
}

/** A row as the driver gives it. */
export type Row = Record<string, unknown>;

/** Runs one statement past the store; parameters are written `$1`, `$2` … on both engines. */
export async function query(url: string, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
  return url.startsWith('sqlite:') ? querySqlite(pathOf(url), sql, values) : queryPostgres(url, sql, values);
}

/** The only row of a statement. */
export async function queryOne(url: string, sql: string, values: readonly unknown[] = []): Promise<Row> {
  const rows = await query(url, sql, values);
  const [row] = rows;
  if (row === undefined || rows.length > 1) throw new Error(`${rows.length} rows where one was expected: ${sql}`);
  return row;
}

/** A statement with its parameters. */
export type Statement = readonly [sql: string, values?: readonly unknown[]];

/** Runs statements one after the other over one connection, in one transaction, and gives the rows of each. */
export async function queryAll(url: string, statements: readonly Statement[]): Promise<readonly Row[][]> {
  if (url.startsWith('sqlite:')) {
    using file = new DatabaseSync(pathOf(url), { timeout: patience, enableForeignKeyConstraints: false });
    file.exec('begin immediate');
    const results = statements.map(([sql, values = []]) =>
      file.prepare(sql.replaceAll(/\$(\d+)/g, '?$1')).all(...(values as SQLInputValue[])),
    );
    file.exec('commit');
    return results;
  }
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const results: Row[][] = [];
    await client.query('begin');
    for (const [sql, values = []] of statements) results.push((await client.query<Row>(sql, [...values])).rows);
    await client.query('commit');
    return results;
  } finally {
    await client.end();
  }
}

function querySqlite(path: string, sql: string, values: readonly unknown[]): Row[] {
  const file = new DatabaseSync(path, { timeout: patience, enableForeignKeyConstraints: false });
  try {
    const statement = file.prepare(sql.replaceAll(/\$(\d+)/g, '?$1'));
    return statement.all(...(values as SQLInputValue[]));
  } finally {
    file.close();
  }
}

async function queryPostgres(url: string, sql: string, values: readonly unknown[]): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}
