import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { HanaperError, systemCodeOf } from '../../errors.ts';
import { type DatabaseLocation, describeLocation } from './location.ts';

/**
 * Requires that the file of a database could be made where it is to be, and makes nothing. Of PostgreSQL the server knows.
 *
 * @throws HanaperError `unavailable`
 */
export function requireCreatable(location: DatabaseLocation): void {
  if (location.engine !== 'sqlite' || existsSync(location.path)) return;
  const folder = nearestFolder(dirname(location.path));
  const reason = statSync(folder).isDirectory() ? findHindrance(folder) : 'ENOTDIR';
  if (reason === undefined) return;
  const name = describeLocation(location);
  throw new HanaperError('unavailable', `${name} cannot be created (${reason}).`, { database: name, reason });
}

function nearestFolder(folder: string): string {
  return existsSync(folder) ? folder : nearestFolder(dirname(folder));
}

function findHindrance(folder: string): string | undefined {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return systemCodeOf(error) ?? 'unwritable';
  }
}
