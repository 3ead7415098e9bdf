import { HanaperError } from '../../errors.ts';

/** How long a connection to PostgreSQL waits, in milliseconds. */
export interface PostgresWaits {
  /** For a connection, or for one that another transaction has. */
  readonly connect: number;
  /** For a lock that another transaction holds. */
  readonly lock: number;
  /** For the server to carry out one statement. */
  readonly statement: number;
  /** For its answer: longer than `statement`, which the server sees to itself as long as it can be heard. */
  readonly answer: number;
  /** For the next statement of a write transaction, which keeps other writers waiting. */
  readonly idle: number;
}

/** What commands wait. */
export const everydayWaits: PostgresWaits = {
  connect: 10_000,
  lock: 5_000,
  statement: 10_000,
  answer: 15_000,
  idle: 30_000,
};

/** What walks over whole tables wait: an audit, or a migration. */
export const patientWaits: PostgresWaits = {
  connect: 10_000,
  lock: 60_000,
  statement: 600_000,
  answer: 660_000,
  idle: 600_000,
};

/** What is the same in every transaction with one database. */
export interface PostgresSession {
  /** The schema with our tables. */
  readonly schema: string;
  /** Whether the server may be set to lose what it has acknowledged. */
  readonly acceptsLoss: boolean;
  readonly waits: PostgresWaits;
}

/** What the server says as a write transaction begins. */
export interface ServerSettings {
  readonly fsync: string;
  readonly full_page_writes: string;
  readonly session_replication_role: string;
  readonly server_encoding: string;
}

// Names mean PostgreSQL's own first, then ours, and what is temporary last. Rows that a policy would hide are an error.
const meanings = [
  'row_security = off',
  'transform_null_equals = off',
  'quote_all_identifiers = off',
  'standard_conforming_strings = on',
  'bytea_output = hex',
  'array_nulls = on',
  "datestyle = 'ISO, MDY'",
  "intervalstyle = 'postgres'",
  'extra_float_digits = 1',
  "timezone = 'UTC'",
  "default_table_access_method = 'heap'",
];

const keepAcknowledged = `set_config('synchronous_commit',
  case current_setting('synchronous_commit') when 'remote_apply' then 'remote_apply' else 'on' end, true)`;
// Known from version 17 on.
const noOverallLimit = `case when current_setting('transaction_timeout', true) is not null
  then set_config('transaction_timeout', '0', true) end`;

/**
 * The statements that begin a transaction, whatever the role or the database is set to. All of it ends with the transaction:
 * behind a pooler the next one may be that of another program. The last of them gives {@link ServerSettings}.
 */
export function beginStatements(access: 'read' | 'write', { schema, waits }: PostgresSession): string {
  const mode = access === 'read' ? 'repeatable read, read only' : 'read committed, read write';
  const settings = [
    `search_path = ${quoteName(schema)}, pg_temp`,
    ...meanings,
    `lock_timeout = ${waits.lock}`,
    `statement_timeout = ${waits.statement}`,
    // Who reads keeps nobody waiting, and may hand on what was read to somebody slow.
    `idle_in_transaction_session_timeout = ${access === 'read' ? patientWaits.idle : waits.idle}`,
  ];
  return [
    `start transaction isolation level ${mode}, not deferrable`,
    ...settings.map((setting) => `set local ${setting}`),
    `select current_setting('fsync') as fsync, current_setting('full_page_writes') as full_page_writes,
       current_setting('session_replication_role') as session_replication_role,
       current_setting('server_encoding') as server_encoding, ${keepAcknowledged}, ${noOverallLimit}`,
  ].join('; ');
}

// In the second the server leaves text as it comes, which is UTF-8.
const encodings: readonly string[] = ['UTF8', 'SQL_ASCII'];

/**
 * Requires that a server keeps what it acknowledges, has every character, and does not pass over references.
 *
 * @throws HanaperError `bad_config`, details: `setting`
 */
export function requireDurable(settings: ServerSettings, { acceptsLoss }: Pick<PostgresSession, 'acceptsLoss'>): void {
  if (settings.session_replication_role !== 'origin') {
    throw unfit('session_replication_role', 'Reset it for the role and the database.');
  }
  if (!encodings.includes(settings.server_encoding)) {
    throw unfit('server_encoding', 'Create the database anew with the encoding UTF8.');
  }
  if (acceptsLoss) return;
  const remedy = 'Set it to on, or accept with the setting "durability" (server) that a crash loses what was done.';
  if (settings.fsync !== 'on') throw unfit('fsync', remedy);
  if (settings.full_page_writes !== 'on') throw unfit('full_page_writes', remedy);
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function unfit(setting: keyof ServerSettings, remedy: string): HanaperError {
  return new HanaperError(
    'bad_config',
    `PostgreSQL is set so that what was written may be lost, or not hold together (${setting}); nothing was written. ${remedy}`,
    { setting },
  );
}
