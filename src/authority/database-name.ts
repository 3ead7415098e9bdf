import { describeLocation, parseDatabaseUrl } from '../store/engine/location.ts';

/**
 * The name of a database that is the same from run to run, and holds no password: what is remembered of it is found by this.
 *
 * @throws HanaperError `bad_config`
 */
export function nameDatabase(url: string): string {
  return describeLocation(parseDatabaseUrl(url));
}
