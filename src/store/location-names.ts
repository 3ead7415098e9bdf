import { readlinkSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { systemCodeOf } from '../errors.ts';
import type { Database } from './engine/database.ts';
import {
  type DatabaseLocation,
  describeLocation,
  describeSchema,
  type PostgresLocation,
  type SqliteLocation,
} from './engine/location.ts';

// As many as Linux follows.
const maxLinks = 40;

/**
 * The names under which an open database is known from run to run: as it was asked for, each step by which that resolves,
 * and what answered. What is known under any of them must be this database.
 */
export async function nameLocation(location: DatabaseLocation, database: Database): Promise<readonly string[]> {
  return location.engine === 'sqlite' ? namePath(location) : nameSchema(location, database);
}

function namePath(location: SqliteLocation): readonly string[] {
  const paths = [location.path, location.given ?? location.path].flatMap(followLinks);
  return [...new Set([...paths.map((path) => `sqlite:${path}`), describeLocation(location)])];
}

/** A path, and what it becomes with each link in it followed. */
function followLinks(path: string): readonly string[] {
  const paths = [path];
  for (let next = followFirstLink(path); next !== undefined && paths.length <= maxLinks; ) {
    paths.push(next);
    next = followFirstLink(next);
  }
  return paths;
}

function followFirstLink(path: string): string | undefined {
  const parts = path.split(sep);
  for (let end = 2; end <= parts.length; end++) {
    const prefix = parts.slice(0, end).join(sep);
    const target = readLink(prefix);
    if (target !== undefined) return join(resolve(prefix, '..', target), ...parts.slice(end));
  }
  return undefined;
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error;
    return undefined;
  }
}

async function nameSchema(location: PostgresLocation, database: Database): Promise<readonly string[]> {
  const [found] = await database.select<{ readonly name: string }>('select pg_catalog.current_database() as name');
  const actual = describeSchema(location, encodeURIComponent(found?.name ?? ''));
  // Without a name in the URL it is the environment or the user that chooses the database.
  const isNamed = new URL(location.url).pathname.length > 1;
  return [...new Set([...(isNamed ? [describeLocation(location)] : []), actual])];
}
