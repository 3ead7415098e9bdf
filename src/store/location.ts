import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { HanaperError } from '../errors.ts';

/** Where a database is. */
export type DatabaseLocation =
  | { readonly engine: 'sqlite'; readonly path: string }
  | { readonly engine: 'postgres'; readonly url: string };

/**
 * Reads `sqlite:PATH` or `postgres://…`.
 *
 * @throws HanaperError `bad_config`
 */
export function parseDatabaseUrl(text: string): DatabaseLocation {
  if (text.startsWith('sqlite:') && text.length > 'sqlite:'.length) {
    return { engine: 'sqlite', path: resolve(text.slice('sqlite:'.length)) };
  }
  if (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text) && namesOneServer(new URL(text))) {
    return { engine: 'postgres', url: text };
  }
  throw new HanaperError(
    'bad_config',
    'A database is named as sqlite:PATH or postgres://USER@HOST/NAME; this is neither.',
    { field: 'db' },
  );
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
  return `postgres://${host}:${port || searchParams.get('port') || process.env['PGPORT'] || '5432'}${pathname}`;
}

// A file that does not exist yet is named by its folder's real path.
function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  return existsSync(dirname(path)) ? join(realpathSync(dirname(path)), basename(path)) : path;
}
