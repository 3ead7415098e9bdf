import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { HanaperError } from '../../errors.ts';

/** Where a database is. */
export type DatabaseLocation = SqliteLocation | PostgresLocation;

/** A file of SQLite. */
export interface SqliteLocation {
  readonly engine: 'sqlite';
  readonly path: string;
  /** The same through links that the shell has followed; absent without links. */
  readonly given?: string;
}

/** A database of PostgreSQL. */
export interface PostgresLocation {
  readonly engine: 'postgres';
  /** As the driver takes it. */
  readonly url: string;
  /** The schema with our tables. */
  readonly schema: string;
  /** Whether the server may be set to lose what it has acknowledged. */
  readonly acceptsLoss: boolean;
}

const defaultSchema = 'public';

/**
 * Reads `sqlite:PATH` or `postgres://…`, in which `schema` and `durability` are parameters of ours.
 *
 * @throws HanaperError `bad_config`
 */
export function parseDatabaseUrl(text: string): DatabaseLocation {
  if (text.startsWith('sqlite:') && text.length > 'sqlite:'.length) {
    const path = resolve(text.slice('sqlite:'.length));
    const given = pathFromShell(text.slice('sqlite:'.length));
    return { engine: 'sqlite', path, ...(given !== undefined && given !== path && { given }) };
  }
  if (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text) && namesOneServer(new URL(text))) {
    return readPostgresUrl(text);
  }
  throw new HanaperError(
    'bad_config',
    'A database is named as sqlite:PATH or postgres://USER@HOST/NAME; this is neither.',
    { field: 'db' },
  );
}

function readPostgresUrl(text: string): PostgresLocation {
  const url = new URL(text);
  const schema = url.searchParams.get('schema') ?? defaultSchema;
  const durability = url.searchParams.get('durability') ?? 'full';
  if (!/^(?!pg_)[^\0"]{1,63}$/.test(schema)) throw badParameter('schema', 'is the name of a schema of PostgreSQL');
  if (!['full', 'server'].includes(durability)) throw badParameter('durability', 'is "full" or "server"');
  url.searchParams.delete('schema');
  url.searchParams.delete('durability');
  return { engine: 'postgres', url: url.href, schema, acceptsLoss: durability === 'server' };
}

function badParameter(parameter: string, what: string): HanaperError {
  return new HanaperError('bad_config', `"${parameter}" in the URL of a database ${what}.`, { field: parameter });
}

// The driver takes a host or port in the query before the one in front, and the name must be that of the server that answers.
function namesOneServer({ hostname, port, searchParams }: URL): boolean {
  return !(hostname && searchParams.has('host')) && !(port && searchParams.has('port'));
}

/** A name for a database that stays the same from run to run and holds no password. */
export function describeLocation(location: DatabaseLocation): string {
  if (location.engine === 'sqlite') return `sqlite:${realPath(location.path)}`;
  return describeSchema(location, new URL(location.url).pathname.slice(1));
}

/** The name of a schema in a database of PostgreSQL, on the server that the driver takes from URL and environment. */
export function describeSchema({ url, schema }: PostgresLocation, database: string): string {
  const { hostname, port, searchParams } = new URL(url);
  const host = (hostname || searchParams.get('host') || process.env['PGHOST'] || 'localhost').toLowerCase();
  const place = `${host}:${port || searchParams.get('port') || process.env['PGPORT'] || '5432'}/${database}`;
  // One database can hold several authorities, each in a schema of its own.
  return `postgres://${place}${schema === defaultSchema ? '' : `?schema=${encodeURIComponent(schema)}`}`;
}

/** The path of a file as the shell shows it to somebody who has followed links; `undefined` where it is no other. */
function pathFromShell(path: string): string | undefined {
  const shown = process.env['PWD'];
  if (isAbsolute(path) || shown === undefined || !isAbsolute(shown) || !isHere(shown)) return undefined;
  return resolve(shown, path);
}

function isHere(folder: string): boolean {
  const [one, other] = [folder, '.'].map((each) => statSync(each, { throwIfNoEntry: false }));
  return one !== undefined && one.dev === other?.dev && one.ino === other.ino;
}

// A file that does not exist yet is named by its folder's real path.
function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  return existsSync(dirname(path)) ? join(realpathSync(dirname(path)), basename(path)) : path;
}
