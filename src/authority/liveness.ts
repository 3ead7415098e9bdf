import { readLogHead } from '../store/log.ts';
import type { Host } from './host.ts';

/**
 * Reads something of the database, which shows that it can be read.
 *
 * @throws HanaperError `unavailable`, `database_corrupt`
 */
export async function readLiveness({ database }: Host): Promise<void> {
  await database.transact('read', readLogHead);
}
