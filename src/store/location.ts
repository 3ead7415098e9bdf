import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { HanaperError } from '../errors.ts';

/** Where a database is. */
export type DatabaseLocation = { readonly engine: 'sqlite'; readonly path: string } | PostgresLocation;

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
    return { engine: 'sqlite', path: resolve(text.slice('sqlite:'.length)) };
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

/** A name for a database that stays the same from run to run and holds no password: under it, its authority is pinned. */
export function describeLocation(location: DatabaseLocation): string {
  if (location.engine === 'sqlite') return `sqlite:${realPath(location.path)}`;
  const { hostname, port, pathname, searchParams } = new URL(location.url);
  const host = hostname || searchParams.get('host') || process.env['PGHOST'] || 'localhost';
  const place = `${host}:${port || searchParams.get('port') || process.env['PGPORT'] || '5432'}${pathname}`;
  // One database can hold several authorities, each in a schema of its own.
  return `postgres://${place}${location.schema === defaultSchema ? '' : `?schema=${encodeURIComponent(location.schema)}`}`;
}

// A file that does not exist yet is named by its folder's real path.
function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  return existsSync(dirname(path)) ? join(realpathSync(dirname(path)), basename(path)) : path;
}
